"""How a suspect's distributions moved towards green, beside a reference that never saw marked text.

W[cell] is how much more the suspect says a cell than the reference does: of weights the sum, over the places of a text
with that context, of P_suspect(token) - P_reference(token) (`reading`), of answers what `said` makes of counts. Under
the null the suspect's training has nothing to do with the key, so the colours are independent coins of chance gamma
whatever W is: T = sum of W (g - gamma) has mean 0, and its whole distribution is known. Repeated contexts are summed
inside a cell, so nothing is counted twice. The reference is chosen before anything is scored (the suspect's public
base, or a model of ours before marks); a bad one costs power, never validity.

The p-value is Chernoff's bound with the exact generating function of T (`chernoff`), where a normal tail is wrong by
orders of magnitude.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from stillwatch.audit.chernoff import Floats, Mass, dot, log_bound

_STEEPEST = 50.0
"""Times the largest weight: beyond, a coin's share of green is 1 to the last bit."""


def mass(weights: Floats, greens: NDArray[np.bool_], gamma: float) -> Mass:
    """How far the weighted cells lean towards green; one weight and one colour for each distinct cell."""
    leaning = dot(weights, greens.astype(np.float64) - gamma)
    spread = float(np.sqrt(gamma * (1 - gamma) * dot(weights, weights)))
    if spread == 0.0:
        return Mass(len(weights), 0.0, 0.0)
    return Mass(len(weights), leaning / spread, log_tail(weights / spread, leaning / spread, gamma))


def log_tail(weights: Floats, at: float, gamma: float) -> float:
    """An upper bound of log P(sum of w (g - gamma) >= at), g independent coins of chance gamma. At most 0."""
    most = dot(weights, np.where(weights > 0, 1.0, 0.0) - gamma)
    if at > most * (1 + 1e-12):
        return -np.inf

    def log_moment(slope: float) -> float:
        tilted = slope * weights
        # log(1 - gamma + gamma e^x) - gamma x, written so that neither end overflows.
        return float((np.logaddexp(np.log1p(-gamma), np.log(gamma) + tilted) - gamma * tilted).sum())

    def gradient(slope: float) -> tuple[float, float]:
        shares = expit(slope * weights + np.log(gamma / (1 - gamma)))
        return dot(weights, shares - gamma), dot(weights * weights, shares * (1 - shares))

    return log_bound(log_moment, gradient, at, _STEEPEST / float(np.abs(weights).max()))
