"""E-values from conformal ranks, and how they combine.

An e-value is a bet against the null: its expectation under the null is at most 1, so P(e >= x) <= 1/x (Markov).
Dependent e-values may be averaged, independent ones multiplied; both stay e-values. So does one that is cut off at a
cap: less evidence is never too much. `betting` holds other bets.

Source: Vovk & Wang (2021), "E-values: calibration, combination and applications", Ann. Stat. 49(3), sections 2 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.stats.betting import fair_table


def from_ranks(ranks: NDArray[np.int64], reference: int, steepness: float = 1.0) -> NDArray[np.float64]:
    """A bounded bet on conformal ranks 1 .. reference + 1: e = (n+1) / (rank^s * H), H the sum of 1 / rank^s.

    The rank is uniform on 1 .. n+1 under the null, so the expectation is exactly 1. The largest value is (n+1) / H: a
    small reference cannot support a large claim. The larger `steepness`, s > 0, the more the first ranks are paid.
    """
    return np.asarray(_rank_table(reference, steepness)[ranks - 1], np.float64)


@lru_cache(maxsize=256)
def _rank_table(reference: int, steepness: float) -> NDArray[np.float64]:
    return fair_table(np.arange(1, reference + 2, dtype=np.float64) ** -steepness)


def log_mean(values: NDArray[np.float64]) -> float:
    """The log of the average of dependent e-values; 0 (no claim) where there is none."""
    if len(values) == 0:
        return 0.0
    mean = float(np.mean(values))
    return math.log(mean) if mean > 0 else -math.inf


def log_average(log_e: Sequence[float]) -> float:
    """The log of the average of dependent e-values, given their logs; 0 (no claim) where there is none."""
    if len(log_e) == 0:
        return 0.0
    largest = max(log_e)
    if math.isinf(largest):
        return largest
    return largest + math.log(math.fsum(math.exp(one - largest) for one in log_e) / len(log_e))


def log_product(log_e: Iterable[float]) -> float:
    """The log of the product of independent e-values, given their logs."""
    return math.fsum(log_e)


def log_families(families: Sequence[Sequence[float]], log_cap: float, independent: bool) -> float:
    """The log of all evidence about one subject: families of e-values, given as logs.

    Inside a family the values share data: averaged. Each family is then cut off at `log_cap`, so that no family
    alone carries a claim beyond it. Between families: a product if they are `independent` under the null given what
    chose the subject, else an average. Empty families say nothing and are left out.

    Raises `UsageError` for a negative cap, which would cut off "no evidence".
    """
    if log_cap < 0.0:
        raise UsageError(f"a cap of log e = {log_cap} is below no evidence", "Give 0 or more")
    capped = [min(log_average(family), log_cap) for family in families if len(family)]
    return log_product(capped) if independent else log_average(capped)
