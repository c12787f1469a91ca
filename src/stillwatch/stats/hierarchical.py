"""Conformal ranks where honest scores come in groups: is this group's member stranger than members of honest groups?

Members of one group resemble each other, so n members of K groups are not n independent references, and ranks among
all of them would claim too much. Here each group has weight 1, shared evenly by its members. If the tested group and
the K honest ones are exchangeable, the rank of a member drawn at random is valid, and so is the average of bets on the
ranks of all members. Nothing finer than 1/(K+1) can be claimed: groups count, not members.

Source: Lee, Barber & Willett (2023), "Distribution-free inference with hierarchical data", arXiv 2306.06342, on
hierarchical conformal prediction; the rounding up to whole ranks is ours and only makes ranks larger.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDING = 1e-9
"""Sums of shares that are whole numbers come out a little above or below."""


def group_ranks(scores: Floats, groups: Sequence[Floats]) -> Ints:
    """Rank of each score (n,) among K `groups` of scores, 1 .. K + 1; larger scores have smaller ranks.

    Groups without scores are no reference and must be left out; `groups` may be empty: rank 1 of 1.
    """
    above = np.zeros(len(scores), np.float64)
    for group in groups:
        above += 1.0 - np.searchsorted(np.sort(group), scores, side="left") / len(group)
    return np.asarray(1 + np.ceil(above - _ROUNDING), np.int64)
