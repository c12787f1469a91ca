"""Conditional tables hold for the one reference that a deployment has; their coverage is computed, not simulated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, binom

from stillwatch.errors import UsageError
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conditional import beta_table, dkw_table, p_values, simes_table
from stillwatch.stats.conformal import ranks

Floats = NDArray[np.float64]
Table = Callable[[int, float], Floats]
TABLES = [beta_table, simes_table, dkw_table]
WORLDS = 4000


def coverage(table: Floats) -> float:
    """P(U_(k) <= table[k-1] for all k = 1 .. n), U_(k) the order statistics of n uniforms; exact up to rounding.

    U_(k) <= b_k means: at least k of the n lie below b_k. Walk up the bounds, keeping the law of that number.
    """
    n = len(table) - 1
    law, reached = np.zeros(n + 1), 0.0
    law[0] = 1.0
    for k, bound in enumerate(table[:-1], start=1):
        step = (bound - reached) / (1.0 - reached) if reached < 1.0 else 0.0
        new = np.zeros(n + 1)
        for below in np.flatnonzero(law):
            new[below:] += law[below] * binom.pmf(np.arange(n - below + 1), n - below, step)
        new[:k] = 0.0
        law, reached = new, bound
    return float(law.sum())


@pytest.mark.parametrize("delta", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("n", [1, 2, 9, 40])
@pytest.mark.parametrize("table", TABLES)
def test_all_thresholds_hold_at_once_with_chance_1_minus_delta(table: Table, n: int, delta: float) -> None:
    """The exact chance that a reference of n gives no threshold more than its table says."""
    assert coverage(table(n, delta)) >= 1 - delta - 1e-9


def test_the_coverage_can_fail() -> None:
    """For one unit it is the Beta law itself. Plain conformal p-values promise 2 in 3 at best; a nudged table, less."""
    assert coverage(np.array([0.3, 1.0])) == pytest.approx(0.3)
    assert coverage(np.arange(1, 42) / 41) < 0.1
    table = beta_table(40, 0.1)
    assert coverage(np.append(table[:-1] * 0.7, 1.0)) < 0.9


def test_simulated_references_break_the_table_as_often_as_computed() -> None:
    """4,000 references of 40, sorted: the same event counted; the exact test accuses neither."""
    u = np.sort(np.random.default_rng(91).uniform(size=(WORLDS, 40)), axis=1)
    for table in (beta_table(40, 0.1), simes_table(40, 0.1), dkw_table(40, 0.1)):
        broken = int((u > table[:-1]).any(axis=1).sum())
        assert binom.ppf(1e-6, WORLDS, 1 - coverage(table)) <= broken
        assert chance_of_so_many(broken, WORLDS, 0.1) > 1e-6


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("n", [0, 1, 7, 500])
def test_a_table_rises_to_1_and_never_flatters(table: Table, n: int) -> None:
    """Never below the marginal p-value k/(n+1), whose luck it insures."""
    values = table(n, 0.05)
    assert values.shape == (n + 1,)
    assert values[-1] == 1.0
    assert (np.diff(values) >= 0).all()
    assert (values >= np.arange(1, n + 2) / (n + 1) - 1e-12).all()


def test_the_smallest_ranks_cost_least_in_the_beta_table() -> None:
    """With 10,000 units at delta 5 %: finest p 3.5e-4, by Simes 6.0e-4, by DKW 1.2e-2; the bounds of their formulas."""
    n, delta = 10_000, 0.05
    assert beta_table(n, delta)[0] == pytest.approx(beta.ppf(1 - delta * 6 / np.pi**2, 1, n), rel=1e-9)
    assert beta_table(n, delta)[0] == pytest.approx(3.5e-4, rel=0.01)
    assert simes_table(n, delta)[0] == pytest.approx(1 - delta ** (2 / n), rel=1e-9)
    assert simes_table(n, delta)[0] == pytest.approx(6.0e-4, rel=0.01)
    assert dkw_table(n, delta)[0] == pytest.approx(1.23e-2, rel=0.01)


def test_one_unlucky_reference_keeps_accusing_and_its_table_does_not() -> None:
    """References of 99; the true rate of p <= 5 % given each. Plain: above 5 % for half of them. By table: for few."""
    rng = np.random.default_rng(92)
    table = beta_table(99, 0.1)
    # With uniform scores, rank <= k is score > k-th largest: its chance given the reference is known exactly.
    tail = 1.0 - np.sort(rng.uniform(size=(WORLDS, 99)), axis=1)[:, ::-1]
    plain = int((tail[:, 4] > 0.05).sum())
    assert chance_of_so_many(plain, WORLDS, 0.1) < 1e-9
    allowed = int((table <= 0.05).sum())  # ranks whose p is at most 5 %
    assert allowed >= 1
    assert chance_of_so_many(int((tail[:, allowed - 1] > 0.05).sum()), WORLDS, 0.1) > 1e-6


def test_ranks_are_looked_up() -> None:
    """Any shape; the smallest rank gives the smallest p."""
    found = p_values(ranks(np.array([5.0, 0.0]), np.array([1.0, 2.0])), beta_table(2, 0.1))
    assert found.tolist() == [beta_table(2, 0.1)[0], 1.0]


def test_what_is_no_table_is_refused() -> None:
    """A delta outside 0 .. 1, or beyond Massart's constant; fewer than no units."""
    for wrong in (lambda: beta_table(9, 0.0), lambda: simes_table(9, 1.0), lambda: dkw_table(9, 0.6)):
        with pytest.raises(UsageError):
            wrong()
    with pytest.raises(UsageError):
        beta_table(-1, 0.1)
