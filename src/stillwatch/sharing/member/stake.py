"""How a group's agreement with what partners published becomes an e-value: a bet of a part of the stake.

Each unit of a group has a score: how much of what it sends agrees with any claim that counts, weighed by the claim's
score. Groups of honest strangers that the same search links in the benign log are scored by the same claims. A unit at
rank r among K of them pays

    e(r) = 1 - s + s pay(r),    pay(r) = (K + 1) / (H r^3),    s = (b - 1) / (pay(1) - 1), at most 0.3

so that the first rank pays b, the most that any claim bears, or what 0.3 of the stake wins beside few honest groups.
Most rings match nothing, and lose no more than s; the steeper the pay, the less. The group's e-value is the mean over
its units.

Null: the group is one more group of honest strangers, exchangeable with those of the benign log whatever partners
published. Then the mean of e is at most 1, however many claims there are: more claims hit honest groups, too, and take
the first ranks. **Void** where somebody publishes the wording of just this honest group: hence the bound b.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.stats.evalues import from_ranks, log_mean
from stillwatch.stats.hierarchical import group_ranks

Floats = NDArray[np.float64]

STEEPNESS = 3.0
"""Chosen: beside 41 honest groups and a bound of 5, a ring that matches nothing keeps 0.88 of its evidence (0.79 with
the hunt's 1.5), and one that a single honest group outdoes is paid 1.4."""
MOST_STAKE = 0.3
"""Measured (`benchmarks/poisoning.py`, five members, 37 honest groups, nobody lies): at 0.15 of the stake 180 of 548
campaign accounts were acted on, as many as without an alliance, at 0.3 and above 242. It is what a ring can lose that
partners told nothing of."""


def log_e(scores: Floats, honest: Sequence[Floats], bound: float) -> float:
    """Of a group's scores (units,) beside those of honest groups, at most `bound`; 0 where there is nothing to say.

    Larger scores are more agreement. Groups without scores are left out.
    """
    beside = [one for one in honest if len(one)]
    if not len(scores) or not beside or bound <= 1.0:
        return 0.0
    first = float(from_ranks(np.array([1]), len(beside), STEEPNESS)[0])
    stake = min(MOST_STAKE, (bound - 1.0) / (first - 1.0))
    paid = from_ranks(group_ranks(scores, beside), len(beside), STEEPNESS)
    return min(log_mean(1.0 - stake + stake * paid), math.log(bound))
