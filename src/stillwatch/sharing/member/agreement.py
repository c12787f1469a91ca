"""How much of what groups send agrees with published templates: who carries which, and each unit's score.

A conversation agrees with a template as `rings.match` has it. Of a claim that counts, a unit's score is the share of
its conversations that agree, weighed by the claim's score; the largest of all claims is the unit's.

A template that several groups carry, honest ones or the tested one, is a tool's, and scores nobody: whatever its author
took it for. That rule treats the tested group like the others, so ranks among them stay fair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.heard import Conversations
from stillwatch.sharing.member.heard import HeardClaim
from stillwatch.sharing.rings.match import FEWEST_CARRYING, threshold
from stillwatch.sharing.rings.signature import Signature
from stillwatch.sharing.rings.traffic import Traffic

Floats = NDArray[np.float64]

CARRIED_SHARE = 0.1
"""Of a unit's conversations: chosen, as a template in one of ten still shows six times among 64."""
GROUPS_OF_A_TOOL = 2
"""Chosen: one honest group beside the ring, or two without it, send what partners call a campaign's."""


class Agreement:
    """Templates that count, as thresholds say for this log; `others` are some of its accounts."""

    def __init__(self, claims: Sequence[HeardClaim], others: Traffic) -> None:
        counting = [(one.signature, one.score) for one in claims if one.counts and one.signature is not None]
        self._signatures: list[Signature] = [signature for signature, _ in counting]
        self._weights = np.array([score / 100 for _, score in counting], np.float64)
        self._needed = [threshold(signature, others)[0] for signature in self._signatures]

    def shares(self, group: Conversations) -> Floats:
        """(claims, units) share of each unit's conversations that agree; 0 for one that sent none."""
        if not self._signatures:
            return np.zeros((0, group.units))
        unit, sent = group.unit[group.owner], Traffic(group.account[group.owner], group.slots)
        of_all = np.maximum(np.bincount(unit, minlength=group.units), 1)
        pairs = zip(self._signatures, self._needed, strict=True)
        agree = [np.bincount(unit, one.agreeing(sent) >= needed, minlength=group.units) for one, needed in pairs]
        return np.asarray(agree) / of_all

    def scores(self, shares: Floats, honest: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        """The tested group's (units,) and the honest groups' scores, from their `shares`."""
        carried = _is_carried(shares) + np.sum([_is_carried(one) for one in honest], axis=0)
        weights = np.where(carried < GROUPS_OF_A_TOOL, self._weights, 0.0)
        return _scores(shares, weights), [_scores(one, weights) for one in honest]


def _is_carried(shares: Floats) -> NDArray[np.int64]:
    """(claims,) whether three units of a group, or all of a smaller one, carry it."""
    carrying = (shares >= CARRIED_SHARE).sum(axis=1)
    return np.asarray(carrying >= min(FEWEST_CARRYING, max(shares.shape[1], 1)), np.int64)


def _scores(shares: Floats, weights: Floats) -> Floats:
    return np.asarray((shares * weights[:, None]).max(axis=0, initial=0.0), np.float64)
