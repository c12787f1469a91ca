"""Server-sent events, assembled chunk by chunk from pieces of any size.

Pieces may end anywhere: inside a UTF-8 character, between CR and LF, inside a field name. The same parser
serves a whole recorded stream and a live one, where a piece is what one read from the socket returned.

Source: WHATWG HTML, "Server-sent events", 9.2.5 (parsing) and 9.2.6 (interpretation).
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from stillwatch.exchange.record import Response
from stillwatch.exchange.wire import Body

MAX_EVENT_BYTES = 32 * 1024 * 1024  # chosen: above any image or audio chunk that a provider streams


class Event(NamedTuple):
    """One dispatched event. `data` is UTF-8; `name` is empty where the stream names none."""

    name: str
    data: bytes


class Assembler(Protocol):
    """Puts the answer of one wire format together."""

    def observe(self, data: Body) -> None:
        """Take in one event's data, or one whole response; raise `MalformedRow` where it is not an object."""

    def close(self) -> None:
        """The stream's closing mark was seen."""

    def response(self, is_whole: bool = False) -> Response:
        """What has been put together so far."""

    def whole(self, data: Body) -> Response:
        """The answer that one whole response is; raise `MalformedRow` where it is not an object."""
        self.observe(data)
        return self.response(is_whole=True)


class EventStream:
    """Turns bytes into events. An event over `MAX_EVENT_BYTES` is dropped and counted, never held."""

    def __init__(self) -> None:
        self.dropped_events = 0
        self._line = bytearray()  # the line that has not ended yet
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = ""
        self._after_cr = False
        self._at_start = True
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Event]:
        """The events that `piece` completes."""
        if self._after_cr and piece[:1] == b"\n":  # CR LF is one line end even if the two arrive apart
            piece = piece[1:]
            self._after_cr = False
        if not piece:
            return []
        self._after_cr = piece.endswith(b"\r")
        *whole, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        events = []
        for end in whole:
            self._extend(end)
            event = self._take_line()
            if event is not None:
                events.append(event)
        self._extend(rest)
        return events

    def finish(self) -> list[Event]:
        """The event that the end of the stream left without its blank line, if it has data.

        The standard discards it. A log that was trimmed at the end would lose its last event, so we keep it.
        """
        return self.feed(b"\n\n")

    def _extend(self, piece: bytes) -> None:
        if len(self._line) + len(piece) + self._data_bytes > MAX_EVENT_BYTES:
            self._is_too_long = True
        if self._is_too_long:  # one byte is enough to tell this line from the blank one that ends the event
            self._line = self._line[:1] or bytearray(piece[:1])
        else:
            self._line += piece

    def _take_line(self) -> Event | None:
        line = bytes(self._line)
        self._line.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value)
        elif field == b"event":
            self._name = value.decode(errors="replace")
        return None

    def _dispatch(self) -> Event | None:
        event = Event(self._name, b"\n".join(self._data)) if self._data else None
        if self._is_too_long:
            self.dropped_events += 1
            event = None
        self._data, self._data_bytes, self._name, self._is_too_long = [], 0, "", False
        return event
