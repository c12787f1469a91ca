"""Whose bucket is whose: one for each limit and each name that it binds.

A ladder is looked up once for a principal and kept. Buckets are shared by every ladder that names the same principal of
a level and live as long as one of them does; a ladder is dropped only when all its buckets have drained and nothing is
open, so forgetting never forgives. Memory is bounded by the principals that were active within their longest window.
A sweep looks at a bounded number of ladders, those of the turn: the loop is never held for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from weakref import WeakValueDictionary

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Costs, Ladder, Refusal
from stillwatch.limits.lease import Lease
from stillwatch.limits.leased import Unleased
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.reservation import Reservation, Reservations
from stillwatch.limits.slots import Slots

SWEPT_AT_ONCE = 250
"""Ladders that one sweep looks at. Chosen: dropping one takes 4 to 10 us, so the loop is held for some 3 ms at most."""
SWEEP_EVERY = SWEPT_AT_ONCE // 2
"""Ladders made between two sweeps. Chosen: two are looked at for each that is made, so those to be dropped run out."""

MOST_TRIES = 3
"""Chosen: others may spend what came for a request before it runs again; three times in a row they hardly do."""
CONTENDED_WAIT_NS = NANOSECONDS // 10
"""What a request is told that lost each time. Chosen: the interval at which nodes exchange by default."""

Names = tuple[str | None, ...]
"""The name of a principal at each `Level`, in their order; None where it has none, and no limit binds there."""

Clock = Callable[[], int]
"""Nanoseconds that never go back."""

Held = Bucket | Slots | Lease
"""What remembers how much of one limit one principal took."""


class Meters:
    """Buckets and slots of one process, under the limits of one policy. `clock` is that of every `now`."""

    def __init__(self, limits: Iterable[Limit], clock: Clock = time.monotonic_ns) -> None:
        self.clock = clock
        self._limits = _by_level(limits)
        self._held: WeakValueDictionary[tuple[Limit, str], Held] = WeakValueDictionary()
        self._ladders: dict[Names, Ladder] = {}
        self._made = 0

    def ladder(self, names: Names, now: int) -> Ladder:
        """The ladder of this principal, the same object while it is in use."""
        found = self._ladders.get(names)
        if found is None:
            self._made += 1
            if self._made % SWEEP_EVERY == 0:
                self.sweep(now)  # before the new one is there, which binds nobody until it admits
            found = self._ladders[names] = self._made_for(names)
        return found

    async def reserve(self, open_: Reservations, ladder: Ladder, costs: Costs) -> Reservation | Refusal:
        """`Reservations.reserve`, asking others where this process holds too little. Never answers `Unleased`."""
        made = open_.reserve(ladder, costs, self.clock())
        tries = 0
        while isinstance(made, Unleased) and tries < MOST_TRIES:
            await self.lease(ladder, costs)
            made = open_.reserve(ladder, costs, self.clock())
            tries += 1
        return Refusal(made.limit, CONTENDED_WAIT_NS) if isinstance(made, Unleased) else made

    async def lease(self, ladder: Ladder, costs: Costs) -> None:
        """Wait until others were asked for what these costs need; in one process there are none."""

    def ask_ahead(self, ladder: Ladder, costs: Costs) -> None:
        """These costs will soon be needed: nothing to do where nobody has to be asked."""

    def replace(self, limits: Iterable[Limit]) -> None:
        """Hold to other limits from now on; what was taken of a limit that stays as it was is not forgotten."""
        self._limits = _by_level(limits)
        before, self._ladders = self._ladders, {}
        for names in before:
            self._ladders[names] = self._made_for(names)

    def sweep(self, now: int) -> int:
        """Drop those that bind nobody any more of the ladders looked at longest ago; how many were dropped."""
        ladders, dropped = self._ladders, 0
        for names, ladder in list(islice(ladders.items(), SWEPT_AT_ONCE)):
            del ladders[names]
            if ladder.is_idle(now):
                dropped += 1
            else:
                ladders[names] = ladder  # behind all others: its turn comes again after theirs
        return dropped

    def __len__(self) -> int:
        return len(self._ladders)

    def _made_for(self, names: Names) -> Ladder:
        named = [(level, name) for level, name in zip(Level, names, strict=True) if name is not None]
        bound = [(limit, name) for level, name in named for limit in self._limits.get(level, ())]
        return self._ladder_of([self._of(limit, name) for limit, name in bound])

    def _of(self, limit: Limit, name: str) -> Held:
        held = self._held.get((limit, name))
        if held is None:
            held = self._held[limit, name] = self._new(limit, name)
        return held

    # What differs where limits are shared between nodes (`storage.shared`).
    def _new(self, limit: Limit, name: str) -> Held:
        return Slots(limit) if limit.measure is Measure.CONCURRENT else Bucket(limit)

    def _ladder_of(self, held: Sequence[Held]) -> Ladder:
        return Ladder([b for b in held if isinstance(b, Bucket)], [s for s in held if isinstance(s, Slots)])


def _by_level(limits: Iterable[Limit]) -> dict[Level, tuple[Limit, ...]]:
    found: dict[Level, tuple[Limit, ...]] = {}
    for limit in limits:
        found[limit.level] = (*found.get(limit.level, ()), limit)
    return found
