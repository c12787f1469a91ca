"""Every rate has the interval of Clopper and Pearson."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from stillwatch.evaluation.bounds import pooled, rate, share


@pytest.mark.parametrize(("successes", "trials"), [(1, 1), (3, 7), (50, 51), (1, 400)])
def test_each_bound_leaves_half_of_five_percent_outside(successes: int, trials: int) -> None:
    found = rate(successes, trials)
    assert binom.sf(successes - 1, trials, found.low) == pytest.approx(0.025)
    assert found.high == 1.0 or binom.cdf(successes, trials, found.high) == pytest.approx(0.025)


def test_the_ends_are_closed() -> None:
    assert (rate(0, 9).low, rate(9, 9).high) == (0.0, 1.0)
    assert rate(0, 30_000).high == pytest.approx(1.23e-4, rel=0.01)  # -log(0.025) / n


def test_without_trials_nothing_is_known() -> None:
    nothing = rate(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)


def test_counts_of_worlds_add_up() -> None:
    assert pooled([share([True, False]), share([True])]) == rate(2, 3)
