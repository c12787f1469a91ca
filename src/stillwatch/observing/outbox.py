"""The worker's end: exchanges go out as fast as the observer takes them, and are shed, counted, when it does not.

A customer's request never waits for observation. What is queued is bounded in bytes, also while nobody listens; what
does not fit is dropped and counted. The connection is made again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from stillwatch.observing.frames import BrokenFrame, Deframer, Learned, Observed, framed

MAX_QUEUED_BYTES = 32 * 1024 * 1024
"""Chosen: some seconds of a busy worker's traffic."""
RECONNECT_SECONDS = 0.5
GATHER_SECONDS = 0.02
"""What is offered within this time is framed together and goes out in one write. Chosen: a write for each takes longer
than its request."""
_BESIDE_BYTES = 512
"""Of an exchange, beside its request and its answer. Chosen: about what names and header fields take."""
FLUSH_SECONDS = 5.0
"""Chosen: an observer that works takes what is queued in less; for one that does not, a worker's end cannot wait."""
_POLL_SECONDS = 0.01


class Outbox(asyncio.Protocol):
    """Sends to the observer at `socket`. `sent` and `shed` count exchanges, for the metrics.

    `learned` is called with what the observer answers; as with what is sent, some of it may be lost.
    """

    def __init__(
        self,
        socket: Path,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
        learned: Callable[[Learned], object] | None = None,
    ) -> None:
        self._socket = socket
        self._learned = learned
        self._frames = Deframer(Learned)
        self._most = max_queued_bytes
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()
        self._waiting: list[Observed] = []  # of the last moment, or for an observer that is not there
        self._waiting_bytes = 0
        self._handed_on = 0  # and not taken when it was last looked at: since then only fewer
        self._is_gathering = False
        self.sent = 0
        self.shed = 0

    @property
    def is_connected(self) -> bool:
        """Whether an observer takes what is sent now."""
        return self._transport is not None

    def offer(self, observed: Observed) -> bool:
        """Hand on one exchange; False where it was shed. Never waits."""
        if self._waiting_bytes + self._handed_on > self._most and self._queued_bytes() > self._most:
            self.shed += 1
            return False
        self._waiting.append(observed)
        self._waiting_bytes += len(observed.body) + len(observed.response) + _BESIDE_BYTES
        if not self._is_gathering and self._transport is not None:
            self._is_gathering = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._send)
        self.sent += 1
        return True

    async def keep_connected(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._lost.clear()
                with suppress(OSError):  # nobody listens yet: what is offered meanwhile waits, as far as it fits
                    await loop.create_unix_connection(lambda: self, str(self._socket))
                    await self._lost.wait()
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            if self._transport is not None:
                self._transport.close()

    async def flush(self) -> None:
        """Wait until the observer has taken what was sent, but not for long."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + FLUSH_SECONDS
        while self._queued_bytes() and loop.time() < latest:
            await asyncio.sleep(_POLL_SECONDS)

    def _queued_bytes(self) -> int:
        self._handed_on = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._waiting_bytes + self._handed_on

    def _send(self) -> None:
        """Hand on what was gathered; without an observer it goes on waiting."""
        self._is_gathering = False
        if self._transport is not None and self._waiting:
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._transport.write(framed(*waiting))
            self._handed_on = self._transport.get_write_buffer_size()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A write transport by what it does; by its class, uvloop's is none.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._frames = Deframer(Learned)
        self._send()

    def data_received(self, data: bytes) -> None:
        try:
            for learned in self._frames.feed(data):
                if self._learned is not None:
                    self._learned(learned)
        except BrokenFrame:  # no observer of ours speaks there: another connection may find one
            if self._transport is not None:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport, self._handed_on = None, 0
        self._lost.set()
