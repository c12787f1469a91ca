"""Whose bucket is whose: one for each limit and each name that it binds.

A ladder is looked up once for a principal and kept. Buckets are shared by every ladder that names the same principal of
a level and live as long as one of them does; a ladder is dropped only when all its buckets have drained and nothing is
open, so forgetting never forgives. Memory is bounded by the principals that were active within their longest window.
"""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakValueDictionary

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Ladder
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.limits.slots import Slots

SWEEP_EVERY = 10_000
"""Ladders made between two sweeps. Chosen: a sweep of so many takes milliseconds, and memory between is some 10 MB."""

Names = tuple[str | None, ...]
"""The name of a principal at each `Level`, in their order; None where it has none, and no limit binds there."""


class Meters:
    """Buckets and slots of one process, under the limits of one policy."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._limits = _by_level(limits)
        self._buckets: WeakValueDictionary[tuple[Limit, str], Bucket | Slots] = WeakValueDictionary()
        self._ladders: dict[Names, Ladder] = {}
        self._made = 0

    def ladder(self, names: Names, now: int) -> Ladder:
        """The ladder of this principal, the same object while it is in use."""
        found = self._ladders.get(names)
        if found is None:
            found = self._ladders[names] = self._made_for(names)
            self._made += 1
            if self._made % SWEEP_EVERY == 0:
                self.sweep(now)
        return found

    def replace(self, limits: Iterable[Limit]) -> None:
        """Hold to other limits from now on; what was taken of a limit that stays as it was is not forgotten."""
        self._limits = _by_level(limits)
        before, self._ladders = self._ladders, {}
        for names in before:
            self._ladders[names] = self._made_for(names)

    def sweep(self, now: int) -> int:
        """Drop ladders that bind nobody any more; how many were dropped."""
        idle = [names for names, ladder in self._ladders.items() if _is_idle(ladder, now)]
        for names in idle:
            del self._ladders[names]
        return len(idle)

    def __len__(self) -> int:
        return len(self._ladders)

    def _made_for(self, names: Names) -> Ladder:
        named = [(level, name) for level, name in zip(Level, names, strict=True) if name is not None]
        held = [self._of(limit, name) for level, name in named for limit in self._limits.get(level, ())]
        return Ladder([b for b in held if isinstance(b, Bucket)], [s for s in held if isinstance(s, Slots)])

    def _of(self, limit: Limit, name: str) -> Bucket | Slots:
        held = self._buckets.get((limit, name))
        if held is None:
            held = Slots(limit) if limit.measure is Measure.CONCURRENT else Bucket(limit)
            self._buckets[limit, name] = held
        return held


def _by_level(limits: Iterable[Limit]) -> dict[Level, tuple[Limit, ...]]:
    found: dict[Level, tuple[Limit, ...]] = {}
    for limit in limits:
        found[limit.level] = (*found.get(limit.level, ()), limit)
    return found


def _is_idle(ladder: Ladder, now: int) -> bool:
    return all(bucket.tat <= now for bucket in ladder.buckets) and not any(s.are_held(now) for s in ladder.slots)
