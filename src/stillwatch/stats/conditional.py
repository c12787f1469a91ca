"""P-values for the reference that one has, not for the average reference: calibration-conditional validity.

A conformal p-value is valid on average over calibrations. One deployment has one calibration and keeps it for weeks;
if by bad luck its scores lie low, every honest subject looks surprising, again and again. These tables inflate ranks
so that, with chance at least 1 - delta over the draw of the reference, all thresholds are valid at once:

    P(rank <= k | reference) <= table[k - 1]    for k = 1 .. n + 1

On that event p-values of independent subjects, or of independent days, are independent too, and bets on them may be
multiplied. A claim at alpha made with such a table is wrong with chance at most alpha + delta.

Assumption: benign scores are independent and identically distributed (exchangeable is not enough here). Ties do no
harm: the tail beyond a tied score is smaller.

Source: Bates, Candes, Lei, Romano & Sesia (2023), "Testing for outliers with conformal p-values", Ann. Stat. 51(1):
the reduction to order statistics, and the Simes and DKW tables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from stillwatch.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Why order statistics: rank <= k means a score above the k-th largest benign one. The chance of that, given the
# reference, is at most the k-th smallest of n independent uniforms, U_(k). Each table bounds all U_(k) at once.


def beta_table(reference: int, delta: float) -> Floats:
    """Exact Beta quantiles of each order statistic, U_(k) ~ Beta(k, n + 1 - k), with delta shared out. Shape (n+1,).

    Rank k gets the part (6 / pi^2) / k^2 of `delta`, so that the smallest ranks, which decide, pay the least. The
    parts sum to less than `delta` (union bound). The tightest of the three where it matters; the default.
    """
    k = _ranks(reference, delta)
    quantiles = betaincinv(k, reference + 1 - k, 1.0 - delta * 6.0 / (np.pi * k) ** 2)
    return _closed(quantiles)


def simes_table(reference: int, delta: float) -> Floats:
    """The generalised Simes inequality, in closed form. Shape (n+1,).

    U_(k) <= 1 - (delta * prod_{j<depth} (n+1-k-j) / (n-j)) ^ (1/depth) for all k, with depth = n // 2, as the paper
    suggests. Ranks above n + 1 - depth get 1.
    """
    k = _ranks(reference, delta)
    depth = max(1, reference // 2)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, reference + 1)))])  # of factorials
    top = reference + 1 - k
    kept = top >= depth
    log_share = np.full(len(k), -np.inf)
    log_share[kept] = logs[top[kept]] - logs[top[kept] - depth] - (logs[reference] - logs[reference - depth])
    return _closed(-np.expm1((np.log(delta) + log_share) / depth))


def dkw_table(reference: int, delta: float) -> Floats:
    """Dvoretzky, Kiefer & Wolfowitz with Massart's constant: one width for all ranks. Shape (n+1,).

    U_(k) <= k/n + sqrt(log(1/delta) / 2n), for delta at most 1/2. Simple, tight in the middle, useless for small p:
    with 10,000 benign units and delta 0.05 nothing below 0.012.
    """
    if delta > 0.5:
        raise UsageError(f"the bound does not hold for delta = {delta}", "Choose delta at most 0.5")
    k = _ranks(reference, delta)
    width = np.sqrt(np.log(1.0 / delta) / (2.0 * reference)) if reference else 0.0
    return _closed(k / max(reference, 1) + width)


def p_values(ranks: Ints, table: Floats) -> Floats:
    """P-values of conformal `ranks` (1 .. n+1) by one of the tables above, any shape."""
    return np.asarray(table[ranks - 1], np.float64)


def _ranks(reference: int, delta: float) -> Ints:
    if reference < 0:
        raise UsageError(f"a reference of {reference} units cannot be", "Count the benign units")
    if not 0.0 < delta < 1.0:
        raise UsageError(f"delta = {delta} is no chance", "Give one between 0 and 1, both excluded")
    return np.arange(1, reference + 1)


def _closed(bounds: Floats) -> Floats:
    """Rank n + 1 is always possible: 1. A smaller rank never has the larger bound, as its event is the smaller."""
    table = np.append(np.clip(bounds, 0.0, 1.0), 1.0)
    return np.asarray(np.minimum.accumulate(table[::-1])[::-1], np.float64)
