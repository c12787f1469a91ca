"""Conformal p-values are valid for any score, ties included, and no finer than their reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.stats.conformal import finest_p, p_values, ranks

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
