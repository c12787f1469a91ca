"""One connection to the upstream: carries one exchange at a time, and says what became of it.

Nothing of a block of bytes is handed on before the parser accepted all of it. What is no content (heads, interim ones
among them, trailers, extensions of chunks) is bounded, as the parser holds a field until it ends.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from stillwatch.gateway import answer_head
from stillwatch.gateway.answer_head import ANNOUNCED, KnownAnswer
from stillwatch.gateway.deadlines import NEVER
from stillwatch.gateway.guard import Header
from stillwatch.gateway.hygiene import FIELD_OVERHEAD
from stillwatch.gateway.known_heads import Parts, parts, same, seen
from stillwatch.gateway.worker_state import WorkerState

LARGE_BODY_BYTES = 65_536
"""Above, a body is handed to the kernel beside its head instead of being copied behind it. Chosen."""
_FIRST_FINAL_STATUS = 200


class Carried(Protocol):
    """The exchange that a connection carries."""

    is_head: bool

    def answer_begins(self, status: int, headers: list[Header]) -> None:
        """The final head arrived."""

    def known_answer(self, known: KnownAnswer, body: bytes) -> None:
        """A whole answer arrived, whose head was read before; the connection has forgotten the exchange."""

    def answer_goes_on(self, block: bytes, is_complete: bool) -> None:
        """More of the body, perhaps empty; after `is_complete` the connection forgets the exchange."""

    def upstream_failed(self, upstream: UpstreamConnection, status: int, why: str) -> None:
        """The connection is of no more use, and the answer is not complete."""


class UpstreamConnection(asyncio.Protocol):
    """`was_used`: it has carried an exchange before; `has_answered`: bytes of the present answer arrived."""

    __slots__ = (
        "_carried",
        "_contentless_bytes",
        "_has_head",
        "_headers",
        "_is_complete",
        "_is_new_head",
        "_is_reading_paused",
        "_is_reusable",
        "_is_until_close",
        "_last",
        "_parser",
        "_pieces",
        "_pool",
        "_state",
        "_status",
        "_transport",
        "deadline",
        "has_answered",
        "was_used",
    )
    _transport: asyncio.Transport

    def __init__(self, state: WorkerState, pool: Pooling) -> None:
        self._state = state
        self._pool = pool
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._carried: Carried | None = None
        self._last: tuple[Parts, KnownAnswer] | None = None
        self.was_used = self.has_answered = False
        self.deadline = NEVER

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    def carry(self, exchange: Carried, head: bytes, body: bytes) -> None:
        """Send a request and hand its answer to `exchange`."""
        self._carried = exchange
        self.has_answered = self._has_head = self._is_new_head = self._is_complete = False
        self._is_reusable = self._is_until_close = self._is_reading_paused = False
        self._headers: list[Header] = []
        self._pieces: list[bytes] = []
        self._contentless_bytes = 0
        self.deadline = self._state.now() + self._state.time_outs.first_byte
        if len(body) > LARGE_BODY_BYTES:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head + body)

    def ends_by_closing(self) -> None:
        """The exchange found that its answer has no other end than that of the connection."""
        self._is_until_close = True

    def pause(self) -> None:
        """Read no further: the client does not keep up. It has a deadline of its own."""
        if not self._is_reading_paused and self.is_open:
            self._is_reading_paused = True
            self.deadline = NEVER
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._is_reading_paused and self.is_open:
            self._is_reading_paused = False
            self.deadline = self._state.now() + self._state.time_outs.between
            self._transport.resume_reading()

    def close(self) -> None:
        """End it at once and forget the exchange."""
        self._carried = None
        self._transport.abort()

    def expire(self) -> None:
        """The phase lasted too long: idle, sending, waiting for the answer, or between two blocks of it."""
        self._fail(504, "The upstream did not answer in time.")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the methods and not the base class
        self._state.deadlines.watch(self)

    def connection_lost(self, reason: Exception | None) -> None:
        self._state.deadlines.forget(self)
        self._pool.lost(self)
        if self._carried is not None and self._is_until_close and reason is None:
            carried, self._carried = self._carried, None
            carried.answer_goes_on(b"", is_complete=True)
        else:
            self._fail(502, "The upstream closed the connection before its answer was complete.")
        self._parser = None

    def pause_writing(self) -> None:
        self.deadline = self._state.now() + self._state.time_outs.send

    def resume_writing(self) -> None:
        if self._carried is not None and not self.has_answered:
            self.deadline = self._state.now() + self._state.time_outs.first_byte

    def data_received(self, data: bytes) -> None:
        carried = self._carried
        if carried is None or self._parser is None:
            self.close()  # nobody asked: what it says next could pass for another's answer
            return
        key = b""
        if not self.has_answered:
            self.has_answered = True
            if self._last is not None and not carried.is_head and (body := same(data, self._last[0])) is not None:
                self._hand_on_known(carried, self._last[1], body)
                return
            head = None if carried.is_head else seen(data)
            if head is not None and len(head[2]) == head[1]:  # whole, in one piece
                key = head[0]
                known = self._state.known_answers.get(key)
                if known is not None:
                    if (halves := parts(data, head[2])) is not None:
                        self._last = halves, known
                    self._hand_on_known(carried, known, head[2])
                    return
        try:
            if key and head is not None:
                self._read_and_learn(key, data, len(data) - head[1])
            else:
                self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._is_reusable = False
            if not self._is_complete:
                self._fail(502, "The upstream's answer is not well-formed HTTP.")
                return
        if self._is_too_large(len(data)):
            self._fail(502, "The head of the upstream's answer is too large.")
            return
        if not self._is_reading_paused:
            self.deadline = self._state.now() + self._state.time_outs.between
        self._hand_on(carried)

    def _is_too_large(self, length: int) -> bool:
        """Is more than allowed no content: of what came since there was some, or of the head that is complete now?"""
        bounds = self._state.bounds
        self._contentless_bytes = 0 if self._pieces else self._contentless_bytes + length
        if self._contentless_bytes > bounds.answer_head_bytes:
            return True
        if not self._is_new_head:
            return False
        size = sum([len(name) + len(value) + FIELD_OVERHEAD for name, value in self._headers])
        return size > bounds.answer_head_bytes or len(self._headers) > bounds.answer_header_fields

    def _read_and_learn(self, key: bytes, data: bytes, end: int) -> None:
        """Read an answer whose head is not known, and know it if the parser says that it ends at `end`."""
        parser = self._parser
        assert parser is not None  # noqa: S101 - just looked at
        parser.feed_data(data[: end - 1])
        was_open = not self._has_head
        parser.feed_data(data[end - 1 : end])
        has_ended = was_open and self._has_head
        if end < len(data):
            parser.feed_data(data[end:])
        if has_ended and self._is_complete and self._is_reusable and not self._is_too_large(0):
            kept, framing = answer_head.read(self._status, self._headers, self._state.answer_kinds, is_head=False)
            if framing == ANNOUNCED:
                self._state.known_answers.learn(key, KnownAnswer(self._status, kept))

    def _hand_on_known(self, carried: Carried, known: KnownAnswer, body: bytes) -> None:
        """What `_hand_on` does, for a whole answer of which only the body is new."""
        self._carried = None
        self._is_reusable = True
        self._give_back()
        carried.known_answer(known, body)

    def _hand_on(self, carried: Carried) -> None:
        if self._is_new_head:
            self._is_new_head = False
            carried.answer_begins(self._status, self._headers)
        if self._is_complete:
            self._carried = None
            self._give_back()
        if self._pieces or self._is_complete:
            pieces, self._pieces = self._pieces, []
            carried.answer_goes_on(pieces[0] if len(pieces) == 1 else b"".join(pieces), self._is_complete)

    def _give_back(self) -> None:
        if self._is_reusable and self.is_open:
            self.was_used = True
            if self._is_reading_paused:
                self._transport.resume_reading()
            self.deadline = self._state.now() + self._state.time_outs.upstream_idle
            self._pool.give(self)
        else:
            self._transport.abort()

    def _fail(self, status: int, why: str) -> None:
        carried, self._carried = self._carried, None
        self._transport.abort()
        if carried is not None:
            carried.upstream_failed(self, status, why)

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise HttpParserError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101 - it is calling
        self._status = self._parser.get_status_code()
        if self._status < _FIRST_FINAL_STATUS:
            return
        self._has_head = self._is_new_head = True
        if self._carried is not None and self._carried.is_head:
            self._is_complete = True  # the parser cannot know, and waits for a body: not reusable

    def on_body(self, piece: bytes) -> None:
        if not self._is_complete:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if not self._has_head:
            self._headers = []  # RFC 9110, 15.2: interim answers may come at any time, and end here
            return
        assert self._parser is not None  # noqa: S101 - it is calling
        self._is_reusable = not self._is_complete and self._parser.should_keep_alive()
        self._is_complete = True


class Pooling(Protocol):
    """Where connections come from and go back to."""

    def give(self, upstream: UpstreamConnection) -> None:
        """It is idle."""

    def lost(self, upstream: UpstreamConnection) -> None:
        """It is closed."""
