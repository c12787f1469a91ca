"""Is a text marked by SynthID? Its published weighted mean, with an exact null in the place of a trained threshold.

Null: the bits of distinct tuples are independent fair coins, thirty each. Dathathri et al. (2024), Nature 634, weigh
the first layers most, since every layer of the tournament leaves less to choose: ten down to one in equal steps
(`weighted_mean_score` of synthid-text), which says more than the plain mean, and needs no training. A sum of coins with
fixed weights has a known cumulant generating function K, so its tail is taken at the saddle point (Lugannani and Rice
1980), to a hundredth of p; `tests/watermark/test_benchmarked.py` compares it with the whole distribution.
Not here: their Bayesian scorer, which is trained on thousands of texts and gives no p-value.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, norm

DEPTH = 30
WEIGHTED = 290.0 - 9.0 * np.arange(DEPTH)
"""Ten down to one in thirty steps, as whole numbers: times 29."""
PLAIN = np.ones(DEPTH)
LEAST_TUPLES = 4
"""From which the tail is as good as is said."""
_TILTS = (1e-2, 1e2)
"""By the heaviest weight: p from 1e-1, up to thousands of tuples, down to the least there is."""


def totals(bits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of each tuple's g-values. `bits`: (tuples,) numbers, the lowest bit the first layer's."""
    return np.asarray((bits[:, None] >> np.arange(DEPTH) & 1) @ weights)


def least(tuples: int, level: float) -> float:
    """The weighted sum from which so many tuples are found at this level; infinite for too few tuples."""
    if tuples < LEAST_TUPLES:
        return np.inf
    low, high = (tilt / WEIGHTED.max() for tilt in _TILTS)
    tilt = brentq(lambda one: np.log(max(_tail(tuples, one)[1], 1e-300) / level), low, high)
    return _tail(tuples, tilt)[0]


def least_plain(tuples: int, level: float) -> float:
    """The same where all layers count alike: a sum of fair coins."""
    return float(binom.isf(level, DEPTH * tuples, 0.5)) + 1 if tuples >= LEAST_TUPLES else np.inf


def _tail(tuples: int, tilt: float) -> tuple[float, float]:
    """A sum above its mean, and P(as much or more) without a mark. `tilt`: of the coins whose mean it is, above 0."""
    leaned = np.tanh(WEIGHTED * tilt / 2)
    at = tuples * (WEIGHTED * (1 + leaned)).sum() / 2
    spread = tuples * (WEIGHTED**2 * (1 - leaned**2)).sum() / 4
    cumulant = tuples * (np.logaddexp(WEIGHTED * tilt, 0.0) - np.log(2)).sum()
    root, slope = np.sqrt(2 * (tilt * at - cumulant)), tilt * np.sqrt(spread)
    return float(at), float(norm.sf(root) + norm.pdf(root) * (1 / slope - 1 / root))
