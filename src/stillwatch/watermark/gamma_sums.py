"""The tail of a weighted sum of two Gamma variables, as far out as a number can hold.

Two sums of n exponentials each, one for either key of a keyed draw, are added with fixed weights. Conditioned on the
second, the first has a Gamma tail that scipy computes; what is left is one smooth integral, taken by Gauss and
Legendre's rule where its mass lies. No approximation is in it but the rule's, which `tests/watermark/test_draws.py`
compares with the exact series of negative-binomial mixtures.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincc, gammaln

_NODES = 256
_WIDTH = 14.0
"""Standard deviations to either side of where the mass lies. Chosen: what is outside is below 1e-15 of it at 16 terms
each, and less at more."""
_AT, _PARTS = np.polynomial.legendre.leggauss(_NODES)


def tail(terms: int, weights: tuple[float, float], at: float) -> float:
    """P(w1 G1 + w2 G2 >= at), G1 and G2 independent sums of `terms` exponentials of mean 1; w1 and w2 above 0.

    `terms`: 16 or more. With few the integrand has a corner, which the rule does not follow.
    """
    first, second = weights
    centre, spread = terms * (scale := _tilt(terms, weights, at)), np.sqrt(terms) * scale
    low, high = max(centre - _WIDTH * spread, 0.0), centre + _WIDTH * spread
    held = low + (high - low) * (_AT + 1) / 2
    densities = np.exp((terms - 1) * np.log(held) - held - gammaln(terms))
    tails = gammaincc(terms, np.maximum((at - second * held) / first, 0.0))
    return float(min(1.0, (densities * tails) @ _PARTS * (high - low) / 2))


def _tilt(terms: int, weights: tuple[float, float], at: float) -> float:
    """By how much G2 is stretched where the whole sum is `at`: the saddle point of both sums, from a quadratic."""
    first, second = weights
    mean = at / terms
    if mean <= first + second:
        return 1.0
    square, linear = mean * first * second, mean * (first + second) - 2 * first * second
    rest = mean - first - second
    slope = 2 * rest / (linear + np.sqrt(linear**2 - 4 * square * rest))  # the smaller root, without cancellation
    return float(1 / (1 - second * slope))
