"""Bets against the null: from a p-value, or a rank among n, to an e-value of mean at most 1.

A bet pays much for small p and little for large. It is fair if its mean over a uniform p is 1; for p-values that are
larger than uniform (ties, conditional tables) a decreasing bet is then worth less, so it stays valid. For ranks the
mean is over the n + 1 equally likely ranks, and the tables here keep it at most 1 exactly, not up to rounding:
evidence is multiplied over many days, and so would be the rounding.

The same functions adjust running maxima: A(x) = f(1/x) is an adjuster exactly if f is a bet (`eprocess`).

Source: Vovk & Wang (2021), "E-values: calibration, combination and applications", Ann. Stat. 49(3), section 2.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from stillwatch.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIXTURE = 0.0  # as `kappa`: the average over all kappa, for who does not want to choose one


def log_bet(surprise: Floats, kappa: float = MIXTURE) -> Floats:
    """Log of the bet kappa * p^(kappa - 1) at `surprise` = -log p >= 0, any shape; kappa in 0 .. 1, both excluded.

    Small kappa pays for very small p, kappa near 1 hardly bets. `MIXTURE` is the average over kappa,
    (1 - p + p log p) / (p log^2 p): never the best, within a factor of about log^2(1/p) of what any kappa pays.
    """
    if kappa == MIXTURE:
        # The average is e^s * (1 - e^-s (1 + s)) / s^2; the bracket is the Gamma(2) law, without cancellation at p = 1.
        safe = np.maximum(surprise, 1e-8)
        with np.errstate(invalid="ignore"):  # inf - inf at p = 0, replaced below
            value = safe + np.log(gammainc(2.0, safe)) - 2.0 * np.log(safe)
        return np.asarray(np.where(np.isinf(safe), np.inf, value), np.float64)
    _check(kappa)
    return np.asarray(math.log(kappa) + (1.0 - kappa) * np.asarray(surprise), np.float64)


def bets(p: Floats, kappa: float = MIXTURE) -> Floats:
    """E-values of p-values, any shape. Unbounded: infinite at p = 0 (and where it exceeds all floats)."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(np.exp(log_bet(-np.log(p), kappa)), np.float64)


def bounded_bets(p: Floats, floor: float, kappa: float) -> Floats:
    """E-values kappa * max(p, floor)^(kappa - 1), scaled to mean 1: bounded, whatever p is, and fair all the same.

    `floor` is the smallest p that deserves belief, such as `conformal.finest_p`. The mean before scaling is
    1 - (1 - kappa) * floor^kappa; a cap alone would also be valid and throw that part away.
    """
    _check(kappa)
    if not 0.0 < floor <= 1.0:
        raise UsageError(f"{floor} is no floor for p-values", "Give one above 0 and at most 1")
    scale = kappa / (1.0 - (1.0 - kappa) * floor**kappa)
    return np.asarray(scale * np.maximum(p, floor) ** (kappa - 1.0), np.float64)


def rank_bets(ranks: Ints, reference: int, kappa: float = MIXTURE, floor: float = 0.0) -> Floats:
    """E-values of conformal ranks 1 .. n + 1, any shape. `floor`: ranks of p below it are paid alike (a bound)."""
    return np.asarray(_power_table(reference, kappa, floor)[ranks - 1], np.float64)


@lru_cache(maxsize=256)
def _power_table(reference: int, kappa: float, floor: float) -> Floats:
    p = np.arange(1, reference + 2) / (reference + 1)
    return fair_table(bets(np.maximum(p, floor), kappa))


def fair_table(shape: Floats) -> Floats:
    """`shape`, a weight >= 0 for each of n + 1 ranks, not all 0, scaled so that its mean is 1, never more. Read-only.

    The sum of the floats, taken exactly, is at most n + 1. To bet on ties as well, `shape` must not increase with rank.
    """
    total, relative = float(len(shape)), shape / shape.max()
    table = np.asarray(relative * (total / math.fsum(relative)), np.float64)
    while math.fsum((*table.tolist(), -total)) > 0.0:  # correctly rounded, so the sign is exact
        table *= 1.0 - 2.0**-52
    table.flags.writeable = False
    return table


def _check(kappa: float) -> None:
    if not 0.0 < kappa < 1.0:
        raise UsageError(f"kappa = {kappa} is no bet", "Give one between 0 and 1, both excluded")
