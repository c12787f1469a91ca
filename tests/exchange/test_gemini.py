"""Gemini's generateContent and embedContent become requests and responses."""

from __future__ import annotations

from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.gemini import Assembler, parse_request
from stillwatch.exchange.record import Message, Parameters, Request, Usage

from .samples import GEMINI_PATH, GEMINI_REQUEST, GEMINI_RESPONSE, SCHEMA, wire

WHOLE_PATH = "/v1beta/models/gemini-2.5-flash:generateContent"


def test_a_turn_with_function_results_is_split() -> None:
    """Results speak as tool, model as assistant, and the instruction leads."""
    assert parse_request(GEMINI_PATH, wire(GEMINI_REQUEST)).messages == (
        Message("system", "You name birds."),
        Message("user", "Which bird is this?", images=1, other_parts=1),
        Message("assistant", "", tool_calls=1),
        Message("tool", '{"found": "wren"}'),
    )


def test_every_parameter_that_shapes_the_answer_is_read() -> None:
    """The whole parameter record; the stream stands in the path."""
    assert parse_request(GEMINI_PATH, wire(GEMINI_REQUEST)).parameters == Parameters(
        names="candidateCount,generationConfig,logprobs,maxOutputTokens,responseLogprobs,responseMimeType,"
        "responseSchema,safetySettings,seed,stopSequences,systemInstruction,temperature,thinkingConfig,toolConfig,"
        "tools,topP",
        temperature=0.5,
        top_p=0.9,
        max_tokens=200,
        n=2,
        stream=True,
        logprobs=True,
        top_logprobs=4,
        stop=1,
        seed=True,
        reasoning=True,
        tools=2,
        tool_forced=True,
        answer_format="schema",
        open_fields=2,
        closed_fields=3,
    )


def test_the_model_and_the_stream_stand_in_the_path() -> None:
    """Of the Gemini API and of Vertex AI."""
    vertex = "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent"
    found = [parse_request(path, wire(GEMINI_REQUEST)) for path in (GEMINI_PATH, vertex)]
    assert [(r.model, r.parameters.stream) for r in found] == [("gemini-2.5-flash", True), ("gemini-2.5-pro", False)]


def snake_case(value: Any) -> Any:
    """The same JSON with the other spelling that protocol buffers allow."""
    if isinstance(value, dict):
        return {"".join("_" + c.lower() if c.isupper() else c for c in k): snake_case(v) for k, v in value.items()}
    return [snake_case(v) for v in value] if isinstance(value, list) else value


def test_both_spellings_mean_the_same() -> None:
    """Only the names of the top-level fields tell them apart, as they tell clients apart."""
    camel = parse_request(GEMINI_PATH, wire(GEMINI_REQUEST))
    snake = parse_request(GEMINI_PATH, wire(snake_case(GEMINI_REQUEST)))
    assert snake.messages == camel.messages
    assert without_names(snake) == without_names(camel)


def without_names(request: Request) -> dict[str, Any]:
    """The parameters apart from their names."""
    values = {name: getattr(request.parameters, name) for name in Parameters.__struct_fields__}
    return {name: value for name, value in values.items() if name != "names"}


@pytest.mark.parametrize(
    ("config", "kind", "leaves"),
    [
        ({"responseMimeType": "application/json"}, "json", (0, 0)),
        ({"responseMimeType": "text/plain"}, "text", (0, 0)),
        ({"responseJsonSchema": SCHEMA}, "schema", (1, 2)),
        ({"responseSchema": None}, "text", (0, 0)),
    ],
)
def test_the_answer_s_form_is_free_text_json_or_a_schema(
    config: dict[str, Any], kind: str, leaves: tuple[int, int]
) -> None:
    """By type alone or by a schema."""
    found = parse_request(WHOLE_PATH, wire({"contents": [], "generationConfig": config})).parameters
    assert (found.answer_format, (found.open_fields, found.closed_fields)) == (kind, leaves)


@pytest.mark.parametrize(
    ("thinking", "asked"),
    [({"thinkingBudget": 0}, False), ({"thinkingBudget": -1}, True), ({"thinkingLevel": "high"}, True)],
)
def test_a_budget_of_nothing_asks_for_no_thoughts(thinking: dict[str, Any], asked: bool) -> None:
    """Any other budget or level does."""
    body = {"contents": [], "generationConfig": {"thinkingConfig": thinking}}
    assert parse_request(WHOLE_PATH, wire(body)).parameters.reasoning is asked


def test_embedding_calls_give_input_messages() -> None:
    """One or a batch."""
    content = {"parts": [{"text": "Nettles grow tall."}]}
    one = parse_request("/v1beta/models/e:embedContent", wire({"content": content}))
    many = parse_request("/v1beta/models/e:batchEmbedContents", wire({"requests": [{"content": content}] * 2}))
    assert (one.operation, one.messages) == ("embedding", (Message("input", "Nettles grow tall."),))
    assert len(many.messages) == 2


def test_a_body_without_contents_is_no_request() -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no contents$"):
        parse_request(WHOLE_PATH, wire({"contents": 7}))


def assembled(*chunks: dict[str, Any]) -> Assembler:
    """An assembler that saw these chunks."""
    assembler = Assembler()
    for chunk in chunks:
        assembler.observe(wire(chunk))
    return assembler


def test_thoughts_are_output_tokens() -> None:
    """As the other providers count them."""
    found = assembled(GEMINI_RESPONSE).response(is_whole=True)
    assert (found.text, found.reasoning) == ("A wren, I am sure.", "Small and brown.")
    assert (found.finish_reason, found.usage) == ("stop", Usage(260, 17, 11))


def test_a_stop_after_a_call_is_the_call_s() -> None:
    """Gemini says STOP for both."""
    parts = [{"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}}]
    found = assembled({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).response()
    assert (found.tool_calls, found.finish_reason) == (2, "tool_calls")


def test_a_blocked_prompt_is_a_whole_answer() -> None:
    """There are no candidates at all."""
    found = assembled({"promptFeedback": {"blockReason": "SAFETY"}}).response()
    assert (found.finish_reason, found.is_complete) == ("content_filter", True)


def test_vectors_are_counted() -> None:
    """The numbers themselves are not read."""
    assert assembled({"embeddings": [{"values": [0.1]}, {"values": [0.2]}]}).response(is_whole=True).choices == 2
