"""Anthropic Messages become requests and responses."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.anthropic_messages import Assembler, parse_request
from stillwatch.exchange.record import Message, Parameters, Usage

from .samples import ANTHROPIC_EVENTS, ANTHROPIC_REQUEST, ANTHROPIC_RESPONSE, SCHEMA, wire


def test_a_turn_with_tool_results_is_split() -> None:
    """Results speak as tool, the rest of the turn as user; thoughts are no text; the prefill stays last."""
    assert parse_request(wire(ANTHROPIC_REQUEST)).messages == (
        Message("system", "You keep a garden diary."),
        Message("user", "What grows here?", images=1, other_parts=1),
        Message("assistant", "Let me look.", tool_calls=1),
        Message("tool", "Nettle"),
        Message("user", "And how tall is it?"),
        Message("assistant", "It is"),
    )


def test_every_parameter_that_shapes_the_answer_is_read() -> None:
    """The whole parameter record of a request that sets everything."""
    assert parse_request(wire(ANTHROPIC_REQUEST)).parameters == Parameters(
        names="max_tokens,metadata,stop_sequences,stream,system,temperature,thinking,tool_choice,tools",
        temperature=1.0,
        max_tokens=1024,
        stream=True,
        stop=1,
        reasoning=True,
        tools=1,
        tool_forced=True,
        open_fields=1,
        closed_fields=2,
    )


@pytest.mark.parametrize("content", ["Be kind.", [{"type": "text", "text": "Be kind."}], ["Be kind."]])
def test_the_system_text_is_a_string_or_blocks(content: object) -> None:
    """Both become the first message."""
    found = parse_request(wire({"system": content, "messages": []}))
    assert found.messages == (Message("system", "Be kind."),)


@pytest.mark.parametrize(
    "field",
    [
        {"output_format": {"type": "json_schema", "schema": SCHEMA}},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ],
)
def test_structured_output_forces_a_schema(field: dict[str, Any]) -> None:
    """The beta's field and its successor."""
    found = parse_request(wire({"messages": [], **field})).parameters
    assert (found.answer_format, found.open_fields, found.closed_fields) == ("schema", 1, 2)


@pytest.mark.parametrize(("choice", "forced"), [("auto", False), ("none", False), ("any", True), ("tool", True)])
def test_a_tool_is_forced_by_type(choice: str, forced: bool) -> None:
    """`any` of one tool is that tool."""
    body = {"messages": [], "tools": ANTHROPIC_REQUEST["tools"], "tool_choice": {"type": choice}}
    found = parse_request(wire(body)).parameters
    assert (found.tool_forced, found.open_fields) == (forced, int(forced))


def test_thinking_can_be_switched_off() -> None:
    """Disabled is not asked for."""
    body = {"messages": [], "thinking": {"type": "disabled"}}
    assert not parse_request(wire(body)).parameters.reasoning


def test_a_body_without_messages_is_no_request() -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no list of messages$"):
        parse_request(wire({"system": "secret"}))


def assembled(*events: dict[str, Any]) -> Assembler:
    """An assembler that saw these events."""
    assembler = Assembler()
    for event in events:
        assembler.observe(wire(event))
    return assembler


def test_tokens_from_the_cache_are_input_tokens() -> None:
    """Whoever reads from a cache still had the prompt read."""
    found = assembled(ANTHROPIC_RESPONSE).response(is_whole=True)
    assert found.usage == Usage(1112, 40)


def test_a_response_gives_text_thoughts_and_calls() -> None:
    """Each in its own field."""
    found = assembled(ANTHROPIC_RESPONSE).response(is_whole=True)
    assert (found.text, found.reasoning) == ("It is up to two metres tall.", "A metre or two.")
    assert (found.choices, found.tool_calls, found.finish_reason) == (1, 1, "tool_calls")


def test_a_broken_stream_keeps_the_input_s_count() -> None:
    """It came with the first event."""
    found = assembled(*ANTHROPIC_EVENTS[:9]).response()
    assert (found.text, found.is_complete, found.usage) == ("It is up to ", False, Usage(1112, 1))


@pytest.mark.parametrize(
    ("reason", "ours"),
    [("end_turn", "stop"), ("max_tokens", "length"), ("refusal", "content_filter"), ("pause_turn", "pause_turn")],
)
def test_every_ending_has_its_reason(reason: str, ours: str) -> None:
    """In the one vocabulary of all formats; a new reason is kept as it is."""
    assert assembled({"content": [], "stop_reason": reason}).response(is_whole=True).finish_reason == ours


def test_an_error_event_ends_the_stream() -> None:
    """Nothing more will come of it."""
    found = assembled({"type": "error", "error": {"type": "overloaded_error"}}).response()
    assert (found.finish_reason, found.is_complete) == ("error", True)
