"""Where in a long text the mark is: stretches greener than chance, with a bound that counts having looked everywhere.

From each place on, bets on the cells that follow multiply to a martingale under the null (`sequential`), so that the
chance that one stretch from there ever reaches wealth 1 / alpha is at most alpha (Ville 1939). With n places to begin
at and k stakes, P(any stretch of the text reaches wealth W) <= n k / W: no simulation, at any length, and for all
stretches at once, so every stretch that reaches it may be named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.sequential import Floats, bets, drawn_price

_STAKES = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
"""On keyed draws. The best is about 1 - 1 / mean surprise; from barely marked to ten tokens to choose from."""


@dataclass(frozen=True, slots=True)
class Span:
    """Cells `first` to `last`, both in it; `p` bounds the chance of any such stretch in a text without the mark."""

    first: int
    last: int
    p: float


def spans(greens: NDArray[np.bool_], gamma: float, level: float) -> list[Span]:
    """The stretches that are marked, from the first to the last; `greens`: of distinct cells in the text's order."""
    won, lost = bets(gamma)
    return _spans(np.where(greens[:, None], won, lost), level)


def drawn_spans(surprises: Floats, level: float) -> list[Span]:
    """The same for keyed draws; `surprises`: of cells, as `draws.surprise` weighs them."""
    stakes = np.array(_STAKES)
    return _spans(surprises[:, None] * stakes + drawn_price(stakes), level)


def _spans(steps: Floats, level: float) -> list[Span]:
    """`steps`: logarithms of factors of each cell's bets, (cells, stakes)."""
    found: list[Span] = []
    _search(steps, 0, len(steps), steps.size, level, found)
    return sorted(found, key=lambda span: span.first)


def _search(steps: Floats, start: int, end: int, looks: int, level: float, found: list[Span]) -> None:
    """The best stretch of a part of the text, then the best of what is before and behind it."""
    waiting = [(start, end)]
    while waiting:
        start, end = waiting.pop()
        if start >= end:
            continue
        wealth, first, last = _best(steps[start:end])
        p = float(min(1.0, looks * np.exp(-wealth)))
        if p <= level:
            found.append(Span(start + first, start + last, p))
            waiting += [(start, start + first), (start + last + 1, end)]


def _best(steps: Floats) -> tuple[float, int, int]:
    """The stretch with the largest sum under any stake: its sum, first and last cell."""
    sums = np.vstack((np.zeros(steps.shape[1]), np.cumsum(steps, axis=0)))
    lowest = np.minimum.accumulate(sums, axis=0)
    place, stake = np.unravel_index(int(np.argmax(sums - lowest)), sums.shape)
    first = int(np.argmin(sums[: place + 1, stake]))
    return float(sums[place, stake] - sums[first, stake]), first, int(place) - 1
