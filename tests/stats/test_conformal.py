"""Conformal p-values are valid for any score, ties included, and no finer than their reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conformal import by_stratum, finest_p, p_values, ranks, smoothed_p_values

SCORES = st.lists(st.floats(-5, 5) | st.integers(-3, 3).map(float), max_size=30)
WORLDS = 20_000


@given(SCORES, SCORES)
def test_a_rank_is_one_more_than_the_benign_scores_at_least_as_large(scores: list[float], benign: list[float]) -> None:
    """Ties count against the subject; 1 is above all, n + 1 below all."""
    expected = [1 + sum(b >= score for b in benign) for score in scores]
    assert ranks(np.array(scores), np.array(benign)).tolist() == expected


@pytest.mark.parametrize("levels", [2, 5, 10**6])
@pytest.mark.parametrize("n", [9, 60])
def test_p_is_at_most_t_with_chance_at_most_t(n: int, levels: int) -> None:
    """Under the null, whatever the score's distribution: two values, five, or practically continuous.

    In 20,000 worlds the count of p <= t must stay below the 1 - 1e-6 quantile of coins with chance t.
    """
    rng = np.random.default_rng(61)
    worlds = rng.integers(0, levels, (WORLDS, n + 1)).astype(float)
    p = np.array([p_values(world[:1], world[1:])[0] for world in worlds])
    for t in (0.02, 0.05, 0.1, 0.25, 0.5, 0.9):
        assert (p <= t).sum() <= binom.ppf(1 - 1e-6, WORLDS, t)


def test_without_ties_p_is_exactly_uniform_on_its_grid() -> None:
    """The other side: p <= k / (n + 1) with chance k / (n + 1), so that nothing is given away."""
    rng = np.random.default_rng(62)
    n = 19
    p = np.array([p_values(world[:1], world[1:])[0] for world in rng.normal(size=(WORLDS, n + 1))])
    for k in (1, 5, 10, 19):
        low, high = binom.ppf([1e-6, 1 - 1e-6], WORLDS, k / (n + 1))
        assert low <= (p <= k / (n + 1) + 1e-12).sum() <= high


def test_without_a_reference_nothing_is_surprising() -> None:
    """No honest accounts, no claim."""
    assert p_values(np.array([1e9, -1e9]), np.empty(0)).tolist() == [1.0, 1.0]
    assert finest_p(0) == 1.0


@pytest.mark.parametrize("n", [1, 9, 999])
def test_no_p_is_finer_than_one_in_n_plus_one(n: int) -> None:
    """An absurd score reaches the floor and does not pass it."""
    assert p_values(np.array([1e300]), np.zeros(n))[0] == finest_p(n) == 1 / (n + 1)


@given(SCORES, SCORES, st.integers(0, 2**32 - 1))
def test_a_coin_only_ever_makes_p_smaller(scores: list[float], benign: list[float], seed: int) -> None:
    """The smoothed p lies between what strict and what generous ties would give."""
    coins = np.random.default_rng(seed).uniform(size=len(scores))
    smooth = smoothed_p_values(np.array(scores), np.array(benign), coins)
    strict = np.array([sum(b > score for b in benign) for score in scores]) / (len(benign) + 1)
    assert (smooth <= p_values(np.array(scores), np.array(benign)) + 1e-12).all()
    assert (smooth >= strict - 1e-12).all()


@pytest.mark.parametrize("levels", [1, 2, 5, 10**6])
def test_smoothed_p_is_exactly_uniform_whatever_the_ties(levels: int) -> None:
    """p <= t with chance t, from both sides, for scores that are all equal, one of two, one of five, or distinct."""
    rng = np.random.default_rng(63)
    worlds, coins = rng.integers(0, levels, (WORLDS, 10)).astype(float), rng.uniform(size=(WORLDS, 1))
    p = np.array([smoothed_p_values(w[:1], w[1:], c)[0] for w, c in zip(worlds, coins, strict=True)])
    for t in (0.02, 0.1, 0.5, 0.9):
        low, high = binom.ppf([1e-6, 1 - 1e-6], WORLDS, t)
        assert low <= (p <= t).sum() <= high


STRATA = st.lists(st.tuples(st.integers(-3, 3).map(float), st.integers(0, 2)), max_size=30)


@given(STRATA, STRATA)
def test_each_stratum_is_ranked_by_itself(subjects: list[tuple[float, int]], benign: list[tuple[float, int]]) -> None:
    """As if the others were not there; without a reference p is 1."""
    placed = by_stratum(*columns(subjects), *columns(benign))
    for place, (score, stratum) in enumerate(subjects):
        own = np.array([b for b, of in benign if of == stratum])
        assert placed.ranks[place] == ranks(np.array([score]), own)[0]
        assert placed.reference[place] == len(own)
        assert placed.p_values[place] == p_values(np.array([score]), own)[0]


def columns(pairs: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in pairs], float), np.array([b for _, b in pairs], np.int64)


def test_pooled_p_values_accuse_the_heavy_stratum_and_stratified_ones_do_not() -> None:
    """Nine clients in ten are light, the heavy ones honestly score 3 higher: pooled, p <= 5 % is most of the heavy.

    Validity on average hides it. By stratum the count stays what coins with 5 % allow.
    """
    rng = np.random.default_rng(64)
    n, heavy = 10_000, np.arange(10_000) % 10 == 0
    subjects, benign = (rng.normal(size=n) + 3.0 * heavy for _ in range(2))
    assert chance_of_so_many(int((p_values(subjects, benign) <= 0.05)[heavy].sum()), 1000, 0.05) < 1e-9
    placed = by_stratum(subjects, heavy.astype(np.int64), benign, heavy.astype(np.int64))
    # One reference for all 1,000: its own luck adds sqrt(0.05 * 0.95 / 1000) to the rate. Five of these.
    assert (placed.p_values <= 0.05)[heavy].mean() <= 0.05 + 5 * np.sqrt(2 * 0.05 * 0.95 / 1000)
