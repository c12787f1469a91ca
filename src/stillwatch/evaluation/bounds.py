"""A rate that was counted, with the exact interval that such a count supports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.stats.binomial import both

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
    bounds = both(successes, trials, 1 - CONFIDENCE)
    return Rate(successes, trials, successes / trials, bounds.low, bounds.high)


def share(hits: Iterable[bool]) -> Rate:
    """The rate of what is true among `hits`."""
    counted = list(hits)
    return rate(sum(counted), len(counted))


def pooled(rates: Iterable[Rate]) -> Rate:
    """The rate over several worlds: counts add up."""
    counted = list(rates)
    return rate(sum(one.successes for one in counted), sum(one.trials for one in counted))
