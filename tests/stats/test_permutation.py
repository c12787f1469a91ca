"""Permutation tests against brute force and against what theory says of their null."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.stats.permutation import Shift, repeats, variance_share, whitened

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)


def r_squared(rows: NDArray[np.float64], units: NDArray[np.int64]) -> float:
    """Sum of squares between unit means over total, the textbook way."""
    mean = rows.mean(axis=0)
    between = sum(
        (units == u).sum() * ((rows[units == u].mean(axis=0) - mean) ** 2).sum() for u in np.unique(units).tolist()
    )
    return float(between / ((rows - mean) ** 2).sum())


@given(st.lists(st.integers(0, 4), min_size=4, max_size=30), st.integers(0, 2**32 - 1))
def test_the_observed_share_is_r_squared(units: list[int], seed: int) -> None:
    """One-way analysis of variance, also where a unit's number is not used."""
    rows = np.random.default_rng(seed).normal(size=(len(units), 3))
    shift = variance_share(rows, np.array(units))
    assert shift.observed == pytest.approx(r_squared(rows, np.array(units)), abs=1e-9)


@pytest.mark.parametrize(
    "units", [[0, 0, 1, 1], [0, 0, 0, 1, 1], [0, 1, 1, 2, 2, 2], [0, 0, 0, 0, 2, 2], [0, 1, 2, 3, 4, 4]]
)
@pytest.mark.parametrize("directions", [1, 3])
def test_the_null_is_that_of_every_permutation(units: list[int], directions: int) -> None:
    """Mean and deviation over all n! orders of the labels, each tried: equal up to rounding."""
    rows = np.random.default_rng(81).normal(size=(len(units), directions)) ** 3  # far from normal
    shuffled = [r_squared(rows, np.array(order)) for order in permutations(units)]
    shift = variance_share(rows, np.array(units))
    assert shift.expected == pytest.approx(np.mean(shuffled), abs=1e-12)
    assert shift.expected == pytest.approx((len(set(units)) - 1) / (len(units) - 1), abs=1e-12)
    assert shift.deviation == pytest.approx(np.std(shuffled), abs=1e-9)


def test_interchangeable_units_have_no_excess_and_a_calibrated_z() -> None:
    """1,000 worlds without a difference: z has mean 0 and deviation 1, for its null is exact in each world.

    The mean's standard error is 1 / sqrt(1000). z is nearly a sum of 4 x 16 squares, of excess kurtosis 12 / 64 = 0.19:
    the deviation's standard error is sqrt((2 + 0.19) / 4 / 1000). 4.5 of each.
    """
    rng = np.random.default_rng(82)
    labels = np.repeat(np.arange(5), 20)
    z = np.array([variance_share(rng.normal(size=(100, 16)), labels).z for _ in range(1000)])
    assert abs(z.mean()) < 4.5 / np.sqrt(1000)
    assert z.std(ddof=1) == pytest.approx(1.0, abs=4.5 * np.sqrt(2.19 / 4000))


def test_units_of_their_own_stand_out() -> None:
    """Two clouds four deviations apart in each of 8 directions: 4 / (4 + 1) of the variance, and no doubt.

    In 400 rows the clouds' distance varies by sqrt(4 / 400) = 0.1 in each direction; 8 of them average to 0.035, which
    moves the share by 0.2 * 0.2 * 4 * 0.035 = 0.006. Five of these.
    """
    rng = np.random.default_rng(83)
    labels = np.repeat([0, 1], 200)
    shift = variance_share(rng.normal(size=(400, 8)) + 4.0 * labels[:, None], labels)
    assert shift.observed == pytest.approx(0.8, abs=0.03)
    assert shift.z > 50
    assert shift.excess == shift.observed - shift.expected


@pytest.mark.parametrize("rows", [np.ones((10, 4)), np.random.default_rng(84).normal(size=(3, 4)), np.ones((1, 4))])
def test_what_cannot_be_told_apart_shows_nothing(rows: NDArray[np.float64]) -> None:
    """No variance, or too few rows for a null: no share, no z."""
    shift = variance_share(rows, np.arange(len(rows)) % 2)
    assert shift == Shift(0.0, 0.0, 0.0)
    assert shift.z == 0.0


@given(st.integers(4, 40), st.integers(1, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_labels_that_cannot_differ_are_no_surprise(n: int, directions: int, seed: int, one_unit: bool) -> None:
    """All rows of one unit, or each of its own: every permutation is the same, and rounding must not look like news."""
    rows = np.random.default_rng(seed).normal(size=(n, directions))
    shift = variance_share(rows, np.zeros(n, np.int64) if one_unit else np.arange(n))
    assert abs(shift.z) < 0.01


@given(PAIRS)
def test_repeats_are_all_equal_pairs(pairs: list[tuple[int, int]]) -> None:
    """Every pair of rows looked at once, in the open."""
    found = repeats(np.array([item for item, _ in pairs]), np.array([unit for _, unit in pairs]))
    equal = [(a, b) for a, b in combinations(pairs, 2) if a[0] == b[0]]
    same_unit = sum(a[1] == b[1] for a, b in combinations(pairs, 2))
    two_units = len(pairs) * (len(pairs) - 1) // 2 - same_unit
    assert found.within == sum(a[1] == b[1] for a, b in equal)
    assert found.between == len(equal) - found.within
    assert found.within_rate == (pytest.approx(found.within / same_unit) if same_unit else 0.0)
    assert found.between_rate == (pytest.approx(found.between / two_units) if two_units else 0.0)
    possible = same_unit + two_units
    assert found.expected_within == pytest.approx(len(equal) * same_unit / possible if possible else 0.0)


def test_expected_repeats_are_what_shuffling_the_labels_gives() -> None:
    """The mean over 1,000 shufflings, within 4.5 of its standard errors."""
    rng = np.random.default_rng(84)
    items, units = rng.integers(0, 40, 200), rng.integers(0, 5, 200)
    shuffled = np.array([repeats(items, rng.permutation(units)).within for _ in range(1000)])
    expected = repeats(items, units).expected_within
    assert shuffled.mean() == pytest.approx(expected, abs=4.5 * shuffled.std() / np.sqrt(1000))


@pytest.mark.parametrize("scales", [[1.0] * 6, [1e3, 1.0, 1.0, 1e-2, 5.0, 7.0]])
def test_whitened_rows_have_unit_covariance(scales: list[float]) -> None:
    """Every direction counts alike, however loud it was; exact up to rounding."""
    rng = np.random.default_rng(85)
    white = whitened(rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)) * scales, keep=1e-15)
    assert np.cov(white.T) == pytest.approx(np.eye(6), abs=1e-5)
    assert white.mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-9)


def test_directions_without_variance_are_dropped() -> None:
    """Two copies of one column and a constant are one direction."""
    column = np.random.default_rng(86).normal(size=(50, 1))
    assert whitened(np.hstack([column, column, np.ones((50, 1))])).shape == (50, 1)
    assert whitened(np.ones((3, 4))).shape == (3, 0)
    assert whitened(np.ones((1, 4))).shape == (1, 0)
