"""A time-out that only time counts for in which this process ran.

A process that was stopped, or whose event loop was held, finds its timers overdue before it has read what arrived in
the meantime: by the clock alone it would take a peer that answered at once for one that is away. So a time-out is
waited for in turns, one timer after another. A turn that ended late says that the loop stood still and not that the
peer did: it does not count, and another comes in its place, in which the loop reads.

The bound: `seconds`, and at most `MOST_LATE` turns more, of time in which the loop ran; how long it stood still comes
on top, and nobody else can answer for a process meanwhile. Weakness: a machine on which every turn is late gives its
peer twice the time, so a peer that is away is noticed that much later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TURNS = 4
"""Chosen: a quarter of a time-out is long enough to read what arrived, and short enough for an end soon after it."""
MOST_LATE = TURNS
"""Chosen: as many again, so that a loop that is late each time waits for so many of its own rounds and no longer."""


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` in what is awaited inside, after `seconds` in which the event loop ran."""
    async with asyncio.timeout(None) as bound:
        turns = _Turns(bound, seconds / TURNS)
        try:
            yield
        finally:
            turns.stop()


class _Turns:
    """The timers of one time-out, each armed by the one before."""

    def __init__(self, bound: asyncio.Timeout, turn_seconds: float) -> None:
        self._bound = bound
        self._turn_seconds = turn_seconds
        self._counted = self._late = 0
        self._loop = asyncio.get_running_loop()
        self._arm()

    def stop(self) -> None:
        self._timer.cancel()

    def _arm(self) -> None:
        self._armed = time.monotonic()  # a loop's own time may be that of its last round
        self._timer = self._loop.call_later(self._turn_seconds, self._over)

    def _over(self) -> None:
        if self._is_late() and self._late < MOST_LATE:
            self._late += 1
        else:
            self._counted += 1
        if self._counted < TURNS:
            self._arm()
        else:
            self._bound.reschedule(self._loop.time())

    def _is_late(self) -> bool:
        """Did the turn last twice as long as it should?"""
        return time.monotonic() - self._armed > 2 * self._turn_seconds
