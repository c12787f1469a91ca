"""Time-outs of many connections by one timer: each carries the moment at which its phase has failed.

Setting a deadline is one assignment, which a request does several times; a timer of the loop for each would cost more
than parsing its head. The price: a deadline is noticed up to one tick late.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

NEVER = float("inf")
_LONGEST_TICK_SECONDS = 0.5
_TICKS_PER_TIME_OUT = 4


class Dated(Protocol):
    """A connection with a deadline, on the loop's clock; `expire` is called when it has passed."""

    deadline: float

    def expire(self) -> None:
        """End the phase that lasted too long."""


class Deadlines:
    """All connections of a worker; `shortest_seconds` is the shortest time-out that it has to notice."""

    def __init__(self, loop: asyncio.AbstractEventLoop, shortest_seconds: float) -> None:
        self._loop = loop
        self._tick = min(_LONGEST_TICK_SECONDS, shortest_seconds / _TICKS_PER_TIME_OUT)
        self._watched: set[Dated] = set()
        self._timer = loop.call_later(self._tick, self._sweep)

    def watch(self, connection: Dated) -> None:
        self._watched.add(connection)

    def forget(self, connection: Dated) -> None:
        self._watched.discard(connection)

    def close(self) -> None:
        self._timer.cancel()

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in [connection for connection in self._watched if connection.deadline <= now]:
            connection.deadline = NEVER
            connection.expire()
        self._timer = self._loop.call_later(self._tick, self._sweep)
