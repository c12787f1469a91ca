"""An audit that may go on: a bet on each new cell, so that asking more never inflates the error.

Under the null each distinct cell is green with chance gamma whatever came before, so 1 + stake (g - gamma) has mean 1
and the product of all bets is a martingale: the chance that it ever reaches 1 / alpha is at most alpha (Ville 1939).
Stakes are mixed evenly (Robbins' mixture), since nobody knows how strong a mark is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXCESSES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Green shares above gamma that are bet on, doubling from the least that is worth an audit."""


def bets(gamma: float) -> tuple[Floats, Floats]:
    """What each stake wins on a green cell and loses on another, as logarithms of factors."""
    excess = np.array([value for value in EXCESSES if value < 1 - gamma])
    # The stake that grows fastest where a share gamma + excess is green (Kelly).
    stakes = excess / (gamma * (1 - gamma))
    return np.log1p(stakes * (1 - gamma)), np.log1p(-stakes * gamma)


class Wealth:
    """What bets on cells have made so far: exp(`log_e`) is an e-value at every moment. No cell may come twice."""

    def __init__(self, gamma: float) -> None:
        self._won, self._lost = bets(gamma)
        self._logs = np.zeros(len(self._won))
        self.cells = 0

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value."""
        return float(np.logaddexp.reduce(self._logs) - np.log(len(self._logs)))

    def bet(self, greens: NDArray[np.bool_]) -> float:
        """Bet on these new cells; returns `log_e`."""
        hits = int(greens.sum())
        self._logs += hits * self._won + (len(greens) - hits) * self._lost
        self.cells += len(greens)
        return self.log_e
