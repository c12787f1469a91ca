"""The exact and the lenient path mean the same, and JSON beyond the standard does not hide a client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from stillwatch.errors import MalformedRow
from stillwatch.exchange import anthropic_messages, gemini, openai_chat, openai_completions, openai_responses, wire
from stillwatch.exchange.dialect import parse_request
from stillwatch.exchange.record import Message
from stillwatch.exchange.wire import decode, decode_leniently

from .samples import REQUESTS
from .samples import wire as encoded

KINDS: dict[str, type[Struct]] = {
    "openai_chat": openai_chat.WireRequest,
    "openai_completions": openai_completions.WireRequest,
    "openai_responses": openai_responses.WireRequest,
    "anthropic_messages": anthropic_messages.WireRequest,
    "gemini": gemini.WireRequest,
}


def lenient(monkeypatch: pytest.MonkeyPatch, path: str, body: bytes) -> Any:
    """The request as the lenient path alone reads it."""
    with monkeypatch.context() as patched:
        for module in (openai_chat, openai_completions, openai_responses, anthropic_messages, gemini):
            patched.setattr(module, "decode", lambda kind, body, what="body": decode_leniently(kind, body))
        return parse_request(path, body)


@pytest.mark.parametrize("dialect", sorted(REQUESTS))
def test_both_paths_read_the_samples_alike(monkeypatch: pytest.MonkeyPatch, dialect: str) -> None:
    """One meaning, two speeds."""
    path, body = REQUESTS[dialect]
    assert lenient(monkeypatch, path, encoded(body)) == parse_request(path, encoded(body))


def parts_of(value: Any) -> list[Any]:
    """Every value within a document."""
    if isinstance(value, dict):
        return [value, *[p for v in value.values() for p in parts_of(v)]]
    return [value, *[p for v in value for p in parts_of(v)]] if isinstance(value, list) else [value]


SCRAPS = [json.dumps(part) for _, body in REQUESTS.values() for part in parts_of(body)]


@st.composite
def mutated_requests(draw: st.DrawFn) -> tuple[str, bytes]:
    """A sample with some of its fields replaced by values from anywhere in the samples."""
    path, body = REQUESTS[draw(st.sampled_from(sorted(KINDS)))]
    changed = json.loads(json.dumps(body))
    for _ in range(draw(st.integers(0, 4))):
        holder = draw(st.sampled_from([part for part in parts_of(changed) if isinstance(part, dict) and part]))
        holder[draw(st.sampled_from(sorted(holder)))] = json.loads(draw(st.sampled_from(SCRAPS)))
    return path, json.dumps(changed).encode()


@settings(max_examples=250, deadline=None)
@given(mutated_requests())
def test_both_paths_read_mutations_alike(case: tuple[str, bytes]) -> None:
    """Where the exact path can read a body at all, the lenient one gives the identical request."""
    path, body = case
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert outcome(lambda: lenient(monkeypatch, path, body)) == outcome(lambda: parse_request(path, body))


def outcome(attempt: Any) -> Any:
    """The result, or the reason for there being none."""
    try:
        return attempt()
    except MalformedRow as fault:
        return fault.problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"half an emoji \ud83d"', "half an emoji \ufffd"),
        (rb'"a \udc00 within"', "a \ufffd within"),
        (rb'"a whole one \ud83d\ude00"', "a whole one 😀"),
    ],
)
@pytest.mark.parametrize("other", [b'"temperature": NaN', b'"temperature": "0.5"', b'"temperature": 1'])
def test_a_lone_surrogate_does_not_hide_a_client(text: bytes, expected: str, other: bytes) -> None:
    """One such character in every prompt would otherwise make every row malformed."""
    body = b'{"messages": [{"role": "user", "content": ' + text + b"}], " + other + b"}"
    assert parse_request("/v1/chat/completions", body)[1].messages == (Message("user", expected),)


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_number_beyond_json_is_unknown(value: bytes) -> None:
    """Python clients write these."""
    _, request = parse_request("/v1/chat/completions", b'{"messages": [], "temperature": ' + value + b"}")
    assert (request.parameters.names, request.parameters.temperature) == ("temperature", None)


def test_a_body_with_more_items_than_any_request_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three bytes of JSON must not become two hundred bytes of memory without end."""
    monkeypatch.setattr(wire, "MAX_ITEMS", 1000)
    with pytest.raises(MalformedRow, match="more than 1000 items"):
        decode(openai_chat.WireRequest, b'{"messages": [' + b"{}," * 1001 + b"{}]}")


def test_a_body_of_fifty_megabytes_is_read() -> None:
    """One long text is one message."""
    text = "lorem ipsum " * (50_000_000 // 12)
    _, request = parse_request("/v1/chat/completions", encoded({"messages": [{"role": "user", "content": text}]}))
    assert len(request.messages[0].text) == len(text)


def test_a_long_list_with_a_wrong_item_is_not_mended_item_by_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mending is for slips; a list of nothing but wrong items is refused."""
    monkeypatch.setattr(wire, "MAX_MENDED_ITEMS", 10)
    with pytest.raises(MalformedRow, match="no list of messages"):
        parse_request("/v1/chat/completions", encoded({"messages": [5] * 11}))
