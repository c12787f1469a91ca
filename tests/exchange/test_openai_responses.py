"""OpenAI Responses become requests and responses."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.openai_responses import Assembler, parse_request
from stillwatch.exchange.record import Message, Parameters, Usage

from .samples import RESPONSES_EVENTS, RESPONSES_REQUEST, RESPONSES_RESPONSE, wire


def test_items_become_turns() -> None:
    """Instructions lead; calls and their outputs are turns; earlier reasoning is none."""
    assert parse_request(wire(RESPONSES_REQUEST)).messages == (
        Message("system", "You sort letters."),
        Message("user", "Sort this one.", images=1, other_parts=1),
        Message("assistant", "", tool_calls=1),
        Message("tool", "no such customer"),
        Message("assistant", "Who sent it?"),
        Message("user", "The mill."),
    )


def test_every_parameter_that_shapes_the_answer_is_read() -> None:
    """The whole parameter record of a request that sets everything."""
    assert parse_request(wire(RESPONSES_REQUEST)).parameters == Parameters(
        names="include,instructions,max_output_tokens,reasoning,store,stream,text,tool_choice,tools,top_logprobs",
        max_tokens=500,
        stream=True,
        logprobs=True,
        top_logprobs=3,
        reasoning=True,
        tools=2,
        answer_format="schema",
        open_fields=1,
        closed_fields=2,
    )


def test_input_may_be_one_string() -> None:
    """The shortest request there is."""
    assert parse_request(wire({"model": "m", "input": "Hello"})).messages == (Message("user", "Hello"),)


def test_a_stored_prompt_needs_no_input() -> None:
    """Its text lies with the provider."""
    assert parse_request(wire({"prompt": {"id": "pmpt_1"}})).messages == ()


@pytest.mark.parametrize("body", [{}, {"input": 7}, {"input": None}, {"input": {"secret": 1}}])
def test_a_body_without_input_is_no_request(body: object) -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no input$"):
        parse_request(wire(body))


def test_a_forced_tool_names_itself_beside_its_type() -> None:
    """Unlike in chat, the name is not nested."""
    body = {**RESPONSES_REQUEST, "text": {}, "tool_choice": {"type": "function", "name": "look_up"}}
    found = parse_request(wire(body)).parameters
    assert (found.tool_forced, found.open_fields, found.closed_fields) == (True, 1, 2)


def assembled(*events: dict[str, Any]) -> Assembler:
    """An assembler that saw these events."""
    assembler = Assembler()
    for event in events:
        assembler.observe(wire(event))
    return assembler


def test_a_response_gives_text_reasoning_and_usage() -> None:
    """Output tokens include the reasoning."""
    found = assembled(RESPONSES_RESPONSE).response(is_whole=True)
    assert (found.text, found.reasoning, found.choices) == ("It belongs to billing.", "It is a bill.", 1)
    assert (found.finish_reason, found.usage) == ("stop", Usage(75, 30, 20))


def test_a_broken_stream_gives_what_its_deltas_gave() -> None:
    """Without the closing event there is no usage and no reason."""
    found = assembled(*RESPONSES_EVENTS[:-2]).response()
    assert (found.text, found.reasoning, found.is_complete) == ("It belongs ", "It is a bill.", False)
    assert (found.finish_reason, found.usage) == ("", Usage())


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "failed", "error": {"code": "server_error", "message": "x"}}, "error"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "completed", "output": [{"type": "function_call", "name": "f"}]}, "tool_calls"),
        ({"status": "completed", "output": [{"type": "message", "content": [{"refusal": "No."}]}]}, "content_filter"),
    ],
)
def test_every_ending_has_its_reason(ending: dict[str, Any], reason: str) -> None:
    """In the one vocabulary of all formats."""
    found = assembled({"type": "response.done", "response": ending}).response()
    assert (found.finish_reason, found.is_complete) == (reason, True)


def test_an_error_event_ends_the_stream() -> None:
    """Nothing more will come of it."""
    found = assembled({"type": "error", "code": "server_error", "message": "x"}).response()
    assert (found.finish_reason, found.is_complete) == ("error", True)
