"""Trace spans as values, from OTLP/JSON and from the Python SDK's console exporter.

OTLP wraps each attribute in its type; the console writes plain JSON. Both become one `Span` with a flat
mapping of attributes; the resource's attributes stand behind the span's own.

Source: OTLP specification 1.x, "JSON Protobuf Encoding"; opentelemetry-python, `ReadableSpan.to_json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from stillwatch.errors import MalformedRow
from stillwatch.exchange.wire import repaired

MAX_VALUE_DEPTH = 16  # chosen: attributes of the conventions nest at most four deep


class SpanEvent(NamedTuple):
    """Something that happened within a span."""

    name: str
    attributes: Mapping[str, Any]


class Span(NamedTuple):
    """One unit of work. `start_us` is UTC microseconds since 1970."""

    id: str
    start_us: int
    attributes: Mapping[str, Any]
    events: tuple[SpanEvent, ...]
    is_error: bool


def read_spans(line: bytes) -> Iterator[Span]:
    """The spans of one OTLP message or the one span of the console; raise `MalformedRow` where it is neither."""
    document = _json(line)
    resources = document.get("resourceSpans", document.get("resource_spans"))
    if resources is None:
        yield _console_span(document)
        return
    for resource in _dicts(resources):
        shared = _attributes(_dict(resource.get("resource")).get("attributes"))
        for scope in _dicts(resource.get("scopeSpans", resource.get("scope_spans"))):
            for span in _dicts(scope.get("spans")):
                yield _otlp_span(span, shared)


def _json(line: bytes) -> dict[str, Any]:
    try:
        document = decoded_json(line)
    except RecursionError:
        raise MalformedRow("line is nested too deeply") from None
    except ValueError:
        raise MalformedRow("line is not whole JSON") from None
    if not isinstance(document, dict):
        raise MalformedRow("line is not a JSON object")
    return document


def decoded_json(text: bytes) -> Any:
    """Any JSON value, also if it strays from the standard; raises ValueError or RecursionError."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return msgspec.json.decode(repaired(text))


def _otlp_span(span: dict[str, Any], shared: Mapping[str, Any]) -> Span:
    events = [SpanEvent(_text(e.get("name")), _attributes(e.get("attributes"))) for e in _dicts(span.get("events"))]
    return Span(
        id=_text(span.get("spanId", span.get("span_id"))),
        start_us=_nanoseconds(span.get("startTimeUnixNano", span.get("start_time_unix_nano"))),
        attributes={**shared, **_attributes(span.get("attributes"))},
        events=tuple(events),
        is_error=_dict(span.get("status")).get("code") in (2, "STATUS_CODE_ERROR"),
    )


def _console_span(span: dict[str, Any]) -> Span:
    if "attributes" not in span or "start_time" not in span:
        raise MalformedRow("line is neither OTLP spans nor a span of the console exporter")
    shared = _dict(_dict(span.get("resource")).get("attributes"))
    events = [SpanEvent(_text(e.get("name")), _dict(e.get("attributes"))) for e in _dicts(span.get("events"))]
    return Span(
        id=_text(_dict(span.get("context")).get("span_id")),
        start_us=_iso_time(span.get("start_time")),
        attributes={**shared, **_dict(span.get("attributes"))},
        events=tuple(events),
        is_error=_dict(span.get("status")).get("status_code") == "ERROR",
    )


def _nanoseconds(value: Any) -> int:
    """OTLP/JSON writes 64-bit numbers as strings; some exporters write them plain. 0 where there is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    return value // 1000 if isinstance(value, int) else 0


def _iso_time(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1e6)
    except (ValueError, TypeError, OverflowError):
        return 0


def _attributes(pairs: Any) -> dict[str, Any]:
    return {_text(pair.get("key")): _value(pair.get("value"), MAX_VALUE_DEPTH) for pair in _dicts(pairs)}


def _value(wrapped: Any, depth: int) -> Any:
    """An OTLP AnyValue without its wrapping."""
    if not isinstance(wrapped, dict) or depth == 0:
        return None
    for kind, value in wrapped.items():
        match kind:
            case "stringValue" | "boolValue" | "doubleValue" | "string_value" | "bool_value" | "double_value":
                return value
            case "intValue" | "int_value":
                return _integer(value)
            case "arrayValue" | "array_value":
                return [_value(item, depth - 1) for item in _dicts(_dict(value).get("values"))]
            case "kvlistValue" | "kvlist_value":
                pairs = _dicts(_dict(value).get("values"))
                return {_text(pair.get("key")): _value(pair.get("value"), depth - 1) for pair in pairs}
    return None


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() and len(digits) <= 19 else None
    return value if isinstance(value, int) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
