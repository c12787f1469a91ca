"""OpenAI Chat Completions become requests and responses."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.openai_chat import Assembler, parse_request
from stillwatch.exchange.record import UNKNOWN, Message, Parameters, Usage

from .samples import CHAT_CHUNKS, CHAT_REQUEST, CHAT_RESPONSE, SCHEMA, wire


def parameters(**fields: Any) -> Parameters:
    """What is read of a small request with these fields."""
    return parse_request(wire({"messages": [{"role": "user", "content": "Hello"}], **fields})).parameters


def test_turns_keep_role_text_and_the_number_of_other_parts() -> None:
    """Text stays, images, audio and calls are counted, developer speaks as system."""
    assert parse_request(wire(CHAT_REQUEST)).messages == (
        Message("system", "Answer briefly."),
        Message("user", "What is on the picture?", images=1, other_parts=1),
        Message("assistant", "", tool_calls=2),
        Message("tool", "A heron."),
        Message("user", "And the second one?"),
    )


def test_every_parameter_that_shapes_the_answer_is_read() -> None:
    """The whole parameter record of a request that sets everything."""
    assert parse_request(wire(CHAT_REQUEST)).parameters == Parameters(
        names="logit_bias,logprobs,max_completion_tokens,n,reasoning_effort,seed,stop,stream,stream_options,"
        "temperature,tool_choice,tools,top_logprobs,top_p",
        temperature=0.2,
        top_p=1.0,
        max_tokens=300,
        n=2,
        stream=True,
        logprobs=True,
        top_logprobs=5,
        logit_bias=2,
        stop=2,
        seed=True,
        reasoning=True,
        tools=1,
        tool_forced=True,
        open_fields=1,
        closed_fields=2,
    )


def test_a_request_without_parameters_has_the_defaults() -> None:
    """Absent is unknown, not zero."""
    assert parameters() == Parameters()


def test_a_null_parameter_is_present_and_says_nothing() -> None:
    """Some clients send every field: that tells them apart, and no value is made of it."""
    assert parameters(temperature=None, stop=None, max_tokens=None) == Parameters(names="max_tokens,stop,temperature")


@pytest.mark.parametrize("limit", [300, 300.0])
def test_a_whole_number_may_be_written_as_a_float(limit: float) -> None:
    """JavaScript clients make no difference between 300 and 300.0."""
    assert parameters(max_tokens=limit).max_tokens == 300


@pytest.mark.parametrize("limit", [-1, 2.5, "many", True, [], {}])
def test_a_limit_that_is_no_count_is_unknown(limit: object) -> None:
    """A wrong value costs the value and not the exchange."""
    assert parameters(max_tokens=limit) == Parameters(names="max_tokens")


def test_an_absurd_limit_fits_what_is_stored_of_it() -> None:
    """Counts stay within 31 bits."""
    assert parameters(max_tokens=10**30).max_tokens == 2**31 - 1


@pytest.mark.parametrize("temperature", ["0.7", True, 1e300, [0.7]])
def test_a_temperature_that_is_no_ordinary_number_is_unknown(temperature: object) -> None:
    """The name stays, the value does not."""
    assert parameters(temperature=temperature) == Parameters(names="temperature")


@pytest.mark.parametrize(
    ("choice", "forced"),
    [
        ("auto", False),
        ("none", False),
        ("required", True),
        ({"type": "function", "function": {"name": "look"}}, True),
        ({"type": "allowed_tools", "mode": "auto"}, False),
        (None, False),
        (5, False),
    ],
)
def test_a_tool_is_forced_by_name_or_by_requirement(choice: object, forced: bool) -> None:
    """Only then do the tool's arguments shape the answer."""
    found = parameters(tools=CHAT_REQUEST["tools"], tool_choice=choice)
    assert (found.tool_forced, found.open_fields, found.closed_fields) == (forced, int(forced), 2 * forced)


def test_a_required_tool_among_several_forces_no_particular_schema() -> None:
    """The model may choose, so the form of the answer is open."""
    found = parameters(tools=CHAT_REQUEST["tools"] * 2, tool_choice="required")
    assert (found.tools, found.tool_forced, found.open_fields, found.closed_fields) == (2, True, 0, 0)


def test_the_older_functions_count_as_tools() -> None:
    """`functions` and `function_call` came before tools."""
    found = parameters(functions=[{"name": "look", "parameters": SCHEMA}], function_call={"name": "look"})
    assert (found.tools, found.tool_forced, found.open_fields, found.closed_fields) == (1, True, 1, 2)


@pytest.mark.parametrize(
    ("field", "kind", "open_fields"),
    [
        ({"response_format": {"type": "text"}}, "text", 0),
        ({"response_format": {"type": "json_object"}}, "json", 0),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}, "schema", 1),
        ({"guided_json": SCHEMA}, "schema", 1),
        ({"structured_outputs": {"json": SCHEMA}}, "schema", 1),
        ({"response_format": "json"}, "text", 0),
        ({"response_format": {"type": "json_schema", "json_schema": 7}}, "schema", 0),
    ],
)
def test_the_answer_s_form_is_free_text_json_or_a_schema(field: dict[str, Any], kind: str, open_fields: int) -> None:
    """OpenAI's response_format and vLLM's guided decoding say the same."""
    found = parameters(**field)
    assert (found.answer_format, found.open_fields, found.closed_fields) == (kind, open_fields, 2 * open_fields)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ({"reasoning_effort": "high"}, True),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning": {"max_tokens": 100}}, True),
        ({"reasoning": {"enabled": False}}, False),
        ({"thinking": {"type": "enabled"}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"chat_template_kwargs": {"enable_thinking": True}}, True),
        ({"chat_template_kwargs": {"enable_thinking": False}}, False),
        ({"enable_thinking": True}, True),
        ({}, False),
    ],
)
def test_reasoning_is_asked_for_in_many_spellings(field: dict[str, Any], asked: bool) -> None:
    """OpenAI, OpenRouter, Zhipu, vLLM and Qwen each have their own."""
    assert parameters(**field).reasoning is asked


def test_stop_may_be_one_string_or_several() -> None:
    """The empty string stops nothing."""
    assert [parameters(stop=stop).stop for stop in ("END", ["a", "b"], "", [])] == [1, 2, 0, 0]


def test_a_body_without_messages_is_no_request() -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no list of messages$"):
        parse_request(wire({"model": "m", "messages": "secret"}))


def test_a_message_of_the_wrong_type_leaves_the_others() -> None:
    """What cannot be read is passed over."""
    body = {"messages": ["lost", None, {"role": 7, "content": 7}, {"role": "user", "content": ["Hi", 3, None]}]}
    assert parse_request(wire(body)).messages == (Message("user", ""), Message("user", "Hi", other_parts=2))


def whole(response: dict[str, Any]) -> Assembler:
    """An assembler that saw this response."""
    assembler = Assembler()
    assembler.observe(wire(response))
    return assembler


def test_a_response_joins_its_choices() -> None:
    """Text, reasoning, calls and usage of all choices in one record."""
    found = whole(CHAT_RESPONSE).response(is_whole=True)
    assert (found.text, found.reasoning, found.choices) == ("A grey heron.\n", "Long legs.", 2)
    assert (found.tool_calls, found.finish_reason, found.usage) == (1, "stop", Usage(31, 9, 4))


@pytest.mark.parametrize("content", ["Yes.", "", None, [{"type": "text", "text": "Yes."}]])
@pytest.mark.parametrize(
    "choice", [{}, {"index": 3}, {"finish_reason": "eos"}, {"text": "No."}, {"delta": {"content": "o"}}]
)
@pytest.mark.parametrize(
    "message", [{}, {"reasoning": "So."}, {"refusal": "No."}, {"refusal": None}, {"tool_calls": [{"index": 0}]}]
)
@pytest.mark.parametrize("rest", [{}, {"usage": {"prompt_tokens": 3}}, {"error": None}, {"error": {"code": 1}}])
def test_the_usual_response_is_read_as_all_others_are(
    content: Any, choice: dict[str, Any], message: dict[str, Any], rest: dict[str, Any]
) -> None:
    """The way of its own for one choice of text gives what assembling gives."""
    response = {"choices": [{"message": {"content": content, **message}, **choice}], **rest}
    assert Assembler().whole(wire(response)) == whole(response).response(is_whole=True)


def test_a_refusal_is_text_that_a_filter_wrote() -> None:
    """The provider calls it a stop; for us it is refused."""
    message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    found = whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).response(is_whole=True)
    assert (found.text, found.finish_reason) == ("I cannot help with that.", "content_filter")


def test_an_error_is_a_whole_answer_that_failed() -> None:
    """Nothing more will come of it."""
    found = whole({"error": {"message": "Rate limit", "type": "rate_limit"}}).response()
    assert (found.finish_reason, found.is_complete, found.usage.input_tokens) == ("error", True, UNKNOWN)


def test_a_stream_that_breaks_off_is_not_complete() -> None:
    """One choice of two has not said why it ended."""
    assembler = Assembler()
    for chunk in CHAT_CHUNKS[:-2]:
        assembler.observe(wire(chunk))
    assert not assembler.response().is_complete


def test_the_closing_mark_completes_a_stream_without_finish_reasons() -> None:
    """Some servers never say why they stopped."""
    assembler = Assembler()
    assembler.observe(wire({"choices": [{"index": 0, "delta": {"content": "Yes"}}]}))
    assembler.close()
    assert assembler.response().is_complete
