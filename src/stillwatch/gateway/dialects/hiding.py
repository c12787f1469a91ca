"""Takes reasoning out of an answer on its way, where the request could not ask for an answer without.

Events without reasoning pass as the bytes that they were. The others are decoded, edited and written again; one of
which nothing is left is dropped. A piece that ends inside an event waits for the event's end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from stillwatch.errors import StillwatchError
from stillwatch.gateway.dialects.events import can_end, data_of, split

Value = dict[str, Any]
"""One decoded event or body: Any ends in the function that edits it."""
Edit = Callable[[Value], bool]
"""Takes the reasoning out of a decoded event or body, in place; False for an event of which nothing is left."""
MOST_EVENT_BYTES = 16 * 1024 * 1024
"""Chosen: several times the longest answer that a provider's last event repeats as a whole."""


class EventTooLong(StillwatchError):
    """What may hold reasoning cannot be let through unread, and cannot be held for ever."""


class Hider:
    """Hides the reasoning of one stream. `signs` are the strings of which every event with reasoning has one."""

    __slots__ = ("_edit", "_held", "_held_bytes", "_signs")

    def __init__(self, edit: Edit, signs: tuple[bytes, ...]) -> None:
        self._edit = edit
        self._signs = signs
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, piece: bytes) -> bytes:
        """What the client may see of the events that `piece` completes. Raises `EventTooLong`."""
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes > len(piece) and not can_end(piece):
            if self._held_bytes > MOST_EVENT_BYTES:
                raise EventTooLong(f"an event of a stream has more than {MOST_EVENT_BYTES} bytes")
            return b""
        events, rest = split(b"".join(self._held))
        self._held, self._held_bytes = [rest] if rest else [], len(rest)
        return b"".join([self._seen(event) for event in events])

    def close(self) -> bytes:
        """What the client may see of an event that never ended."""
        rest, self._held, self._held_bytes = b"".join(self._held), [], 0
        return self._seen(rest) if rest else b""

    def _seen(self, event: bytes) -> bytes:
        if not any(sign in event for sign in self._signs):
            return event
        data = data_of(event)
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return b""  # fails closed: it has a sign of reasoning, and nobody can say what else
        if not isinstance(value, dict):
            return event
        before = msgspec.json.encode(value)
        if not self._edit(value):
            return b""
        after = msgspec.json.encode(value)
        return event if after == before else event.replace(data, after)


def hidden(body: bytes, edit: Edit, signs: tuple[bytes, ...]) -> bytes:
    """A whole body without reasoning; the same bytes where there was none."""
    if not any(sign in body for sign in signs):
        return body
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return b"{}"  # fails closed, as above
    before = msgspec.json.encode(value)
    for part in value if isinstance(value, list) else [value]:  # Gemini streams a list where no events are asked for
        if isinstance(part, dict):
            edit(part)
    after = msgspec.json.encode(value)
    return body if after == before else after


def objects(value: object) -> list[Value]:
    """The objects of a list; none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
