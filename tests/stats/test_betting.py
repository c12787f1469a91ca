"""Bets are fair: exactly on ranks, in the integral on p-values. What is not fair is seen not to be."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad

from stillwatch.errors import UsageError
from stillwatch.stats.betting import MIXTURE, bets, bounded_bets, fair_table, log_bet, rank_bets
from stillwatch.stats.evalues import from_ranks

KAPPAS = st.just(MIXTURE) | st.floats(0.02, 0.98)


def exact_mean(table: NDArray[np.float64]) -> Fraction:
    """The mean of the floats as they are, without rounding."""
    return sum((Fraction(value) for value in table.tolist()), Fraction(0)) / len(table)


@given(st.integers(0, 400), KAPPAS, st.sampled_from([0.0, 0.01, 0.3]))
def test_the_mean_over_all_ranks_is_never_above_1(reference: int, kappa: float, floor: float) -> None:
    """Not even by rounding: in exact fractions, and no more than 1e-12 below."""
    mean = exact_mean(rank_bets(np.arange(1, reference + 2), reference, kappa, floor))
    assert 1 - Fraction(1, 10**12) < mean <= 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 9, 99, 100, 5000, 20_000])
def test_the_harmonic_bet_is_as_exact(n: int) -> None:
    """The bet that calibration uses; in plain floats it was above 1 at n = 3, 9 and 5,000, by some 1e-16 to 1e-13."""
    mean = exact_mean(from_ranks(np.arange(1, n + 2), n))
    assert 1 - Fraction(1, 10**12) < mean <= 1


@given(st.lists(st.floats(1e-6, 1e6) | st.just(0.0), min_size=1, max_size=60).filter(any))
def test_any_shape_is_made_fair(shape: list[float]) -> None:
    """Whatever the weights; the proportions stay."""
    table = fair_table(np.array(shape))
    assert exact_mean(table) <= 1
    assert table * sum(shape) == pytest.approx(np.array(shape) * len(shape), rel=1e-9, abs=1e-300)


def test_what_looks_like_a_bet_and_is_none_is_seen() -> None:
    """1/p, the product of one bet with itself, and a fair bet with a trillionth too much: all have a mean above 1."""
    ranks = np.arange(1, 101)
    assert exact_mean(100 / ranks) > 5
    assert exact_mean(rank_bets(ranks, 99) ** 2) > 1.4
    greedy = rank_bets(ranks, 99).copy()
    greedy[0] = greedy[0] * (1 + 1e-12)
    assert exact_mean(greedy) > 1


@pytest.mark.parametrize("kappa", [MIXTURE, 0.1, 0.5, 0.9])
def test_a_bet_on_a_uniform_p_is_worth_1(kappa: float) -> None:
    """The integral over p, taken over s = -log p: of exp(log_bet(s) - s) from 0 to infinity."""
    value = sum(
        quad(lambda s: math.exp(float(log_bet(np.array(s), kappa)) - s), low, high, limit=200)[0]
        for low, high in ((0, 1), (1, 50), (50, np.inf))
    )
    assert value == pytest.approx(1.0, abs=1e-6)


@given(st.floats(1e-6, 1.0), st.floats(0.05, 0.95))
def test_a_bounded_bet_is_worth_1_too(floor: float, kappa: float) -> None:
    """floor * f(floor) for p below the floor, and scale * (1 - floor^kappa) / kappa * ... above: in closed form."""
    top = float(bounded_bets(np.array(floor), floor, kappa))
    scale = top / floor ** (kappa - 1)
    above = scale * (1 - floor**kappa) / kappa
    assert floor * top + above == pytest.approx(1.0, rel=1e-9)
    assert bounded_bets(np.array([0.0, floor / 2]), floor, kappa).tolist() == pytest.approx([top, top])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), KAPPAS)
def test_smaller_p_never_pays_less(p: list[float], kappa: float) -> None:
    """So a p-value that is larger than uniform gives an e-value of smaller mean."""
    values = bets(np.sort(np.array(p)), kappa)
    assert (values[:-1] >= values[1:] * (1 - 1e-12)).all()


def test_the_mixture_is_the_average_over_kappa() -> None:
    """By the midpoint rule with 20,000 kappas, and by its closed form; 1/2 at p = 1, infinite at p = 0."""
    kappas = (np.arange(20_000) + 0.5) / 20_000
    for p in (1e-8, 0.01, 0.4, 0.999):
        average = (kappas * p ** (kappas - 1)).mean()
        closed = (1 - p + p * math.log(p)) / (p * math.log(p) ** 2)
        assert bets(np.array([p])) == pytest.approx([average], rel=1e-5)
        assert bets(np.array([p])) == pytest.approx([closed], rel=1e-6)
    assert bets(np.array([1.0, 0.0])).tolist() == pytest.approx([0.5, math.inf])


def test_a_floor_pays_the_ranks_below_it_alike() -> None:
    """Of 100 ranks the first five: bounded, and the others gain what the first lose."""
    free, floored = (rank_bets(np.arange(1, 101), 99, 0.2, floor) for floor in (0.0, 0.05))
    assert len(set(floored[:5].tolist())) == 1
    assert floored[0] < free[0]
    assert (floored[5:] > free[5:]).all()


@pytest.mark.parametrize("kappa", [-0.1, 1.0, 2.0, math.nan])
def test_what_is_no_bet_is_refused(kappa: float) -> None:
    """kappa 1 bets nothing and above 1 pays for large p; a floor of 0 bounds nothing."""
    with pytest.raises(UsageError):
        bets(np.array([0.5]), kappa)
    with pytest.raises(UsageError):
        bounded_bets(np.array([0.5]), 0.0, 0.5)
