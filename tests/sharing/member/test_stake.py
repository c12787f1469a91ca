"""A bet of a part of the stake: fair among honest groups, bounded, and cheap for who matches nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.sharing.member.stake import log_e

HONEST = 41


def test_the_mean_over_honest_groups_is_one() -> None:
    """Each of 42 groups in turn beside the 41 others: what all are paid is 42 together, to the last digit."""
    scores = [np.array([value]) for value in np.random.default_rng(1).permutation(HONEST + 1).astype(float)]
    paid = [math.exp(log_e(one, scores[:n] + scores[n + 1 :], 5.0)) for n, one in enumerate(scores)]
    assert np.mean(paid) == pytest.approx(1.0)


def test_the_first_is_paid_just_the_bound() -> None:
    honest = [np.zeros(3)] * HONEST
    assert math.exp(log_e(np.array([0.8, 0.9]), honest, 5.0)) == pytest.approx(5.0)


def test_who_matches_nothing_keeps_nearly_all() -> None:
    """As the docstring says: 0.88 beside 41 groups and a bound of 5."""
    honest = [np.zeros(3)] * HONEST
    assert math.exp(log_e(np.zeros(4), honest, 5.0)) == pytest.approx(0.88, abs=0.005)


def test_an_honest_group_that_agrees_as_much_takes_the_worth_away() -> None:
    honest = [np.zeros(3)] * (HONEST - 1) + [np.full(3, 0.9)]
    assert math.exp(log_e(np.array([0.8]), honest, 5.0)) == pytest.approx(1.4, abs=0.05)


def test_few_honest_groups_pay_what_they_can() -> None:
    """Two groups: the first of three is paid 3 / (1 + 1/8 + 1/27), on 0.3 of the stake: far less than the bound."""
    first = 3 / (1 + 1 / 8 + 1 / 27)
    assert math.exp(log_e(np.array([1.0]), [np.zeros(1)] * 2, 10.0)) == pytest.approx(0.7 + 0.3 * first)


def test_a_hundred_honest_groups_pay_the_largest_bound() -> None:
    assert math.exp(log_e(np.array([1.0]), [np.zeros(1)] * 100, 10.0)) == pytest.approx(10.0)


@pytest.mark.parametrize(("honest", "bound"), [([], 5.0), ([np.zeros(1)], 1.0), ([np.empty(0)], 5.0)])
def test_without_honest_groups_or_a_claim_that_counts_nothing_is_said(honest: list[np.ndarray], bound: float) -> None:
    assert log_e(np.array([1.0]), honest, bound) == 0.0
