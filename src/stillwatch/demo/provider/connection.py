"""One connection of a client: requests in their order, each answer at the pace at which a model speaks.

HTTP/1.1 by httptools, without TLS: a server for demonstrations on one machine, not for the open network.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import accumulate
from typing import cast
from urllib.parse import unquote

import httptools

from stillwatch.demo.provider import misbehaviour
from stillwatch.demo.provider.errors import Provider, error
from stillwatch.demo.provider.misbehaviour import HONEST, Misbehaviour
from stillwatch.demo.provider.reply import Block, Reply
from stillwatch.demo.provider.routes import Routes
from stillwatch.demo.provider.wish import BadWish

_MOST_BODY_BYTES = 64 * 1024 * 1024  # chosen: twice what the gateway lets pass
_MOST_HEAD_BYTES, _MOST_PIPELINED = 256 * 1024, 64  # chosen: far above any client; who sends more is cut off
_OVERLONG = b"x" * (1 << 20)
_GARBAGE = b"\x16\x03\x01 this is no HTTP \x00\xff\r\n\r\n"
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_TICK_SECONDS = 0.05
"""Events that are due within it go out together. Chosen: text still flows, and a stream costs a fifth."""
_LAST_CHUNK = b"0\r\n\r\n"
_PROCESSING = b"OpenAI-Processing-Ms"
"""Milliseconds to the first token of a stream, or to the end of a whole answer; in answers of all formats."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the model speaks: seconds before its first token, and tokens a second after it; 0: at once."""

    first_seconds: float = 0.0
    tokens_a_second: float = 0.0


class Connection(asyncio.Protocol):
    """A client's connection. `everybody` holds all that are open, for the end."""

    def __init__(self, routes: Routes, pace: Pace, everybody: set[Connection]) -> None:
        self._routes, self._pace, self._everybody = routes, pace, everybody
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Reply, Misbehaviour, bool]] = deque()
        self._is_busy = False
        self._url, self._body, self._head_bytes = b"", bytearray(), 0
        self._fields: dict[bytes, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None

    # -- asyncio.Protocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods and not the base class
        self._everybody.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._everybody.discard(self)
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            self.close()  # a fault of ours, which the loop reports
            raise
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self._transport.abort()

    # -- httptools ---------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url, self._body, self._fields, self._head_bytes = b"", bytearray(), {}, 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields[name.lower()] = value
        self._count(len(name) + len(value))

    def _count(self, head_bytes: int) -> None:
        self._head_bytes += head_bytes
        if self._head_bytes > _MOST_HEAD_BYTES:
            self._transport.abort()

    def on_headers_complete(self) -> None:
        if self._fields.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > _MOST_BODY_BYTES:
            self._transport.abort()

    def on_message_complete(self) -> None:
        path, _, query = self._url.partition(b"?")
        try:
            wanted = misbehaviour.asked(self._fields.get(misbehaviour.FIELD, b""), query)
        except BadWish as fault:
            wanted, reply = HONEST, error(Provider.OPENAI, 400, f"{fault}.")
        else:
            reply = self._routes.answer(
                unquote(path.decode("latin-1")),
                query.decode("latin-1"),
                bytes(self._body),
                wanted,
                fields=self._fields,
            )
        self._waiting.append((reply, wanted, self._parser.should_keep_alive()))
        if len(self._waiting) > _MOST_PIPELINED:
            self._transport.abort()
        if not self._is_busy:
            self._next()

    # -- answering ---------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Begin the answer to the oldest request that waits."""
        if not self._waiting:
            self._is_busy = False
            return
        self._is_busy = True
        reply, wanted, keeps = self._waiting.popleft()
        broken = _BROKEN.get(wanted.how)
        if broken is not None:
            broken(self)
            return
        stays = keeps and wanted.how not in ("stop-mid-stream", "wrong-length")
        now = self._loop.time()
        moments = _moments(reply.blocks, self._pace, wanted.seconds, now)
        moments = [*moments, moments[-1]] if reply.is_stream else moments[-1:]  # the last chunk with the last event
        blocks = _sent(reply, wanted, stays, moments[0] - now)
        if wanted.how == "stop-mid-stream":
            blocks = _half(blocks)
        self._say(deque(zip(moments, blocks, strict=False)), stays)

    def _say(self, blocks: deque[tuple[float, bytes]], stays: bool) -> None:
        """Write what is due, and come back for the rest."""
        now, ready = self._loop.time(), []
        while blocks and blocks[0][0] <= now:
            ready.append(blocks.popleft()[1])
        if ready:
            self._transport.write(b"".join(ready))
        if blocks:
            self._timer = self._loop.call_at(max(blocks[0][0], now + _TICK_SECONDS), self._say, blocks, stays)
        elif stays:
            self._next()
        else:
            self._transport.close()

    def _reset(self) -> None:
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends RST
        self._transport.abort()

    def _garble(self) -> None:
        self._transport.write(_GARBAGE)
        self._transport.close()

    def _hang(self) -> None:
        """Nothing more is said on this connection."""


_BROKEN = {"reset": Connection._reset, "garbage": Connection._garble, "hang": Connection._hang}


def _sent(reply: Reply, wanted: Misbehaviour, stays: bool, seconds: float) -> list[bytes]:
    """The bytes of the answer, its head with the first of them: chunks of a stream, or one body."""
    fields = [
        (b"Content-Type", reply.kind),
        (_PROCESSING, b"%d" % max(1, seconds * 1e3)),
        *reply.headers,
        (b"Connection", b"keep-alive" if stays else b"close"),
    ]
    if wanted.how == "overlong-head":
        fields.append((b"X-Overlong", _OVERLONG))
    if reply.is_stream:
        fields.append((b"Transfer-Encoding", b"chunked"))
        blocks = [b"%x\r\n%b\r\n" % (len(block), block) for _, block in reply.blocks]
        blocks.append(_LAST_CHUNK)
    else:
        blocks = [b"".join([block for _, block in reply.blocks])]
        length = len(blocks[0])
        fields.append((b"Content-Length", b"%d" % (2 * length if wanted.how == "wrong-length" else length)))
    head = b"HTTP/1.1 %d %b\r\n" % (reply.status, _REASONS.get(reply.status, b"Status"))
    head += b"".join([b"%b: %b\r\n" % field for field in fields]) + b"\r\n"
    return [head + blocks[0], *blocks[1:]]


def _half(blocks: list[bytes]) -> list[bytes]:
    """The first half: of the events, or of the one body."""
    if len(blocks) > 1:
        return blocks[: len(blocks) // 2]
    begins = blocks[0].index(b"\r\n\r\n") + 4  # after the head
    return [blocks[0][: (begins + len(blocks[0])) // 2]]


def _moments(blocks: Sequence[Block], pace: Pace, apart: float, now: float) -> list[float]:
    """When each block is due: as soon as its tokens are said. `apart`: at least so many seconds between any two."""
    a_token = 1.0 / pace.tokens_a_second if pace.tokens_a_second else 0.0
    steps = (max(tokens * a_token, apart) for tokens, _ in blocks)
    return list(accumulate(steps, initial=now + pace.first_seconds))[1:]
