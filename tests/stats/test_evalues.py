"""E-values from ranks are fair bets, bounded by the reference; they average and multiply as the theory says."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.stats.evalues import from_ranks, log_mean, log_product


@pytest.mark.parametrize("n", [0, 1, 2, 9, 100, 5000])
def test_the_bet_is_exactly_fair_on_the_grid_of_ranks(n: int) -> None:
    """The mean over 1 .. n + 1 is 1, up to rounding."""
    assert from_ranks(np.arange(1, n + 2), n).mean() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(("n", "largest"), [(1, Fraction(4, 3)), (3, Fraction(48, 25)), (9, Fraction(25200, 7381))])
def test_the_largest_value_is_bounded_by_the_reference(n: int, largest: Fraction) -> None:
    """(n + 1) / H(n + 1), in exact fractions: nine honest accounts cannot support more than 3.41 to 1."""
    bets = from_ranks(np.arange(1, n + 2), n)
    assert bets[0] == pytest.approx(float(largest), rel=1e-12)
    assert (np.diff(bets) < 0).all()


def test_without_a_reference_the_bet_is_one() -> None:
    """No claim either way."""
    assert from_ranks(np.array([1]), 0).tolist() == [1.0]


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
def test_dependent_values_are_averaged(values: list[float]) -> None:
    """The log of the mean, not the mean of the logs."""
    assert log_mean(np.array(values)) == pytest.approx(math.log(sum(values) / len(values)), abs=1e-9)


def test_no_values_are_no_claim_and_lost_bets_are_minus_infinity() -> None:
    """An empty average says nothing; a bet that lost everything says so."""
    assert log_mean(np.empty(0)) == 0.0
    assert log_mean(np.zeros(3)) == -math.inf


@given(st.lists(st.floats(-50, 50), max_size=20))
def test_independent_values_are_multiplied(logs: list[float]) -> None:
    """Logs add; none at all is 0, and the order does not matter."""
    assert log_product(logs) == pytest.approx(sum(logs), abs=1e-9)
    assert log_product(reversed(logs)) == log_product(logs)
