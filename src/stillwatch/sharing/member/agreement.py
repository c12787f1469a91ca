"""How much of what groups send agrees with published templates: who carries which, and each unit's score.

A conversation agrees with a template as `rings.match` has it. Of a claim that counts, a unit's score is the share of
its conversations that agree, weighed by the claim's score; the largest of all claims is the unit's. (Tried instead: to
score whoever carries a template in a tenth of its conversations alike. Honest units agree by chance in one of a few, so
fewer campaigns were acted on than without an alliance.)

Two rules say what is not heard, whatever its author took it for. A **template** that several groups carry, honest ones
or the tested one, is a tool's. An **author** whose claims are carried by a tenth of all these groups, and by three,
takes honest customers for campaigns, or lies: none of its claims scores anybody, so that a flood of them cannot take
the first ranks from true ones. Both rules treat the tested group like the others, so ranks among them stay fair.
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
GROUPS_OF_A_LIAR, SHARE_OF_A_LIAR = 3, 0.1
"""Chosen: true claims fit an honest group in some 1 in 100 pairs (docs/ring-match.md), so an author of ten true claims
hits a tenth of the groups at most, and who tells of popular tools hits more."""


class Agreement:
    """Templates that count, as thresholds say for this log; `others` are some of its accounts."""

    def __init__(self, claims: Sequence[HeardClaim], others: Traffic) -> None:
        counting = [one for one in claims if one.counts and one.signature is not None]
        self._signatures: list[Signature] = [one.signature for one in counting if one.signature is not None]
        self._weights = np.array([one.score / 100 for one in counting], np.float64)
        self._bounds = np.array([one.bound for one in counting], np.float64)
        authors = sorted({one.author for one in counting})
        self._told_by = np.array([[one.author == name for one in counting] for name in authors], np.bool_)
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

    def scores(self, shares: Floats, honest: Sequence[Floats]) -> tuple[Floats, list[Floats], float]:
        """The tested group's (units,) and the honest groups' scores, from their `shares`, and the most that is borne by
        any claim that is heard; 1 where none is.
        """
        carried = np.array([_is_carried(one) for one in (shares, *honest)])  # (groups, claims)
        is_heard = carried.sum(axis=0) < GROUPS_OF_A_TOOL
        for told in self._told_by:
            groups = int(carried[:, told].any(axis=1).sum())
            if groups >= max(GROUPS_OF_A_LIAR, SHARE_OF_A_LIAR * len(carried)):
                is_heard &= ~told
        weights = np.where(is_heard, self._weights, 0.0)
        most = float(self._bounds[is_heard].max(initial=1.0))
        return _scores(shares, weights), [_scores(one, weights) for one in honest], most


def _is_carried(shares: Floats) -> NDArray[np.bool_]:
    """(claims,) whether three units of a group, or all of a smaller one, carry it."""
    carrying = (shares >= CARRIED_SHARE).sum(axis=1)
    return np.asarray(carrying >= min(FEWEST_CARRYING, max(shares.shape[1], 1)), np.bool_)


def _scores(shares: Floats, weights: Floats) -> Floats:
    return np.asarray((shares * weights[:, None]).max(axis=0, initial=0.0), np.float64)
