"""E-values from conformal ranks, and how they combine.

An e-value is a bet against the null: its expectation under the null is at most 1, so P(e >= x) <= 1/x (Markov).
Dependent e-values may be averaged, independent ones multiplied; both stay e-values.

Source: Vovk & Wang (2021), "E-values: calibration, combination and applications", Ann. Stat. 49(3), sections 2 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def from_ranks(ranks: NDArray[np.int64], reference: int) -> NDArray[np.float64]:
    """A bounded bet on conformal ranks 1 .. reference + 1: e = (n+1) / (rank * H(n+1)).

    The rank is uniform on 1 .. n+1 under the null, and the mean of 1/(rank * H) over it is 1/(n+1): the expectation
    is exactly 1. The largest value is (n+1)/H(n+1): a small reference cannot support a large claim.
    """
    total = reference + 1
    harmonic = float(np.sum(1.0 / np.arange(1, total + 1)))
    return np.asarray(total / (ranks * harmonic), np.float64)


def log_mean(values: NDArray[np.float64]) -> float:
    """The log of the average of dependent e-values; 0 (no claim) where there is none."""
    if len(values) == 0:
        return 0.0
    mean = float(np.mean(values))
    return math.log(mean) if mean > 0 else -math.inf


def log_product(log_e: Iterable[float]) -> float:
    """The log of the product of independent e-values, given their logs."""
    return math.fsum(log_e)
