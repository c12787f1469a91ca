"""Whether a candidate here is the ring that a partner published, by how many of its accounts carry the signature.

A conversation agrees if so many of its slots hold the signature's values that at most one in a thousand of the own
other accounts' conversations does. An account carries the signature if so many of its conversations agree that a
stranger's would with a chance of at most one in a million. The candidate is the ring if at least half of its accounts
carry it, and at most one in a hundred of the others: what more strangers carry is a tool, whatever the partner took it
for.

Null: the candidate's conversations are like those of the provider's other accounts. Assumed for the account's chance:
given the account, its conversations agree independently. Users of one tool break that, hence the look at the others'
accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from stillwatch.sharing.rings.signature import Signature
from stillwatch.sharing.rings.traffic import VALUES, Traffic

USUAL_SHARE = 1e-3
ACCOUNT_CHANCE = 1e-6
"""Chosen: among a million accounts of honest strangers one is expected to carry a signature."""
RING_CHANCE = 1e-4
FEWEST_CARRYING = 3
"""Chosen: what is said of a ring is not said of one account, nor of two that could be one person's."""
TOOL_SHARE = 0.01
"""Chosen: of 1,000 other accounts, ten may carry it; a ring's own accounts that are not found yet are among them."""
_LEAST_AGREEING = 3


@dataclass(frozen=True, slots=True)
class Match:
    """How many of a candidate's accounts carry a signature, and how many of the others.

    `agreeing`: slots that a conversation needed for it.
    """

    accounts: int
    carrying: int
    others: int
    others_carrying: int
    agreeing: int

    @property
    def is_of_a_tool(self) -> bool:
        """Whether too many strangers carry it."""
        return self.others_carrying > TOOL_SHARE * self.others

    @property
    def chance(self) -> float:
        """That so many of as many strangers carry it, at the rate of the others here and one more of them."""
        usual = (self.others_carrying + 1) / (self.others + 1)
        return float(binom.sf(self.carrying - 1, self.accounts, usual))

    @property
    def is_the_ring(self) -> bool:
        is_more_than_chance = self.carrying >= FEWEST_CARRYING and self.chance <= RING_CHANCE
        return is_more_than_chance and not self.is_of_a_tool


def match(published: Signature, candidate: Traffic, others: Traffic) -> Match:
    """Compare a candidate with a published ring.

    `others`: own accounts that are not in question, some hundreds at least; the more, the better is known what is
    usual.
    """
    candidate, others = candidate.thinned(), others.thinned()
    needed, usual = threshold(published, others)
    return Match(
        accounts=candidate.accounts,
        carrying=int(_carrying(published, candidate, needed, usual).sum()),
        others=others.accounts,
        others_carrying=int(_carrying(published, others, needed, usual).sum()),
        agreeing=needed,
    )


def threshold(published: Signature, others: Traffic) -> tuple[int, float]:
    """The least number of agreeing slots that is rare among others and by chance, and how rare it is at most.

    `others`: as for `match`, thinned.
    """
    agreeing, weights = published.agreeing(others), others.weights() / max(others.accounts, 1)
    by_chance = _by_chance(published)
    most = len(np.unique(published.pairs[:, 0]))
    counts = range(_LEAST_AGREEING, most + 1)
    shares = [max(float(weights[agreeing >= needed].sum()), by_chance[needed]) for needed in counts]
    rare = [place for place, share in enumerate(shares) if share <= USUAL_SHARE]
    place = rare[0] if rare else len(shares) - 1
    return _LEAST_AGREEING + place, max(shares[place], USUAL_SHARE)


def _by_chance(published: Signature) -> NDArray[np.float64]:
    """(33,) chance of so many agreeing slots or more, where each of 32 filled slots has one of 255 values at random.

    Others here may send short texts, which fill few slots and agree seldom; a candidate's may fill all.
    """
    exactly = np.ones(1)
    for values in published.table().sum(axis=1):
        exactly = np.convolve(exactly, [1 - values / (VALUES - 1), values / (VALUES - 1)])
    return np.cumsum(exactly[::-1])[::-1]


def _carrying(published: Signature, traffic: Traffic, needed: int, usual: float) -> NDArray[np.bool_]:
    """(accounts,) whether an account's conversations agree more often than a stranger's would by chance."""
    _, place = np.unique(traffic.account, return_inverse=True)
    of_all = np.bincount(place)
    agree = np.bincount(place, published.agreeing(traffic) >= needed)
    return np.asarray(binom.sf(agree - 1, of_all, usual) <= ACCOUNT_CHANCE, np.bool_)
