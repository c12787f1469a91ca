"""A response as logs hold it, read by the assembler of its wire format.

Four forms: the whole JSON object; a list of stream events (objects, {"event", "data"} pairs or strings, and
also Gemini's unframed stream, which is such a list); raw server-sent events; or any of these in a JSON string.
"""

from __future__ import annotations

import msgspec

from stillwatch.errors import MalformedRow
from stillwatch.exchange.event_stream import Assembler, EventStream
from stillwatch.exchange.record import Response
from stillwatch.exchange.wire import Body, elements, members

UNREADABLE = Response(finish_reason="unreadable", is_complete=False)
"""Stands for a response that was logged and that nobody can read: a proxy's error page, a cut line."""

_CLOSING_MARK = b"[DONE]"  # OpenAI's; the others close with an event of their own
_EVENT_FIELDS = frozenset({"event", "data", "id", "retry"})
_FIELD_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")


def read_response(assembler: Assembler, body: Body) -> Response:
    """What the model gave back; `UNREADABLE` where the form is none of the four. Never raises."""
    recorded = bytes(body).strip()
    if recorded[:1] == b'"':
        recorded = _unquoted(recorded).strip()
    try:
        return _read(assembler, recorded)
    except MalformedRow:
        return UNREADABLE


def observe_event(assembler: Assembler, data: Body) -> None:
    """Take in one event of a stream. Data that is no JSON object (a keep-alive) says nothing and is passed over."""
    if bytes(data).strip() == _CLOSING_MARK:
        assembler.close()
        return
    try:
        assembler.observe(data)
    except MalformedRow:
        return


def _read(assembler: Assembler, recorded: bytes) -> Response:
    if recorded[:1] == b"{":
        return assembler.whole(recorded)
    if recorded[:1] == b"[":
        for item in elements(recorded):
            _observe_item(assembler, bytes(item))
    elif recorded.startswith(_FIELD_STARTS):
        _observe_text(assembler, recorded)
    else:
        raise MalformedRow("response is neither JSON nor a stream of events")
    return assembler.response()


def _observe_item(assembler: Assembler, item: bytes) -> None:
    if item[:1] == b'"':
        item = _unquoted(item)
        if item.startswith(_FIELD_STARTS):
            _observe_text(assembler, item)
            return
    parts = members(item)
    if "data" in parts and parts.keys() <= _EVENT_FIELDS:
        data = bytes(parts["data"])
        item = _unquoted(data) if data[:1] == b'"' else data
    observe_event(assembler, item)


def _observe_text(assembler: Assembler, text: bytes) -> None:
    stream = EventStream()
    for event in stream.feed(text) + stream.finish():
        observe_event(assembler, event.data)


def _unquoted(text: bytes) -> bytes:
    """The content of a JSON string, empty if it cannot be read."""
    try:
        return msgspec.json.decode(text, type=str).encode()
    except (ValueError, RecursionError):
        return b""
