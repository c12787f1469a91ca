"""E-values from ranks are fair bets, bounded by the reference; they average and multiply as the theory says."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product as iter_product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.stats.evalues import from_ranks, log_average, log_families, log_mean, log_product


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


LOGS = st.lists(st.floats(-30, 30) | st.just(-math.inf), max_size=8)


@given(LOGS.filter(any))
def test_an_average_of_logs_is_the_log_of_the_average(logs: list[float]) -> None:
    """As `log_mean`, for who has logs that would overflow; the order does not matter."""
    assert log_average(logs) == pytest.approx(log_mean(np.exp(np.array(logs))), abs=1e-9)
    assert log_average(logs[::-1]) == pytest.approx(log_average(logs), abs=1e-9)
    assert log_average([2000.0, 2000.0]) == 2000.0
    assert log_average([]) == 0.0


@given(st.lists(LOGS, max_size=5), st.floats(0, 20), st.booleans())
def test_families_are_averaged_inside_capped_and_then_combined(
    families: list[list[float]], cap: float, independent: bool
) -> None:
    """By the definition; no family brings more than the cap, and an empty one brings nothing."""
    each = [min(log_mean(np.exp(np.array(family))), cap) for family in families if family]
    found = log_families(families, cap, independent)
    if independent:
        assert found == pytest.approx(sum(each), abs=1e-9)
        assert found <= cap * len(each) + 1e-9
    else:
        assert found == pytest.approx(log_mean(np.exp(np.array(each))), abs=1e-9)
        assert found <= cap + 1e-9
    assert log_families([*families, []], cap, independent) == pytest.approx(found, abs=1e-9)


def test_a_cap_below_no_evidence_is_refused() -> None:
    """It would turn silence into evidence for the null."""
    with pytest.raises(UsageError):
        log_families([[0.0]], -1.0, independent=True)


def exact_expectation(reference: int, dependent: bool, cap: Fraction | None, product: bool) -> Fraction:
    """E of two families' evidence, over all pairs of ranks, or over equal ranks where the families copy each other."""
    table = [Fraction(e) for e in from_ranks(np.arange(1, reference + 2), reference).tolist()]
    table = [min(e, cap) if cap is not None else e for e in table]
    pairs = [(e, e) for e in table] if dependent else list(iter_product(table, table))
    values = [a * b if product else (a + b) / 2 for a, b in pairs]
    return sum(values, Fraction(0)) / len(values)


def test_which_combinations_are_valid_is_settled_by_counting_all_ranks() -> None:
    """Independent: product and average, capped or not. Copies: the average only; their product is seen to fail."""
    for cap in (None, Fraction(2)):
        assert exact_expectation(19, dependent=False, cap=cap, product=True) <= 1
        assert exact_expectation(19, dependent=False, cap=cap, product=False) <= 1
        assert exact_expectation(19, dependent=True, cap=cap, product=False) <= 1
    assert exact_expectation(19, dependent=True, cap=None, product=True) > 2
    assert exact_expectation(19, dependent=True, cap=Fraction(3), product=True) > 1
