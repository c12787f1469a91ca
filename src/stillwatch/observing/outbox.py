"""The worker's end: exchanges go out as fast as the observer takes them, and are shed, counted, when it does not.

A customer's request never waits for observation. What is queued is bounded in bytes; what does not fit is dropped and
counted, and so is everything while nobody listens. The connection is made again by itself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import cast

from stillwatch.observing.frames import Observed, framed

MAX_QUEUED_BYTES = 32 * 1024 * 1024
"""Chosen: some seconds of a busy worker's traffic."""
RECONNECT_SECONDS = 0.5
FLUSH_SECONDS = 5.0
"""Chosen: an observer that works takes what is queued in less; for one that does not, a worker's end cannot wait."""
_POLL_SECONDS = 0.01


class Outbox(asyncio.Protocol):
    """Sends to the observer at `socket`. `sent` and `shed` count exchanges, for the metrics."""

    def __init__(self, socket: Path, max_queued_bytes: int = MAX_QUEUED_BYTES) -> None:
        self._socket = socket
        self._most = max_queued_bytes
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()
        self.sent = 0
        self.shed = 0

    def offer(self, observed: Observed) -> bool:
        """Hand on one exchange; False where it was shed. Never waits."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > self._most:
            self.shed += 1
            return False
        transport.write(framed(observed))
        self.sent += 1
        return True

    async def keep_connected(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._lost.clear()
                with suppress(OSError):  # nobody listens yet: what is offered meanwhile is shed and counted
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
        while self._transport is not None and self._transport.get_write_buffer_size() and loop.time() < latest:
            await asyncio.sleep(_POLL_SECONDS)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A write transport by what it does; by its class, uvloop's is none.
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost.set()
