"""Opens streams, keeps them open together, and checks every frame: `PORT STREAMS FRAMES SECONDS`.

Prints one line of JSON: streams that were whole, frames that came, frames that were lost or came out of turn, and the
most streams that were open at a time. With SECONDS above 0 a stream that ends is followed by another until then.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.streams.frames import Check

_BODY = b'{"model":"m","messages":[{"role":"user","content":"Who grinds the rye?"}],"stream":true}'
_REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk-benchmark\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_AT_A_TIME = 200
"""Connections that are opened together. Chosen: below the backlog of a listening socket."""


class Counts:
    """What all clients got."""

    def __init__(self, frames: int) -> None:
        self.frames_each = frames
        self.whole = self.broken = self.frames = self.lost = self.open = self.most_open = 0

    def ended(self, check: Check) -> None:
        self.open -= 1
        is_whole = check.is_whole and check.next == self.frames_each and not check.wrong
        self.whole += is_whole
        self.broken += not is_whole
        self.frames += check.next
        self.lost += check.wrong + max(self.frames_each - check.next, 0)


class _Client(asyncio.Protocol):
    def __init__(self, counts: Counts, ended: asyncio.Future[None]) -> None:
        self._counts, self._ended, self._check, self._has_begun = counts, ended, Check(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(_REQUEST)  # type: ignore[attr-defined]  # a stream's transport

    def data_received(self, data: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._counts.open += 1
            self._counts.most_open = max(self._counts.most_open, self._counts.open)
        self._check.feed(data)
        if self._check.is_whole:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._has_begun:
            self._counts.open += 1
        self._counts.ended(self._check)
        self._ended.set_result(None)


async def _streams(port: int, counts: Counts, gate: asyncio.Semaphore, until: float) -> None:
    """One stream after the other until the moment `until`, and at least one."""
    loop = asyncio.get_running_loop()
    while True:
        ended: asyncio.Future[None] = loop.create_future()
        async with gate:
            await loop.create_connection(lambda ended=ended: _Client(counts, ended), "127.0.0.1", port)  # type: ignore[misc]  # bound now
        await ended
        if time.monotonic() >= until:
            return


async def _load(port: int, streams: int, frames: int, seconds: float) -> None:
    counts, gate = Counts(frames), asyncio.Semaphore(_AT_A_TIME)
    until = time.monotonic() + seconds
    await asyncio.gather(*[_streams(port, counts, gate, until) for _ in range(streams)])
    said = {name: getattr(counts, name) for name in ("whole", "broken", "frames", "lost", "most_open")}
    print(json.dumps(said))


if __name__ == "__main__":
    uvloop.run(_load(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
