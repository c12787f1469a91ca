"""OpenTelemetry spans of the GenAI conventions: OTLP/JSON lines, or what the Python console exporter printed.

Where the account comes from, in this order, on the span or its resource:
    enduser.id, user.id, user.hash, enduser.pseudo.id, langfuse.user.id,
    traceloop.association.properties.user_id, llm.user, api_key.hash
A span without any of them names nobody and is rejected. organization is organization.id or tenant.id, the
address client.address, the API key api_key.hash.

Content is read from gen_ai.input.messages, gen_ai.output.messages and gen_ai.system_instructions (structured or
as JSON strings), from the older events gen_ai.user.message ... gen_ai.choice, and from OpenLLMetry's numbered
gen_ai.prompt.N.content. A span that recorded no content still is an exchange, of empty messages: its shape
counts. Spans of other kinds (HTTP, tools, agents) are passed over. OTLP log records are not read.

Source: OpenTelemetry semantic conventions for generative AI, 1.28 (events) to 1.38 (attributes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import UNKNOWN, Exchange, Message, Parameters, Principal, Request, Response, Usage
from stillwatch.exchange.request_fields import joined_names, number, total
from stillwatch.readers.genai_messages import message_of, messages_of, numbered_messages
from stillwatch.readers.row_fields import optional_name, status_code, timestamp_us
from stillwatch.readers.spans import Span, decoded_json, read_spans

ACCOUNT_ATTRIBUTES = (
    "enduser.id",
    "user.id",
    "user.hash",
    "enduser.pseudo.id",
    "langfuse.user.id",
    "traceloop.association.properties.user_id",
    "llm.user",
    "api_key.hash",
)
ORGANIZATION_ATTRIBUTES = ("organization.id", "tenant.id")
OPERATIONS = {
    "chat": "chat",
    "generate_content": "chat",
    "text_completion": "completion",
    "embeddings": "embedding",
}
_REQUEST = "gen_ai.request."
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def read_row(line: bytes) -> list[Exchange | MalformedRow]:
    """The model calls of one line; a call without its time or account stands as the fault that it is."""
    return [_exchange_or_fault(span, operation) for span in read_spans(line) if (operation := _operation(span))]


def _exchange_or_fault(span: Span, operation: str) -> Exchange | MalformedRow:
    try:
        return _exchange(span, operation)
    except MalformedRow as fault:
        return fault


def _operation(span: Span) -> str:
    """The operation of a model call; empty for any other span."""
    named = span.attributes.get("gen_ai.operation.name")
    if named is None:
        return "chat" if "gen_ai.request.model" in span.attributes else ""
    return OPERATIONS.get(named, "") if isinstance(named, str) else ""


def _exchange(span: Span, operation: str) -> Exchange:
    given = span.attributes
    response = _response(span)
    return Exchange(
        ts_us=timestamp_us(span.start_us, "start time"),
        principal=_principal(given),
        path=_first_name(given, ("url.path", "http.route")) or f"/{operation}",
        dialect="otel_genai",
        request=Request(operation, optional_name(given.get("gen_ai.request.model")) or "", _turns(span), _asked(given)),
        response=response,
        usage=response.usage,
        status=_status(span),
        id=span.id or None,
    )


def _principal(given: Mapping[str, Any]) -> Principal:
    account = _first_name(given, ACCOUNT_ATTRIBUTES)
    if account is None:
        raise MalformedRow("span has no account: none of enduser.id, user.id, api_key.hash and the like")
    return Principal(
        account=account,
        organization=_first_name(given, ORGANIZATION_ATTRIBUTES),
        api_key=optional_name(given.get("api_key.hash")),
        ip=optional_name(given.get("client.address")),
    )


def _first_name(given: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := optional_name(given.get(name)))), None)


def _asked(given: Mapping[str, Any]) -> Parameters:
    names = [name.removeprefix(_REQUEST) for name in given if name.startswith(_REQUEST) and name != f"{_REQUEST}model"]
    stops = given.get("gen_ai.request.stop_sequences")
    return Parameters(
        names=joined_names(names),
        temperature=number(_real(given.get("gen_ai.request.temperature"))),
        top_p=number(_real(given.get("gen_ai.request.top_p"))),
        max_tokens=_whole(given.get("gen_ai.request.max_tokens")),
        n=max(_whole(given.get("gen_ai.request.choice.count")), 1),
        stream=given.get("gen_ai.request.stream") is True,
        stop=len(stops) if isinstance(stops, list) else 0,
        seed=given.get("gen_ai.request.seed") is not None or given.get("gen_ai.openai.request.seed") is not None,
        tools=len(_structured(given.get("gen_ai.tool.definitions"))),
        answer_format="json" if given.get("gen_ai.output.type") == "json" else "text",
    )


def _turns(span: Span) -> tuple[Message, ...]:
    """The request's messages, from the newest of the conventions that the span follows."""
    given = span.attributes
    system = _structured(given.get("gen_ai.system_instructions"))
    instruction = [message_of({"role": "system", "parts": system})] if system else []
    turns = messages_of(_structured(given.get("gen_ai.input.messages")))
    if not turns:
        turns = [_event_message(role, event) for role, event in _message_events(span)]
    return (*instruction, *(turns or numbered_messages(given, "gen_ai.prompt.")))


def _message_events(span: Span) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for event in span.events:
        if event.name in _EVENT_ROLES:
            yield _EVENT_ROLES[event.name], event.attributes


def _event_message(role: str, attributes: Mapping[str, Any]) -> Message:
    """The content stands in an attribute of its own, or in a JSON object in `gen_ai.event.content`."""
    inner = _decoded(attributes.get("gen_ai.event.content"))
    body = {**attributes, **inner} if isinstance(inner, dict) else attributes
    return message_of({"role": role, "content": body.get("content"), "tool_calls": body.get("tool_calls")})


def _response(span: Span) -> Response:
    given = span.attributes
    outputs = _structured(given.get("gen_ai.output.messages"))
    answers = messages_of(outputs, "assistant") or _choice_events(span)
    answers = answers or numbered_messages(given, "gen_ai.completion.")
    reasons = given.get("gen_ai.response.finish_reasons")
    reason = next((r for r in reasons if isinstance(r, str)), "") if isinstance(reasons, list) else ""
    return Response(
        text="\n".join([answer.text for answer in answers]),
        choices=len(answers) or (len(reasons) if isinstance(reasons, list) else 0),
        tool_calls=sum(answer.tool_calls for answer in answers),
        finish_reason="error" if span.is_error else {"tool_call": "tool_calls"}.get(reason, reason),
        usage=_usage(given),
    )


def _choice_events(span: Span) -> list[Message]:
    return [_choice(event.attributes) for event in span.events if event.name == "gen_ai.choice"]


def _choice(attributes: Mapping[str, Any]) -> Message:
    inner = _decoded(attributes.get("gen_ai.event.content"))
    body = inner if isinstance(inner, dict) else attributes
    message = _decoded(body.get("message"))
    if not isinstance(message, dict):
        message = {"content": message if isinstance(message, str) else body.get("content")}
    return message_of({**message, "role": "assistant"})


def _usage(given: Mapping[str, Any]) -> Usage:
    """Token counts under their present or earlier names; cached tokens are part of the input's count."""
    return Usage(
        _first_count(given, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        _first_count(given, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        _first_count(given, "gen_ai.usage.reasoning.output_tokens"),
    )


def _first_count(given: Mapping[str, Any], *names: str) -> int:
    return next((found for name in names if (found := _whole(given.get(name))) != UNKNOWN), UNKNOWN)


def _status(span: Span) -> int:
    code = span.attributes.get("http.response.status_code")
    if isinstance(code, int):
        return status_code(code)
    return UNKNOWN if span.is_error else 200


def _whole(value: Any) -> int:
    return total(value) if isinstance(value, int | float) and not isinstance(value, bool) else UNKNOWN


def _real(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _structured(value: Any) -> list[Any]:
    """A list that was recorded as such or as a JSON string; empty for anything else."""
    found = _decoded(value)
    return found if isinstance(found, list) else []


def _decoded(value: Any) -> Any:
    """What a string of JSON holds; the value itself if it is no such string."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return decoded_json(value.encode())
    except (ValueError, RecursionError):
        return value
