"""How a suspect moved towards the tokens that a key draws: the same weights as in `green_mass`, of keyed draws.

Under the null the surprises s1 and s2 of a cell, under a key and its second, are independent exponentials of mean 1
whatever the weights W are. So

    T = sum of W (0.9 (s1 - 1) + 0.1 (s2 - 1))

has mean 0 and the cumulants K(x) = sum over cells and both keys of -log(1 - x a) - x a, a = 0.9 W or 0.1 W, finite for
x a < 1. The p-value is Chernoff's bound with this K. The weights of the keys are their shares of the draws, as in
`watermark.draws`.

Known weakness: an exponential's tail is long, so one cell that weighs as much as all others together allows no p below
exp(-T / (0.9 W)); a hundred cells of one weight have no such floor.
"""

from __future__ import annotations

import numpy as np

from stillwatch.audit.chernoff import Floats, Mass, dot, log_bound
from stillwatch.watermark.draws import WEIGHTS

_VARIANCE = sum(weight**2 for weight in WEIGHTS)
_EDGE = 1 - 1e-9
"""Of the slope at which the generating function is no longer finite."""
_STEEPEST = 50.0
"""Where no weight is above 0 every slope is allowed; times the largest weight, as for colours."""


def draw_mass(weights: Floats, surprises: Floats) -> Mass:
    """How far the weighted cells lean towards a key's draws; `surprises`: of distinct cells, as `draws.surprise`."""
    leaning = dot(weights, surprises - sum(WEIGHTS))
    spread = float(np.sqrt(_VARIANCE * dot(weights, weights)))
    if spread == 0.0:
        return Mass(len(weights), 0.0, 0.0)
    return Mass(len(weights), leaning / spread, log_tail(weights / spread, leaning / spread))


def log_tail(weights: Floats, at: float) -> float:
    """An upper bound of log P(sum of w (0.9 (s1 - 1) + 0.1 (s2 - 1)) >= at). At most 0."""
    parts = [share * weights for share in WEIGHTS]

    def log_moment(slope: float) -> float:
        return float(sum((-np.log1p(-slope * part) - slope * part).sum() for part in parts))

    def gradient(slope: float) -> tuple[float, float]:
        stretched = [part / (1 - slope * part) for part in parts]
        rise = sum(slope * dot(part, one) for part, one in zip(parts, stretched, strict=True))
        return rise, sum(dot(one, one) for one in stretched)

    return log_bound(log_moment, gradient, at, _highest(weights))


def _highest(weights: Floats) -> float:
    most = float(weights.max())
    return _EDGE / (max(WEIGHTS) * most) if most > 0 else _STEEPEST / float(np.abs(weights).max())
