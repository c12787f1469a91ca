"""Exact bounds on a rate that was counted: how often may this happen, when it happened `hits` times in `trials`?

For false-positive rates, crossing rates of simulated nulls, recall and purity. The trials must be independent and
their number fixed beforehand; accounts of one organisation, or days of one account, are not independent trials.

Source: Clopper & Pearson (1934), Biometrika 26(4). The bounds are quantiles of Beta laws; coverage is at least the
stated one for every true rate, and more than that for most (the price of being exact on a discrete law).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import bdtr, bdtrc, betaincinv

from stillwatch.errors import UsageError


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both ends of an interval for a rate, 0 .. 1."""

    low: float
    high: float


def upper(hits: int, trials: int, alpha: float = 0.05) -> float:
    """The rate is at most this; wrong with chance at most `alpha`. 1 where every trial hit, or there was none."""
    _check(hits, trials, alpha)
    return 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1.0 - alpha))


def lower(hits: int, trials: int, alpha: float = 0.05) -> float:
    """The rate is at least this; wrong with chance at most `alpha`. 0 where no trial hit."""
    _check(hits, trials, alpha)
    return 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, alpha))


def both(hits: int, trials: int, alpha: float = 0.05) -> Bounds:
    """The interval of Clopper and Pearson: each end is wrong with chance at most `alpha` / 2."""
    return Bounds(lower(hits, trials, alpha / 2), upper(hits, trials, alpha / 2))


def rule_of_three(trials: int) -> float:
    """After `trials` without a hit the rate is at most 3 / `trials`, at 95 %; `upper(0, trials)` is the exact value.

    Source: Hanley & Lippman-Hand (1983), JAMA 249(13).
    """
    _check(0, trials, 0.05)
    return min(1.0, 3.0 / trials) if trials else 1.0


def clean_trials(rate: float, alpha: float = 0.05) -> int:
    """How many trials without a single hit show that the true rate is at most `rate`."""
    _check(0, 0, rate)
    _check(0, 0, alpha)
    return math.ceil(math.log(alpha) / math.log1p(-rate))


def chance_of_so_many(crossed: int, subjects: int, level: float) -> float:
    """P(at least `crossed` of `subjects` null subjects cross), if each does with chance `level`.

    The exact p-value against "the crossing rate is at most `level`": small means that the guarantee is broken.
    """
    _check(crossed, subjects, level)
    return 1.0 if crossed == 0 else float(bdtrc(crossed - 1, subjects, level))


def chance_of_so_few(crossed: int, subjects: int, level: float) -> float:
    """P(at most `crossed` of `subjects` cross), if each does with chance `level`.

    The exact p-value against "the crossing rate is `level` or more": small certifies that it is below.
    """
    _check(crossed, subjects, level)
    return float(bdtr(crossed, subjects, level))


def _check(hits: int, trials: int, share: float) -> None:
    if not 0 <= hits <= trials:
        raise UsageError(f"{hits} hits in {trials} trials cannot be", "Count hits among the trials")
    if not 0.0 < share < 1.0:
        raise UsageError(f"{share} is no level or rate", "Give one between 0 and 1, both excluded")
