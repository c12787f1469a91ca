"""Bytes of a client become complete requests, or one refusal: nothing after a refused byte is read.

The parser is llhttp, strict. A head is bounded while it arrives, a body before it is kept. Trailer fields are counted
and left out (RFC 9110, 6.5.1); chunk extensions are ignored (RFC 9112, 7.1.1). A head that was read before is not read
again (`known_heads.py`): its request is made anew with the body of the length that it announces. It is known from when
a request with it went on.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from stillwatch.gateway import framing
from stillwatch.gateway.guard import Header, KnownRequest, Request
from stillwatch.gateway.hygiene import (
    CODING,
    CONNECTION,
    DROP,
    EXPECT,
    FIELD_OVERHEAD,
    FORWARDED_FOR,
    HOST,
    LENGTH,
    named_in,
    without,
)
from stillwatch.gateway.known_heads import NO_LENGTH, Parts, parts, same, seen
from stillwatch.gateway.refusal import Refusal
from stillwatch.gateway.worker_state import WorkerState

_MOST_OVERHEAD_PER_BYTE = 8
"""Chunked content of single bytes takes 6 bytes for each; more are chunk extensions, which buy a client our time."""


# Where in a request the bytes that came so far end. Plain numbers: a member of an enum costs a search each time.
BETWEEN: Final = 0
HEAD: Final = 1
BODY: Final = 2


class RequestReader:
    """The requests of one connection. `ready` holds complete ones in order; `refusal` what came after them."""

    __slots__ = (
        "_announced",
        "_awaited",
        "_chunked_bytes",
        "_fields",
        "_head_bytes",
        "_is_chunked",
        "_last",
        "_may_know",
        "_parser",
        "_peer",
        "_pieces",
        "_request",
        "_size",
        "_state",
        "_target",
        "_trailer_bytes",
        "phase",
        "ready",
        "refusal",
        "wants_continue",
    )

    def __init__(self, state: WorkerState, peer: str) -> None:
        self._state = state
        self._peer = peer
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._head_bytes = self._chunked_bytes = self._size = 0
        self._awaited = 0  # bytes of the body of a known head
        self._may_know = True  # the parser stands between two requests
        self._last: tuple[Parts, KnownRequest] | None = None
        self._pieces: list[bytes] = []
        self.phase: int = BETWEEN
        self.ready: deque[Request] = deque()
        self.refusal: Refusal | None = None
        self.wants_continue = False

    def again(self, data: bytes) -> Request | None:
        """The one request that `data` is, if its head is the connection's last and nothing else is to be said of it.

        To be asked where nothing is ready and no request has begun; where it answers None nothing has changed.
        """
        if self._last is None or not self._may_know or self.phase != BETWEEN:
            return None
        parts, known = self._last
        body = same(data, parts)
        state = self._state
        if body is None or len(body) > state.bounds.body_bytes:
            return None
        if (
            state.buffered_bytes + len(body) > state.bounds.buffered_bytes
            or len(data) - len(body) > state.bounds.head_bytes
        ):
            return None
        state.buffered_bytes += len(body)
        return Request(known.method, known.target, None, body, self._peer, known)

    def feed(self, data: bytes) -> None:
        """Read on. Afterwards `ready`, `phase` and `refusal` say what there is."""
        if self._parser is None or self.refusal is not None:
            return
        if self._awaited:
            self._go_on(data)
            return
        key, end = b"", 0
        if self._may_know and not self.ready and (head := seen(data)) is not None:
            key, length, body = head
            end = len(data) - len(body)
            if (known := self._state.known_requests.get(key)) is not None:
                key = b""
                if self._begin_known(known, length, body, end):
                    if (halves := parts(data, body)) is not None:
                        self._last = halves, known
                    return
        self._head_bytes += len(data)
        try:
            if key:
                self._read_anew(key, length, data, end)
            else:
                self._parser.feed_data(data)
            self._check_what_is_open(len(data))
        except HttpParserUpgrade:
            self._refuse(Refusal(501, "Upgrades and tunnels are not served."))
        except HttpParserError:
            if not (self.ready and not self.ready[-1].keep_alive):  # after `close` nothing is read, so nothing is wrong
                self._refuse(Refusal(400, "The request is not well-formed HTTP/1.1."))
        except Refusal as refusal:
            self._refuse(refusal)

    def _begin_known(self, known: KnownRequest, length: int, body: bytes, end: int) -> bool:
        """Make the request of a known head; False where anything about its size is not as usual."""
        state, size = self._state, len(body)
        if length == NO_LENGTH:
            length = 0
        bounds = state.bounds
        if size > length or length > bounds.body_bytes or end > bounds.head_bytes:
            return False
        if state.buffered_bytes + size > bounds.buffered_bytes:
            return False
        state.buffered_bytes += size
        if size == length:
            self.ready.append(Request(known.method, known.target, None, body, self._peer, known))
            return True
        self._request = Request(known.method, known.target, None, b"", self._peer, known)
        self._awaited = length - size
        self._size = size
        self._pieces = [body] if size else []
        self.phase = BODY
        return True

    def _go_on(self, data: bytes) -> None:
        """Take in the body of a known head, and read on behind it."""
        awaited = self._awaited
        try:
            self.on_body(data[:awaited])
            self._awaited = max(awaited - len(data), 0)
            if not self._awaited:
                self.on_message_complete()
        except Refusal as refusal:
            self._refuse(refusal)
        if len(data) > awaited:
            self.feed(data[awaited:])

    def _read_anew(self, key: bytes, length: int, data: bytes, end: int) -> None:
        """Read a request whose head is not known; it can be from now on, if the parser says that it ends at `end`."""
        parser = self._parser
        assert parser is not None  # noqa: S101 - just looked at
        parser.feed_data(data[: end - 1])
        was_open = self.phase == HEAD
        parser.feed_data(data[end - 1 : end])
        if was_open and self.phase != HEAD and self.refusal is None and length == self._announced:
            request = self._request
            if request.keep_alive and not (request.is_http_10 or self._is_chunked or self.wants_continue):
                request.known = KnownRequest(request.method, request.target, tuple(request.headers), request.host, key)
        if end < len(data):
            parser.feed_data(data[end:])

    def close(self) -> None:
        """Let go of the parser, which holds this object, and of what is held."""
        self._parser = None
        self._state.buffered_bytes -= self._size + sum(request.held_bytes for request in self.ready)
        self._size = self._awaited = 0
        self._pieces = []
        self.ready.clear()

    def on_message_begin(self) -> None:
        self._target = b""
        self._fields: list[Header] = []
        self._trailer_bytes = 0
        self._chunked_bytes = 0
        self.phase = HEAD
        self._may_know = False

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase == BODY:
            self._trailer_bytes += len(name) + len(value)
            if self._trailer_bytes > self._state.bounds.head_bytes:
                self._stop(Refusal(431, "The trailer is too large."))
        else:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        try:
            self._begin_request()
        except Refusal as refusal:
            self._stop(refusal)

    def on_body(self, piece: bytes) -> None:
        state = self._state
        self._size += len(piece)
        state.buffered_bytes += len(piece)
        self.wants_continue = False
        if self._size > state.bounds.body_bytes:
            self._stop(Refusal(413, f"A request body may have {state.bounds.body_bytes} bytes."))
        if state.buffered_bytes > state.bounds.buffered_bytes:
            self._stop(Refusal(503, "Too many large requests at once. Try again."))
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        request = self._request
        if self._pieces:
            request.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            request.held_bytes = self._size
            self._pieces = []
            self._size = 0
        self.phase = BETWEEN
        self._may_know = request.keep_alive
        self.wants_continue = False
        self._head_bytes = 0
        if len(self.ready) >= self._state.bounds.pipelined:
            self._stop(Refusal(400, "Too many requests without waiting for an answer."))
        self.ready.append(request)

    def _begin_request(self) -> None:
        """Check the head as a whole, in this order: size, start line, framing, host, target."""
        state = self._state
        parser = self._parser
        assert parser is not None  # noqa: S101 - it is calling
        fields = self._fields
        self._check_head_size()  # also of one that came with the end of another, whose bytes nobody counted
        method = parser.get_method()
        version = parser.get_http_version()
        framing.check_start(method, version)
        if parser.should_upgrade():  # the parser would not read the body, and the upstream might
            raise Refusal(501, "Upgrades and tunnels are not served.")
        kinds = state.request_kinds
        kept: list[Header] = []
        special: list[tuple[int, bytes]] = []
        for field in fields:
            kind = kinds[field[0]]
            if not kind:
                kept.append(field)
            elif kind != DROP:
                special.append((kind, field[1]))
        request = self._request = Request(method, self._target, kept, b"", self._peer)
        request.is_http_10 = version == "1.0"
        request.keep_alive = parser.should_keep_alive()
        self._apply(request, special)
        self.phase = BODY

    def _apply(self, request: Request, special: list[tuple[int, bytes]]) -> None:
        """What the fields say that are about the message itself."""
        hosts: list[bytes] = []
        codings: list[bytes] = []
        self._is_chunked = False
        self._announced = NO_LENGTH
        length = 0
        expects = False
        for kind, value in special:
            if kind == HOST:
                hosts.append(value)
            elif kind == LENGTH:
                length = self._announced = int(value)
            elif kind == CODING:
                codings.append(value)
            elif kind == CONNECTION:
                if names := named_in(value):
                    request.headers = without(request.headers, names)
            elif kind == EXPECT:
                expects = _check_expectation(value)
            elif kind == FORWARDED_FOR:
                request.headers.append((b"X-Forwarded-For", value))
        if codings:
            framing.check_coding(codings)
            self._is_chunked = True
        if length > self._state.bounds.body_bytes:
            raise Refusal(413, f"A request body may have {self._state.bounds.body_bytes} bytes.")
        host = framing.check_host(hosts, request.is_http_10)
        request.target, request.host = framing.origin_form(request.target, request.method, host)
        self.wants_continue = expects and not request.is_http_10 and bool(length or codings)

    def _check_head_size(self) -> None:
        if len(self._fields) > self._state.bounds.header_fields:
            raise Refusal(431, f"A request may have {self._state.bounds.header_fields} header fields.")
        size = len(self._target) + sum(len(name) + len(value) + FIELD_OVERHEAD for name, value in self._fields)
        if size > self._state.bounds.head_bytes:
            raise Refusal(431, f"A request head may have {self._state.bounds.head_bytes} bytes.")

    def _check_what_is_open(self, length: int) -> None:
        """Bound what arrived of a message that is not complete: its head, and the wrapping of its chunks."""
        if self.phase == BODY:
            if not self._is_chunked:
                return
            self._chunked_bytes += length
            if self._chunked_bytes > _MOST_OVERHEAD_PER_BYTE * self._size + 2 * self._state.bounds.head_bytes:
                raise Refusal(400, "The chunks hold too little.")
        elif self._head_bytes > self._state.bounds.head_bytes:
            raise Refusal(431, f"A request head may have {self._state.bounds.head_bytes} bytes.")

    def _stop(self, refusal: Refusal) -> None:
        """Keep `refusal` past the parser, which hides what a callback raises, and end the parsing."""
        self.refusal = refusal
        raise refusal

    def _refuse(self, refusal: Refusal) -> None:
        self.refusal = self.refusal or refusal
        self._state.buffered_bytes -= self._size
        self._size = 0
        self._pieces = []


def _check_expectation(value: bytes) -> bool:
    # RFC 9110, 10.1.1: the only expectation that is defined.
    if value.strip().lower() != b"100-continue":
        raise Refusal(417, "The only expectation served is 100-continue.")
    return True
