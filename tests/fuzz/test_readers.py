"""Whatever a log holds, a row becomes an exchange or a rejection, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.exchange.dialect import ASSEMBLERS, parse_response
from stillwatch.exchange.record import Exchange, Response
from stillwatch.readers.block import Block, Position, parse_block
from stillwatch.readers.formats import READERS

BODIES: list[dict[str, Any]] = [
    {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "stop": ["x"]},
    {"messages": [{"role": "user", "content": "a"}], "tools": [{"function": {"name": "f"}}], "tool_choice": "any"},
    {"prompt": ["a", "b"], "logprobs": 2},
    {"input": [{"role": "user", "content": "a"}, {"type": "function_call"}], "instructions": "b", "text": {}},
    {"contents": [{"role": "user", "parts": [{"text": "a"}]}], "generationConfig": {"topK": 3}},
    {"system": "s", "max_tokens": 3, "messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
]
PATHS = ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions", "/m:generateContent", "/x"]
SEEDS: dict[str, dict[str, Any]] = {
    "exchange_log": {
        "ts_us": 1_760_000_000_000_000,
        "account": "a",
        "headers": [["a", "b"]],
        "usage": {"input_tokens": 3},
        "response": {"choices": [{"message": {"content": "x"}}]},
    },
    "captured_http": {"run": "r", "dt": 1.5, "headers": [["a", "b"]]},
    "litellm": {
        "call_type": "completion",
        "startTime": 1_760_000_000.5,
        "metadata": {"user_api_key_hash": "k"},
        "messages": [{"role": "user", "content": "x"}],
        "model_parameters": {"temperature": 1},
    },
    "otel_genai": {
        "context": {"span_id": "s"},
        "start_time": "2025-10-09T08:53:20Z",
        "attributes": {"gen_ai.request.model": "m", "user.id": "u", "gen_ai.input.messages": '[{"role": "user"}]'},
        "events": [{"name": "gen_ai.choice", "attributes": {"message": "{}"}}],
    },
}
SCRAPS = st.sampled_from(
    ["null", "true", "0", "-1", "1e400", "NaN", '""', '"x"', r'"\ud800"', "[]", "{}", "[[[[]]]]", "[null]", "1" * 400]
) | st.text(max_size=5).map(json.dumps)


def parsed(format_name: str, row: bytes) -> list[Exchange]:
    """The row through the door that every row takes; it must give at least one answer if it is not blank."""
    block = Block(format_name, "log", [1], [row], Position(1, len(row)), None)
    found = parse_block(block)
    assert all(rejection.line == 1 and rejection.reason for rejection in found.rejections)
    return found.exchanges


@pytest.mark.parametrize("format_name", sorted(READERS))
@settings(max_examples=150, deadline=None)
@given(row=st.binary(max_size=200))
def test_any_bytes_give_an_exchange_or_a_rejection(format_name: str, row: bytes) -> None:
    """Most of them the latter."""
    parsed(format_name, row)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every holder within a document and each of its keys or indexes."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@st.composite
def mutated_rows(draw: st.DrawFn, format_name: str) -> bytes:
    """A good row with values replaced by scraps, then perhaps cut or with bytes overwritten."""
    seed = {**SEEDS[format_name], "path": draw(st.sampled_from(PATHS)), "body": draw(st.sampled_from(BODIES))}
    row = json.loads(json.dumps(seed))
    holes = {}
    for number in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(places(row)))
        holder[key] = f"hole {number}"
        holes[f'"hole {number}"'] = draw(SCRAPS)
    text = json.dumps(row)
    for hole, scrap in holes.items():
        text = text.replace(hole, scrap)
    data = bytearray(text.encode())
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=2)):
        data[place % len(data)] = byte
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@pytest.mark.parametrize("format_name", sorted(READERS))
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_mutated_rows_give_an_exchange_or_a_rejection(format_name: str, data: st.DataObject) -> None:
    """Wrong types, numbers beyond JSON, half characters, cuts and flips."""
    parsed(format_name, data.draw(mutated_rows(format_name)))


@pytest.mark.parametrize("format_name", sorted(READERS))
def test_the_seeds_are_good_rows(format_name: str) -> None:
    """Else the mutations would only ever see rejections."""
    rows = [{**SEEDS[format_name], "path": "/x", "body": body} for body in BODIES]
    assert all(parsed(format_name, json.dumps(row).encode()) for row in rows)


@pytest.mark.parametrize("dialect", sorted(ASSEMBLERS))
@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200) | st.binary(max_size=100).map(lambda b: b"data: {" + b + b"}\n\n"))
def test_any_response_is_read_or_unreadable(dialect: str, body: bytes) -> None:
    """It never costs the exchange."""
    assert isinstance(parse_response(dialect, body, 200), Response)
