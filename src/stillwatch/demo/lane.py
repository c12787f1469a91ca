"""One account's way to the provider: a few connections from its own address, and a short queue behind them."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable

from stillwatch.demo.client import Answered, ClientConnection
from stillwatch.demo.wire import Ready

_MOST_CONNECTIONS, _MOST_QUEUED = 6, 60
"""Chosen: as SDKs' pools for one program; who is throttled has more to send than that, and gives some up."""

Done = Callable[[Ready, Answered | None], None]
"""Told of each request that came to an end; None where the connection broke."""


class Lane:
    """Sends what it is given, in order. `done` is called once for each request that was taken."""

    def __init__(self, host: str, port: int, address: str, done: Done) -> None:
        self._host, self._port, self._address = host, port, address
        self._done = done
        self._idle: list[ClientConnection] = []
        self._queue: deque[Ready] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """Requests that wait or are being answered."""
        return len(self._queue) + len(self._workers)

    def send(self, ready: Ready) -> bool:
        """Take a request; False where too many wait already."""
        if len(self._queue) >= _MOST_QUEUED:
            return False
        self._queue.append(ready)
        if len(self._workers) < _MOST_CONNECTIONS:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return True

    async def _work(self) -> None:
        """Send until the queue is empty."""
        while self._queue:
            ready = self._queue.popleft()
            try:
                connection = await self._connected()
                answered = await connection.ask(ready.data)
            except OSError:  # refused, reset, or closed while it was asked
                self._done(ready, None)
                continue
            if connection.is_open:
                self._idle.append(connection)
            self._done(ready, answered)

    async def _connected(self) -> ClientConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                ClientConnection, self._host, self._port, local_addr=(self._address, 0)
            )
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            _, connection = await loop.create_connection(ClientConnection, self._host, self._port)
        return connection

    def close(self) -> None:
        """End everything that is under way."""
        self._queue.clear()
        for worker in tuple(self._workers):
            worker.cancel()
        for connection in self._idle:
            connection.close()
