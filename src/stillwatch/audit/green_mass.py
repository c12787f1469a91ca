"""How a suspect's distributions moved towards green, beside a reference that never saw marked text.

W[cell] is the sum, over the places of a text with that context, of P_suspect(token) - P_reference(token). Under the
null the suspect's training has nothing to do with the key, so the colours are independent coins of chance gamma
whatever W is: T = sum of W (g - gamma) has mean 0, and its whole distribution is known. Repeated contexts are summed
inside a cell, so nothing is counted twice. The reference is chosen before anything is scored (the suspect's public
base, or a model of ours before marks); a bad one costs power, never validity.

The p-value is Chernoff's bound with the exact generating function of T, minimised over one parameter: never too
small, at any size and for any W, where a normal tail is wrong by orders of magnitude.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

_MOST_STEPS = 60
_STEEPEST = 50.0
"""Times the largest weight: beyond, a coin's share of green is 1 to the last bit."""
_CLOSE = 1e-3
"""The bound is flat at its least: a slope that is wrong by so little costs nothing that is printed."""


@dataclass(frozen=True, slots=True)
class Mass:
    """`statistic` in standard deviations under the null; `log_p` is the natural logarithm of the bound."""

    cells: int
    statistic: float
    log_p: float

    @property
    def p(self) -> float:
        """The bound, 0 where it is below what a number can hold."""
        return float(np.exp(self.log_p))


def mass(weights: Floats, greens: NDArray[np.bool_], gamma: float) -> Mass:
    """How far the weighted cells lean towards green; one weight and one colour for each distinct cell."""
    leaning = _dot(weights, greens.astype(np.float64) - gamma)
    spread = float(np.sqrt(gamma * (1 - gamma) * _dot(weights, weights)))
    if spread == 0.0:
        return Mass(len(weights), 0.0, 0.0)
    return Mass(len(weights), leaning / spread, log_tail(weights / spread, leaning / spread, gamma))


def log_tail(weights: Floats, at: float, gamma: float) -> float:
    """An upper bound of log P(sum of w (g - gamma) >= at), g independent coins of chance gamma. At most 0."""
    most = _dot(weights, np.where(weights > 0, 1.0, 0.0) - gamma)
    if at <= 0:
        return 0.0
    if at > most * (1 + 1e-12):
        return -np.inf
    slope = _steepest_at(weights, at, gamma)
    return min(_log_moment(weights, slope, gamma) - slope * at, 0.0)


def _steepest_at(weights: Floats, at: float, gamma: float) -> float:
    """The slope whose bound at `at` is least: Newton's steps in a bracket. Any slope from 0 on gives a bound."""
    low, high = 0.0, _STEEPEST / float(np.abs(weights).max())
    slope = min(at / float(gamma * (1 - gamma) * _dot(weights, weights)), high / 2)
    for _ in range(_MOST_STEPS):
        shares = expit(slope * weights + np.log(gamma / (1 - gamma)))
        gap = _dot(weights, shares - gamma) - at
        if abs(gap) < _CLOSE * at:
            break
        low, high = (slope, high) if gap < 0 else (low, slope)
        bend = _dot(weights * weights, shares * (1 - shares))
        step = slope - gap / bend if bend else low
        slope = step if low < step < high else (low + high) / 2
    return slope


def _dot(one: Floats, other: Floats) -> float:
    """Not BLAS: its threads wait for each other at this size, measured at twenty times the time on a busy machine."""
    return float((one * other).sum())


def _log_moment(weights: Floats, slope: float, gamma: float) -> float:
    """log E exp(slope * sum of w (g - gamma)), exactly: a sum over independent cells."""
    tilted = slope * weights
    # log(1 - gamma + gamma e^x) - gamma x, written so that neither end overflows.
    return float((np.logaddexp(np.log1p(-gamma), np.log(gamma) + tilted) - gamma * tilted).sum())
