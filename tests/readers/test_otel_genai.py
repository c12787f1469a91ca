"""Spans of the GenAI conventions become exchanges, with content or by shape alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import UNKNOWN, Exchange, Message, Parameters, Principal, Usage
from stillwatch.readers.otel_genai import read_row

from .lines import GENAI_ATTRIBUTES, TS_US, console_span, line, otlp_row

SHAPE = {k: v for k, v in GENAI_ATTRIBUTES.items() if not k.endswith((".messages", "_instructions"))}


def read(*spans: dict[str, Any], **resource: Any) -> list[Exchange | MalformedRow]:
    """What an OTLP message of spans with these attributes gives."""
    return read_row(line(otlp_row(*spans, resource=resource)))


def one(span: dict[str, Any]) -> Exchange:
    """The only exchange of a span with these attributes."""
    (found,) = read(span)
    assert isinstance(found, Exchange)
    return found


def test_a_span_gives_the_whole_exchange() -> None:
    """Messages, parameters, usage, principal and time."""
    found = one(GENAI_ATTRIBUTES)
    assert (found.ts_us, found.dialect, found.principal) == (TS_US, "otel_genai", Principal("acme", ip="192.0.2.7"))
    assert found.request.messages == (
        Message("system", "You know rivers."),
        Message("user", "Where does the river rise?", images=1),
        Message("assistant", "", tool_calls=1),
        Message("tool", "hills"),
    )
    assert found.request.parameters == Parameters(
        names="choice.count,max_tokens,stop_sequences,temperature", temperature=0.3, max_tokens=50, n=2, stop=1
    )
    assert found.response is not None
    assert (found.response.text, found.response.finish_reason, found.usage) == ("In the hills.", "stop", Usage(12, 4))


def test_the_console_s_span_is_the_same() -> None:
    """Plain JSON in place of wrapped values."""
    (printed,) = read_row(line(console_span()))
    assert isinstance(printed, Exchange)
    sent = one(GENAI_ATTRIBUTES)
    assert (printed.request, printed.response, printed.ts_us) == (sent.request, sent.response, sent.ts_us)


def test_a_span_without_content_is_an_exchange_of_shape() -> None:
    """Most deployments record no content, and the shape still counts."""
    found = one(SHAPE)
    assert (found.request.messages, found.request.parameters.max_tokens, found.usage) == ((), 50, Usage(12, 4))


OLD_EVENTS = [
    {"name": "gen_ai.system.message", "attributes": {"content": "You know rivers."}},
    {"name": "gen_ai.user.message", "attributes": {"gen_ai.event.content": '{"content": "Where?"}'}},
    {"name": "gen_ai.choice", "attributes": {"index": 0, "message": '{"content": "In the hills."}'}},
]


def test_the_older_events_give_messages_too() -> None:
    """In both of the forms that SDKs wrote."""
    (found,) = read_row(line(console_span(attributes=SHAPE, events=OLD_EVENTS)))
    assert isinstance(found, Exchange)
    assert found.request.messages == (Message("system", "You know rivers."), Message("user", "Where?"))
    assert found.response is not None
    assert found.response.text == "In the hills."


def test_numbered_attributes_give_messages_too() -> None:
    """OpenLLMetry's form."""
    numbered = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Where?",
        "gen_ai.prompt.1.role": "assistant",
        "gen_ai.prompt.1.tool_calls.0.name": "map",
        "gen_ai.completion.0.content": "In the hills.",
    }
    found = one({**SHAPE, **numbered})
    assert found.request.messages == (Message("user", "Where?"), Message("assistant", "", tool_calls=1))
    assert found.response is not None
    assert found.response.text == "In the hills."


@pytest.mark.parametrize("name", ["enduser.id", "user.id", "langfuse.user.id", "api_key.hash"])
def test_the_account_has_many_names(name: str) -> None:
    """On the span or on its resource."""
    span = {k: v for k, v in SHAPE.items() if k != "enduser.id"}
    assert one({**span, name: "acme"}).principal.account == "acme"
    (found,) = read(span, **{name: "acme"})
    assert isinstance(found, Exchange)
    assert found.principal.account == "acme"


def test_a_span_without_an_account_does_not_cost_its_neighbours() -> None:
    """It is a fault between two exchanges."""
    nameless = {k: v for k, v in SHAPE.items() if k != "enduser.id"}
    first, fault, last = read(SHAPE, nameless, SHAPE)
    assert isinstance(first, Exchange)
    assert isinstance(last, Exchange)
    assert isinstance(fault, MalformedRow)
    assert fault.problem.startswith("span has no account")


@pytest.mark.parametrize(
    "attributes",
    [{"http.method": "GET"}, {"gen_ai.operation.name": "execute_tool"}, {"gen_ai.operation.name": "invoke_agent"}],
)
def test_spans_of_other_kinds_are_passed_over(attributes: dict[str, Any]) -> None:
    """They are neither exchanges nor malformed."""
    assert read(attributes) == []


def test_embeddings_are_an_operation() -> None:
    """As the conventions name it."""
    assert one({**SHAPE, "gen_ai.operation.name": "embeddings"}).request.operation == "embedding"


def test_an_error_has_no_status_that_it_does_not_give() -> None:
    """The HTTP status where there is one."""
    failed = console_span(attributes=SHAPE, status={"status_code": "ERROR"})
    answered = console_span(attributes={**SHAPE, "http.response.status_code": 429}, status={"status_code": "ERROR"})
    found = [read_row(line(span))[0] for span in (failed, answered)]
    assert [e.status for e in found if isinstance(e, Exchange)] == [UNKNOWN, 429]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"no json", "line is not whole JSON"),
        (b"[5]", "line is not a JSON object"),
        (b"{}", "line is neither OTLP spans nor a span of the console exporter"),
        (b'{"resourceSpans": ' + b"[" * 100_000, "line is nested too deeply"),
    ],
)
def test_a_line_that_is_no_span_is_named_as_such(row: bytes, reason: str) -> None:
    """Without quoting it."""
    with pytest.raises(MalformedRow) as caught:
        read_row(row)
    assert caught.value.problem == reason


def spoiled(value: Any) -> list[Any]:
    """Copies of a document with one value each replaced by one of the wrong type."""
    if isinstance(value, dict):
        return [{**value, k: bad} for k, v in value.items() for bad in (5, "x", [], {}, None, *spoiled(v))]
    if isinstance(value, list):
        return [[*value[:i], bad, *value[i + 1 :]] for i, v in enumerate(value) for bad in (5, None, *spoiled(v))]
    return []


@pytest.mark.parametrize("span", [otlp_row(SHAPE), console_span(events=OLD_EVENTS)], ids=["otlp", "console"])
def test_a_value_of_the_wrong_type_is_at_most_a_fault(span: dict[str, Any]) -> None:
    """Each value of the sample, replaced by each wrong type; also within the JSON strings."""
    inner = {**GENAI_ATTRIBUTES}
    rows = spoiled(span) + [
        console_span(attributes={**inner, key: json.dumps(bad)})
        for key in ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions")
        for bad in spoiled(json.loads(inner[key]))
    ]
    assert len([attempt(row) for row in rows]) > 200


def attempt(row: dict[str, Any]) -> object:
    """What the reader makes of a row; only a fault that names itself may be raised."""
    try:
        return read_row(line(row))
    except MalformedRow as fault:
        return fault.problem
