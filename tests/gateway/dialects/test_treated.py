"""A treatment takes from a request what the policy says, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.decision.policy import UNTOUCHED, Reasoning, Treatment
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of
from stillwatch.gateway.dialects.hiding import MOST_EVENT_BYTES, EventTooLong

from .streams import STREAMS, WITH_REASONING, wire

CHAT, COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"
MESSAGES, GEMINI = "/v1/messages", "/v1beta/models/m:generateContent"
STRICT = Treatment(logprobs=False, most_choices=1, most_output_tokens=100, reasoning=Reasoning.HIDE)


def dialect(path: str) -> Dialect:
    found = dialect_of(path)
    assert found is not None
    return found


def treated(path: str, body: dict[str, Any], treatment: Treatment = STRICT) -> Any:
    return json.loads(dialect(path).treated(wire(body), treatment))


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, RESPONSES, "/v1/embeddings", MESSAGES, GEMINI, "/v1/models"])
def test_untouched_is_the_very_same_body(path: str) -> None:
    """Not even read: whatever it is, the model's server says what is wrong with it."""
    body = b'{ "odd" : 1, "odd" : 2 '
    assert dialect(path).treated(body, UNTOUCHED) is body


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, MESSAGES, GEMINI])
def test_a_body_that_asks_for_less_already_keeps_its_bytes(path: str) -> None:
    body = b'{ "model":"m", "n" : 1,"max_tokens":9,\t"messages":[],"generationConfig":{"maxOutputTokens": 5} }'
    assert dialect(path).treated(body, STRICT) is body


@pytest.mark.parametrize(
    ("path", "body", "left"),
    [
        (
            CHAT,
            {
                "model": "m",
                "n": 4,
                "logprobs": True,
                "top_logprobs": 5,
                "max_completion_tokens": 900,
                "min_tokens": 200,
            },
            {"model": "m", "n": 1, "max_completion_tokens": 100, "min_tokens": 100},
        ),
        (CHAT, {"max_tokens": 900, "max_completion_tokens": 800}, {"max_tokens": 100, "max_completion_tokens": 100}),
        (CHAT, {"max_tokens": None, "x": "é\n"}, {"x": "é\n", "max_completion_tokens": 100}),
        (CHAT, {"max_tokens": 9, "include_reasoning": True}, {"max_tokens": 9, "include_reasoning": False}),
        (COMPLETIONS, {"n": 4, "best_of": 9, "logprobs": 0}, {"n": 1, "best_of": 1, "max_tokens": 100}),
        (
            RESPONSES,
            {
                "top_logprobs": 2,
                "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
                "reasoning": {"effort": "high", "summary": "auto"},
            },
            {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "high"}, "max_output_tokens": 100},
        ),
        (
            GEMINI,
            {
                "contents": [],
                "generation_config": {
                    "candidate_count": 3,
                    "response_logprobs": True,
                    "logprobs": 5,
                    "thinking_config": {"include_thoughts": True, "thinking_budget": 9},
                },
            },
            {
                "contents": [],
                "generation_config": {
                    "candidate_count": 1,
                    "thinking_config": {"thinking_budget": 9},
                    "maxOutputTokens": 100,
                },
            },
        ),
    ],
)
def test_what_is_taken(path: str, body: dict[str, Any], left: dict[str, Any]) -> None:
    assert treated(path, body) == left


@pytest.mark.parametrize(
    ("most", "thinking", "left"),
    [
        (100, {"type": "enabled", "budget_tokens": 5000}, {"type": "disabled"}),
        (
            2000,
            {"type": "enabled", "budget_tokens": 5000},
            {"type": "enabled", "budget_tokens": 1999, "display": "omitted"},
        ),
        (
            9000,
            {"type": "enabled", "budget_tokens": 5000},
            {"type": "enabled", "budget_tokens": 5000, "display": "omitted"},
        ),
        (9000, {"type": "adaptive"}, {"type": "adaptive", "display": "omitted"}),
        (9000, {"type": "disabled"}, {"type": "disabled"}),
    ],
)
def test_thinking_stays_within_what_the_api_accepts(most: int, thinking: dict[str, Any], left: dict[str, Any]) -> None:
    """Anthropic refuses a budget that is not below `max_tokens` or under 1,024."""
    treatment = Treatment(most_output_tokens=most, reasoning=Reasoning.HIDE)
    assert treated(MESSAGES, {"max_tokens": 8000, "thinking": thinking}, treatment) == {
        "max_tokens": min(most, 8000),
        "thinking": left,
    }


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, RESPONSES, MESSAGES, GEMINI])
def test_what_cannot_be_read_cannot_be_treated(path: str) -> None:
    """Fails closed: a treatment that a doubled name evades is none."""
    with pytest.raises(BadRequest):
        dialect(path).treated(b'{"max_tokens":9,"max_tokens":900}', STRICT)


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_stream_without_reasoning_passes_byte_for_byte(path: str, size: int) -> None:
    hider, text = dialect(path).hider(), b"".join(STREAMS[path])
    parts = [hider.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert b"".join([*parts, hider.close()]) == text


@pytest.mark.parametrize("path", WITH_REASONING)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_reasoning_is_hidden_wherever_the_network_cuts_it(path: str, size: int) -> None:
    hider, text = dialect(path).hider(), b"".join(WITH_REASONING[path])
    seen = b"".join([*[hider.feed(text[at : at + size]) for at in range(0, len(text), size)], hider.close()])
    assert b"hidden" in text
    assert b"hidden" not in seen


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            CHAT,
            {
                "choices": [
                    {"message": {"content": "a", "reasoning_content": "hidden", "reasoning_details": ["hidden"]}}
                ]
            },
        ),
        (RESPONSES, {"output": [{"type": "reasoning", "id": "rs", "summary": ["hidden"], "content": ["hidden"]}]}),
        (MESSAGES, {"content": [{"type": "thinking", "thinking": "hidden", "signature": "s"}]}),
        (GEMINI, {"candidates": [{"content": {"parts": [{"thought": True, "text": "hidden"}, {"text": "a"}]}}]}),
        (GEMINI, [{"candidates": [{"content": {"parts": [{"thought": True, "text": "hidden"}]}}]}]),
    ],
)
def test_reasoning_is_hidden_in_a_whole_answer(path: str, body: object) -> None:
    assert b"hidden" not in dialect(path).hidden(wire(body))


def test_an_answer_that_has_a_sign_of_reasoning_and_cannot_be_read_is_not_shown() -> None:
    """Fails closed."""
    hider = dialect(CHAT).hider()
    assert hider.feed(b'data: {"reasoning_content":"hidden\n\n') == b""
    assert dialect(CHAT).hidden(b'{"reasoning":"hidden') == b"{}"


@pytest.mark.parametrize("size", [1_000, 4_096, 10_000_000])
def test_a_long_event_is_hidden_however_it_arrives(size: int) -> None:
    hider, words = dialect(CHAT).hider(), b"word " * 200_000
    event = b'data: {"choices":[{"delta":{"reasoning_content":"hidden","content":"%b"}}]}\n\n' % words
    seen = b"".join([*[hider.feed(event[at : at + size]) for at in range(0, len(event), size)], hider.close()])
    assert seen == event.replace(b'"reasoning_content":"hidden",', b"")


def test_an_event_without_an_end_is_not_let_through_unread() -> None:
    """Nor kept for ever."""
    hider = dialect(CHAT).hider()
    with pytest.raises(EventTooLong):
        for _ in range(MOST_EVENT_BYTES // 1_000_000 + 1):
            assert hider.feed(b"x" * 1_000_000) == b""
