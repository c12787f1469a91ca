"""Conformal p-values: how surprising is a score beside the scores of honest accounts?

Under the null (the subject and the benign reference are exchangeable) P(p <= t) <= t for every t, whatever the
score. With n benign scores no p below 1/(n+1) exists: that floor travels with every claim (`resolution`).

The chance is taken over the reference too. Two subjects, or two days of one, that are ranked against the same
reference share its luck: their p-values are valid one by one and not independent (`conditional` repairs that).

Source: Vovk, Gammerman & Shafer (2005), "Algorithmic Learning in a Random World", section 2.2 (ties count against
the subject, which keeps the p-value valid without randomisation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def ranks(scores: Floats, benign: Floats) -> NDArray[np.int64]:
    """Rank of each score among the benign ones, 1 .. n+1; 1 = more extreme (larger) than all of them."""
    ordered = np.sort(benign)
    at_least = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return 1 + at_least


def p_values(scores: Floats, benign: Floats) -> Floats:
    """P-values of large scores; all 1 without a reference."""
    return np.asarray(ranks(scores, benign) / (len(benign) + 1), np.float64)


def smoothed_p_values(scores: Floats, benign: Floats, coins: Floats) -> Floats:
    """P-values that are exactly uniform under the null: ties are broken by `coins`, uniform on 0 .. 1 like `scores`.

    p = (#{benign > score} + coin * (1 + #{benign = score})) / (n + 1), never above `p_values`. The coins must come
    from a seeded generator and not from the subject, who would otherwise choose its luck. With no tie this spreads
    the rank over its cell of the grid. What a person reads should be `p_values`, which nobody can call a draw of luck.
    """
    ordered = np.sort(benign)
    above = len(ordered) - np.searchsorted(ordered, scores, side="right")
    equal = len(ordered) - np.searchsorted(ordered, scores, side="left") - above
    return np.asarray((above + coins * (1 + equal)) / (len(ordered) + 1), np.float64)


@dataclass(frozen=True, slots=True)
class Placed:
    """Subjects placed among the benign of their own stratum. Both (subjects,)."""

    ranks: Ints  # 1 .. reference + 1
    reference: Ints  # benign scores of the subject's stratum; 0: nothing to compare with

    @property
    def p_values(self) -> Floats:
        return np.asarray(self.ranks / (self.reference + 1), np.float64)


def by_stratum(scores: Floats, strata: Ints, benign: Floats, benign_strata: Ints) -> Placed:
    """Ranks inside each stratum and never across, so that validity holds in every stratum and not on average only.

    `strata` number the scores' strata, `benign_strata` those of the reference. A stratum without a reference gives
    rank 1 of 1: p = 1. The stratum must not depend on the score (it may on everything else about the subject).

    Source: Vovk, Gammerman & Shafer (2005), on Mondrian conformal predictors.
    """
    placed, reference = np.ones(len(scores), np.int64), np.zeros(len(scores), np.int64)
    for stratum in np.unique(strata):
        here, own = strata == stratum, benign[benign_strata == stratum]
        placed[here] = ranks(scores[here], own)
        reference[here] = len(own)
    return Placed(placed, reference)


def finest_p(reference: int) -> float:
    """The smallest p-value that a reference of this size can give."""
    return 1.0 / (reference + 1)
