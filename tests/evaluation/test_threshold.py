"""Who may be acted on, by a threshold that benign accounts set."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.evaluation.threshold import actionable, benjamini_hochberg, halves


def test_the_rule_rejects_the_largest_set_that_keeps_its_promise() -> None:
    """Five p-values at 5 %: 0.01 <= 0.01 and 0.02 <= 0.02, but 0.04 > 0.03, 0.05 > 0.04 and 0.2 > 0.05."""
    p = np.array([0.2, 0.01, 0.05, 0.02, 0.04])
    assert benjamini_hochberg(p, 0.05).tolist() == [False, True, False, True, False]


def test_a_later_p_value_may_carry_earlier_ones() -> None:
    assert benjamini_hochberg(np.array([0.03, 0.04]), 0.05).all()


def test_honest_accounts_alone_are_seldom_acted_on() -> None:
    """Under the global null, any action is false: it happens in at most 10 % of runs at 10 %, with room for chance."""
    rng = np.random.default_rng(1)
    acted = sum(actionable(rng.normal(size=50), rng.normal(size=500), 0.1).any() for _ in range(400))
    assert acted <= 0.1 * 400 + 3 * np.sqrt(400 * 0.1 * 0.9)


@pytest.mark.parametrize(("scores", "benign"), [([], [1.0]), ([1.0], [])])
def test_without_a_reference_nobody_is_acted_on(scores: list[float], benign: list[float]) -> None:
    assert not actionable(np.array(scores), np.array(benign)).any()


def test_halves_share_no_account_and_lose_none() -> None:
    accounts = np.random.default_rng(2).integers(-(2**62), 2**62, 1_000)
    left, right = halves(accounts)
    assert set(left) | set(right) == set(accounts)
    assert not set(left) & set(right)
    assert 400 < len(left) < 600
