"""Chernoff's bound of a sum whose cumulants are known exactly: never too small, at any size.

log P(T >= t) <= K(slope) - slope t for every slope from 0 on, K the cumulant generating function of T. So whatever the
search for the best slope comes to, the bound holds; a search that ends early costs sharpness and never validity. Beside
the exact tail it is too large by about 2.5 times the standard deviations that t lies out.

Source: Chernoff (1952), Ann. Math. Stat. 23(4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.detect import LEAST_CELLS

Floats = NDArray[np.float64]
LogMoment = Callable[[float], float]
"""K at a slope."""
Gradient = Callable[[float], tuple[float, float]]
"""K's first and second derivative at a slope."""

_MOST_STEPS = 60
_CLOSE = 1e-3
"""The bound is flat at its least: a slope that is wrong by so little costs nothing that is printed."""


@dataclass(frozen=True, slots=True)
class Mass:
    """A weighted sum over so many cells: `statistic` in standard deviations under the null; `log_p` is the natural
    logarithm of the bound of its tail.
    """

    cells: int
    statistic: float
    log_p: float

    @property
    def p(self) -> float | None:
        """The bound, 0 where it is below what a number can hold; None for too few cells to judge."""
        return float(np.exp(self.log_p)) if self.cells >= LEAST_CELLS else None


def log_bound(log_moment: LogMoment, gradient: Gradient, at: float, highest: float) -> float:
    """An upper bound of log P(T >= at), at most 0; T has mean 0, and K is finite below `highest`."""
    if at <= 0:
        return 0.0
    slope = _best(gradient, at, highest)
    return min(log_moment(slope) - slope * at, 0.0)


def _best(gradient: Gradient, at: float, highest: float) -> float:
    """The slope where K' is `at`: Newton's steps in a bracket."""
    low, high = 0.0, highest
    slope = min(at / gradient(0.0)[1], high / 2)
    for _ in range(_MOST_STEPS):
        rise, bend = gradient(slope)
        if abs(gap := rise - at) < _CLOSE * at:
            break
        low, high = (slope, high) if gap < 0 else (low, slope)
        step = slope - gap / bend if bend else low
        slope = step if low < step < high else (low + high) / 2
    return slope


def dot(one: Floats, other: Floats) -> float:
    """Not BLAS: its threads wait for each other at this size, measured at twenty times the time on a busy machine."""
    return float((one * other).sum())
