"""Stretches are found where they are, and in a text without a mark no more often than is said."""

from __future__ import annotations

import numpy as np

from stillwatch.audit.span import spans
from stillwatch.stats.binomial import chance_of_so_many

GAMMA = 0.25


def coins(count: int, share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(count) < share


def test_two_marked_stretches_are_told_apart_from_what_stands_between() -> None:
    parts = (coins(200, 0.25, 1), coins(250, 0.7, 2), coins(400, 0.25, 3), coins(250, 0.7, 4), coins(100, 0.25, 5))
    first, second = spans(np.concatenate(parts), GAMMA, 1e-6)
    assert abs(first.first - 200) < 20
    assert abs(first.last - 449) < 20
    assert abs(second.first - 850) < 20
    assert abs(second.last - 1_099) < 20
    assert max(first.p, second.p) < 1e-12


def test_a_text_without_a_mark_holds_a_stretch_no_more_often_than_the_level_says() -> None:
    found = sum(bool(spans(coins(300, GAMMA, 100 + seed), GAMMA, 0.2)) for seed in range(1_000))
    assert chance_of_so_many(found, 1_000, 0.2) > 1e-3


def test_looking_in_a_longer_text_costs() -> None:
    marked = coins(60, 0.8, 6)
    alone = spans(marked, GAMMA, 1e-3)[0]
    among = spans(np.concatenate((marked, coins(20_000, GAMMA, 7))), GAMMA, 1e-3)[0]
    assert among.p > 100 * alone.p


def test_nothing_holds_nothing() -> None:
    assert spans(np.empty(0, np.bool_), GAMMA, 0.5) == []
