"""Clopper-Pearson bounds cover at every true rate, by summing all outcomes; nothing here is simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.errors import UsageError
from stillwatch.stats.binomial import (
    both,
    chance_of_so_few,
    chance_of_so_many,
    clean_trials,
    lower,
    rule_of_three,
    upper,
)

COUNTS = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
RATES = np.linspace(0.001, 0.999, 199)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("trials", [1, 2, 7, 40])
def test_a_bound_misses_with_chance_at_most_alpha(trials: int, alpha: float) -> None:
    """For 199 true rates: the total chance of the outcomes whose bound is wrong."""
    hits = np.arange(trials + 1)
    highs = np.array([upper(int(h), trials, alpha) for h in hits])
    lows = np.array([lower(int(h), trials, alpha) for h in hits])
    for rate in RATES:
        chance = binom.pmf(hits, trials, rate)
        assert chance[highs < rate].sum() <= alpha + 1e-12
        assert chance[lows > rate].sum() <= alpha + 1e-12


def test_the_bound_is_no_wider_than_it_must_be() -> None:
    """At the rate that the bound names, so few hits have chance alpha exactly; a smaller bound would miss too often."""
    for hits, trials in ((0, 5), (3, 10), (17, 400)):
        assert binom.cdf(hits, trials, upper(hits, trials, 0.05)) == pytest.approx(0.05, rel=1e-9)
    for hits, trials in ((1, 5), (3, 10), (17, 400)):
        assert binom.sf(hits - 1, trials, lower(hits, trials, 0.05)) == pytest.approx(0.05, rel=1e-9)


@given(COUNTS, st.sampled_from([0.001, 0.05, 0.4]))
def test_misses_mirror_hits(counts: tuple[int, int], alpha: float) -> None:
    """Counting what did not happen gives the same interval from the other end; it holds the observed share."""
    hits, trials = counts
    assert lower(hits, trials, alpha) == pytest.approx(1 - upper(trials - hits, trials, alpha), abs=1e-9)
    interval = both(hits, trials, alpha)
    assert interval.low == lower(hits, trials, alpha / 2)
    assert interval.high == upper(hits, trials, alpha / 2)
    assert 0 <= interval.low <= hits / max(trials, 1) <= interval.high <= 1 or trials == 0


@pytest.mark.parametrize("trials", [1, 10, 300, 30_000])
def test_three_over_n_is_never_below_the_exact_bound(trials: int) -> None:
    """And 1e-4 after 30,000 clean trials, which is what the rule is remembered for."""
    assert upper(0, trials, 0.05) <= rule_of_three(trials)
    assert rule_of_three(30_000) == pytest.approx(1e-4)


@pytest.mark.parametrize("rate", [0.5, 0.01, 1e-4])
def test_clean_trials_are_the_fewest_that_show_a_rate(rate: float) -> None:
    """One trial fewer would not do."""
    n = clean_trials(rate, 0.05)
    assert upper(0, n, 0.05) <= rate < upper(0, n - 1, 0.05)


@given(COUNTS, st.floats(0.01, 0.99))
def test_the_two_exact_tests_share_all_outcomes(counts: tuple[int, int], level: float) -> None:
    """At least x and at most x - 1 are everything."""
    crossed, subjects = counts
    rest = chance_of_so_few(crossed - 1, subjects, level) if crossed else 0.0
    assert chance_of_so_many(crossed, subjects, level) + rest == pytest.approx(1.0, abs=1e-9)


def test_a_broken_guarantee_is_seen_and_a_kept_one_is_not_accused() -> None:
    """5 % of 20,000 is 1,000: 1,200 crossings cannot be luck, 1,050 can. 800 certify that the rate is below 5 %."""
    assert chance_of_so_many(1200, 20_000, 0.05) < 1e-9
    assert chance_of_so_many(1050, 20_000, 0.05) > 0.04
    assert chance_of_so_few(800, 20_000, 0.05) < 1e-9


def test_without_trials_nothing_is_known() -> None:
    """The bounds are 0 and 1, and no crossing is no surprise."""
    assert (lower(0, 0), upper(0, 0), rule_of_three(0)) == (0.0, 1.0, 1.0)
    assert chance_of_so_many(0, 0, 0.1) == chance_of_so_few(0, 0, 0.1) == 1.0


@pytest.mark.parametrize(("hits", "trials", "alpha"), [(3, 2, 0.05), (-1, 2, 0.05), (1, 2, 0.0), (1, 2, 1.0)])
def test_counts_and_levels_that_cannot_be_are_refused(hits: int, trials: int, alpha: float) -> None:
    """More hits than trials, or a level that is none."""
    with pytest.raises(UsageError):
        upper(hits, trials, alpha)
