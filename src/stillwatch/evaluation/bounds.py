"""A rate that was counted, with the exact interval that such a count supports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import beta

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`successes` of `trials`; `low` and `high` bound the probability behind them (Clopper & Pearson 1934).

    Without a trial nothing is known: the interval is 0 to 1 and `value` is None.
    """

    successes: int
    trials: int
    value: float | None
    low: float
    high: float


def rate(successes: int, trials: int) -> Rate:
    """The rate with its two-sided interval at `CONFIDENCE`."""
    if not trials:
        return Rate(0, 0, None, 0.0, 1.0)
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return Rate(successes, trials, successes / trials, low, high)


def share(hits: Iterable[bool]) -> Rate:
    """The rate of what is true among `hits`."""
    counted = list(hits)
    return rate(sum(counted), len(counted))


def pooled(rates: Iterable[Rate]) -> Rate:
    """The rate over several worlds: counts add up."""
    counted = list(rates)
    return rate(sum(one.successes for one in counted), sum(one.trials for one in counted))
