"""An upstream that streams numbered frames to all who ask: `PORT FRAMES INTERVAL_SECONDS TOGETHER`.

A stream gets a frame after each interval, from when TOGETHER of them are open.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from benchmarks.streams.frames import DONE, HEAD, chunk, frame

_LAST = chunk(DONE) + b"0\r\n\r\n"
_STEPS = 20
"""Into which an interval is divided, so that streams do not speak all at once."""


class _Stream(asyncio.Protocol):
    """One connection; what this benchmark sends ends in a brace."""

    def __init__(self, turns: list[set[_Stream]], counter: list[int]) -> None:
        counter[0] += 1
        self._mine = turns[counter[0] % _STEPS]
        self._rest = b""
        self.sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if self._rest.endswith(b"}"):
            self._rest, self.sent = b"", 0
            self.transport.write(HEAD)  # type: ignore[attr-defined]  # a stream's transport
            self._mine.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._mine.discard(self)

    def speak(self, chunks: list[bytes]) -> None:
        """One frame, and the end after the last."""
        is_last = self.sent == len(chunks) - 1
        self.transport.write(chunks[self.sent] + (_LAST if is_last else b""))  # type: ignore[attr-defined]  # as above
        self.sent += 1
        if is_last:
            self._mine.discard(self)


async def _serve(port: int, frames: int, interval: float, together: int) -> None:
    turns: list[set[_Stream]] = [set() for _ in range(_STEPS)]
    counter = [0]
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: _Stream(turns, counter), "127.0.0.1", port, backlog=4096)
    chunks = [chunk(frame(number)) for number in range(frames)]
    while sum(map(len, turns)) < together:
        await asyncio.sleep(interval / _STEPS)
    while True:
        for turn in turns:
            await asyncio.sleep(interval / _STEPS)
            for stream in tuple(turn):
                stream.speak(chunks)


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
