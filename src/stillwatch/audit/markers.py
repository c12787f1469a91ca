"""Behavioural markers: harmless habits of which one was drawn for each account, and a test that is exact by the draw.

For a marker with m equally good alternatives (how a list is introduced, which of two conventions an example follows)
the guard served one at random. A student that learned from the account prefers it. If it did not, the served one is
like any other: its rank among all m by how often the suspect shows them is uniform. So p = (1 + alternatives that are
shown at least as often) / m, exact at any size, with nothing assumed of the suspect. Markers of one account are drawn
independently, so their e-values multiply. Survives paraphrase, which token marks do not.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from stillwatch.errors import UsageError


@dataclass(frozen=True, slots=True)
class Marker:
    """One habit. `alternatives` are all that might have been served, `served` the one that was."""

    name: str
    alternatives: tuple[str, ...]
    served: str

    def __post_init__(self) -> None:
        if self.served not in self.alternatives or len(set(self.alternatives)) < 2:
            raise UsageError(f"the marker {self.name} has no alternatives, or served none of them")


def rank(marker: Marker, shown: Mapping[str, int]) -> int:
    """Where the served one stands by how often the suspect shows it, from 1; behind all that are shown as often."""
    own = shown.get(marker.served, 0)
    return 1 + sum(shown.get(name, 0) >= own for name in marker.alternatives if name != marker.served)


def p_value(marker: Marker, shown: Mapping[str, int]) -> float:
    """How often a habit that was drawn at random would stand so high. `shown`: how often the suspect shows each."""
    return rank(marker, shown) / len(marker.alternatives)


def together(ranks: Sequence[int], alternatives: int) -> float:
    """The exact p-value of independent markers together: how often ranks drawn at random have so small a product.

    The product is Fisher's statistic, and its distribution over all `alternatives ** len(ranks)` draws is counted out.
    """
    products, cumulated = _products(len(ranks), alternatives)
    draws = cumulated[-1]
    return cumulated[bisect_right(products, math.prod(ranks)) - 1] / draws


@lru_cache(maxsize=64)
def _products(markers: int, alternatives: int) -> tuple[list[int], list[int]]:
    """Every product that so many ranks can have, and how many draws have that or a smaller one."""
    counts = {1: 1}
    for _ in range(markers):
        following: dict[int, int] = {}
        for product, count in counts.items():
            for one in range(1, alternatives + 1):
                following[product * one] = following.get(product * one, 0) + count
        counts = following
    products = sorted(counts)
    return products, list(accumulate(counts[product] for product in products))


def log_e(marker: Marker, shown: Mapping[str, int]) -> float:
    """The natural logarithm of an e-value: the share of all showings that are the served one's, times the alternatives.

    Its mean over the draw is 1: each alternative's share, averaged. 0 where nothing was shown.
    """
    total = sum(shown.get(name, 0) for name in marker.alternatives)
    if not total:
        return 0.0
    own = shown.get(marker.served, 0)
    return math.log(own / total * len(marker.alternatives)) if own else -math.inf


def all_together(markers: Sequence[Marker], shown: Sequence[Mapping[str, int]], hedge: float = 0.5) -> float:
    """The log e-value of independent markers together. `hedge`: the share of each that is kept out of the bet, so that
    one marker that is never shown does not end all.
    """
    return sum(math.log(hedge + (1 - hedge) * math.exp(log_e(*each))) for each in zip(markers, shown, strict=True))
