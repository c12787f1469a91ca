"""The entropy gate: where a model is sure what comes next, nothing is marked.

A mark in a sure place costs quality (code, names, numbers) and teaches a student nothing. The gate looks at the model's
own distribution and never at a key, so it changes no null distribution and a detector need not know it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NOTHING = -80.0
"""e^-80 of a weight: below what a 32-bit number adds to a sum of a million."""

Floats = NDArray[np.float32] | NDArray[np.float64]


def entropies(scores: Floats) -> NDArray[np.float64]:
    """The entropy of each row of scores, in nats; (rows, tokens) of logits, minus infinity for what cannot come."""
    # H = log Z - mean of the shifted score. What cannot come is given a score so low that it weighs nothing.
    shifted = np.maximum(scores - scores.max(axis=1, keepdims=True), _NOTHING)
    weights = np.exp(shifted)
    totals = weights.sum(axis=1, dtype=np.float64)
    found: NDArray[np.float64] = np.log(totals) - np.einsum("rt,rt->r", weights, shifted, dtype=np.float64) / totals
    return found


def is_open(scores: Floats, least_nats: float) -> NDArray[np.bool_]:
    """Which rows are uncertain enough to be marked."""
    if least_nats <= 0:
        return np.ones(len(scores), np.bool_)
    return entropies(scores) >= least_nats
