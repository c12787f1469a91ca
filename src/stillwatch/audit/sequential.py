"""An audit that may go on: a bet on each new cell, so that asking more never inflates the error.

Under the null a distinct cell is green with chance gamma whatever came before, so 1 + stake (g - gamma) has mean 1; its
surprise under a key that draws is a weighted sum of exponentials, so exp(stake s) has mean 1 / product of (1 - stake w)
and is divided by that. The product of all bets is a martingale: the chance that it ever reaches 1 / alpha is at most
alpha (Ville 1939). Stakes are mixed evenly (Robbins' mixture), since nobody knows how strong a mark is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.draws import WEIGHTS

Floats = NDArray[np.float64]

EXCESSES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Green shares above gamma that are bet on, doubling from the least that is worth an audit."""
DRAWN_EXCESSES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Mean surprises above 1 that are bet on: in standard deviations about as many as the shares above."""


def bets(gamma: float) -> tuple[Floats, Floats]:
    """What each stake wins on a green cell and loses on another, as logarithms of factors."""
    excess = np.array([value for value in EXCESSES if value < 1 - gamma])
    # The stake that grows fastest where a share gamma + excess is green (Kelly).
    stakes = excess / (gamma * (1 - gamma))
    return np.log1p(stakes * (1 - gamma)), np.log1p(-stakes * gamma)


def drawn_price(stakes: Floats) -> Floats:
    """What a bet of stake times surprise costs, as the logarithm of a factor; stakes below 1."""
    found: Floats = np.log1p(-np.multiply.outer(WEIGHTS, stakes)).sum(axis=0)
    return found


class Wealth:
    """What bets on cells have made so far: exp(`log_e`) is an e-value at every moment. No cell may come twice."""

    def __init__(self, gamma: float) -> None:
        self._won, self._lost = bets(gamma)
        self._logs = np.zeros(len(self._won))
        self.cells = 0

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value."""
        return _mixed(self._logs)

    def bet(self, greens: NDArray[np.bool_]) -> float:
        """Bet on these new cells; returns `log_e`."""
        hits = int(greens.sum())
        self._logs += hits * self._won + (len(greens) - hits) * self._lost
        self.cells += len(greens)
        return self.log_e


class DrawnWealth:
    """The same on keyed draws."""

    def __init__(self) -> None:
        excess = np.array(DRAWN_EXCESSES)
        # Close to the stake that grows fastest where the mean surprise is 1 + excess (Kelly).
        self._stakes = excess / (sum(weight**2 for weight in WEIGHTS) + excess)
        self._logs = np.zeros(len(excess))
        self.cells = 0

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value."""
        return _mixed(self._logs)

    def bet(self, surprises: Floats) -> float:
        """Bet on these new cells, whose surprises are `draws.surprise`'s; returns `log_e`."""
        self._logs += self._stakes * surprises.sum() + len(surprises) * drawn_price(self._stakes)
        self.cells += len(surprises)
        return self.log_e


def _mixed(logs: Floats) -> float:
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))
