"""e-BH: the rule as its paper defines it, and its false-discovery rate under the dependence that is worst for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from stillwatch.stats.conformal import ranks
from stillwatch.stats.evalues import from_ranks
from stillwatch.stats.multiple import discoveries

LOG_E = st.lists(st.floats(-3, 12) | st.just(-math.inf) | st.sampled_from([2.0, 4.0]), max_size=25)
WORLDS = 20_000


def by_definition(log_e: list[float], alpha: float) -> list[int]:
    """Wang & Ramdas (2022), section 4: the largest k with k values of at least K / (alpha k), and those values."""
    total = len(log_e)
    for k in range(total, 0, -1):
        enough = [i for i in range(total) if log_e[i] >= math.log(total / (alpha * k))]
        if len(enough) >= k:
            return enough
    return []


@given(LOG_E, st.sampled_from([0.01, 0.05, 0.2, 1.0]))
def test_the_rule_is_the_papers(log_e: list[float], alpha: float) -> None:
    """The same positions as a search over every k, ties and lost bets included."""
    assert discoveries(log_e, alpha) == by_definition(log_e, alpha)


@given(LOG_E, st.data())
def test_more_evidence_never_loses_a_discovery(log_e: list[float], data: st.DataObject) -> None:
    """Raising one value keeps all that was found."""
    before = set(discoveries(log_e, 0.1))
    for place in data.draw(st.sets(st.sampled_from(range(len(log_e))))) if log_e else ():
        log_e[place] += 3.0
    assert before <= set(discoveries(log_e, 0.1))


def test_the_false_discovery_rate_is_alpha_where_nulls_take_turns() -> None:
    """K true nulls of which one at a time wins K / alpha with chance alpha / K each: every discovery is false.

    The rate is then exactly alpha, the bound of the theorem. The Clopper-Pearson interval at 1 - 2e-6 must hold it.
    """
    alpha, count = 0.1, 20
    winner = np.random.default_rng(71).integers(0, int(count / alpha), WORLDS)
    found = 0
    for one in winner:
        log_e = np.full(count, -math.inf)
        log_e[one : one + 1] = math.log(count / alpha) + 1e-9
        found += bool(discoveries(log_e.tolist(), alpha))
    low = beta.ppf(1e-6, found, WORLDS - found + 1)
    high = beta.ppf(1 - 1e-6, found + 1, WORLDS - found)
    assert low <= alpha <= high


@pytest.mark.parametrize("nulls", [20, 12])
def test_the_rate_stays_below_alpha_for_bets_that_share_a_reference(nulls: int) -> None:
    """Conformal bets of 20 subjects on one reference depend on each other; the first 20 - `nulls` are far out.

    E[false share] <= alpha * nulls / 20. Hoeffding over 2,000 worlds: the mean exceeds it by 0.059 with chance 1e-6.
    The planted ones are found, so the bound is not met by silence.
    """
    rng = np.random.default_rng(72)
    alpha, worlds, false, planted = 0.3, 2000, [], 0
    for _ in range(worlds):
        benign, subjects = rng.normal(size=99), rng.normal(size=20)
        subjects[nulls:] += 8.0
        found = np.array(discoveries(np.log(from_ranks(ranks(subjects, benign), 99)).tolist(), alpha), np.int64)
        false.append((found < nulls).sum() / max(len(found), 1))
        planted += int((found >= nulls).sum())
    assert np.mean(false) <= alpha * nulls / 20 + np.sqrt(math.log(1e6) / (2 * worlds))
    assert planted >= 0.95 * worlds * (20 - nulls)


def test_nothing_to_test_finds_nothing() -> None:
    """No hypotheses, no discoveries."""
    assert discoveries([], 0.05) == []
