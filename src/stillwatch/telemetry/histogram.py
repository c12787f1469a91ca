"""How long things took, in buckets that never change, so that workers' numbers add up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

REQUEST_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
"""Seconds. Chosen: what a guard adds lies below 10 ms, an answer between 0.1 s and the longest time-out, 900 s."""
LOOK_BOUNDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds. Chosen: a look over a young ledger takes less than one, over months of a busy one minutes."""


class Histogram:
    """Counts of values up to each of `bounds`, and beyond: `counts[i]` of those above the bound before, up to its own.

    The last of `counts` is what lies above all bounds. `sum` is of all values.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = REQUEST_BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value
