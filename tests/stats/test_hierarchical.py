"""Ranks among groups: groups count and not their members, and the rank of a random member is valid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conformal import ranks
from stillwatch.stats.hierarchical import group_ranks


def test_groups_of_one_are_the_usual_ranks() -> None:
    rng = np.random.default_rng(1)
    scores, benign = rng.integers(0, 9, 50).astype(float), rng.integers(0, 9, 30).astype(float)
    groups = [benign[i : i + 1] for i in range(len(benign))]
    assert group_ranks(scores, groups).tolist() == ranks(scores, benign).tolist()


def test_without_groups_every_score_has_rank_one() -> None:
    assert group_ranks(np.array([1.0, 2.0]), []).tolist() == [1, 1]


@given(st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=1, max_size=8), st.floats(-5, 5))
def test_a_group_counts_once_however_large(groups: list[list[float]], score: float) -> None:
    held = [np.array(group) for group in groups]
    [rank] = group_ranks(np.array([score]), held)
    assert 1 <= rank <= len(groups) + 1
    assert group_ranks(np.array([score]), [np.tile(group, 5) for group in held]) == rank


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_random_member_of_an_exchangeable_group_ranks_uniformly_or_higher(alpha: float) -> None:
    """Members of a group resemble each other, sizes differ: P(rank <= alpha (K + 1)) <= alpha. Ranks among all
    members, as if they were independent, are small far too often."""
    rng = np.random.default_rng(7)
    trials, small, naive = 2000, 0, 0
    for _ in range(trials):
        groups = [rng.normal(scale=3.0) + rng.normal(size=rng.integers(1, 40)) for _ in range(20)]
        mine = groups.pop()
        score = rng.choice(mine, 1)
        small += int(group_ranks(score, groups)[0] <= alpha * 20)
        naive += int(ranks(score, np.concatenate(groups))[0] <= alpha * (1 + sum(map(len, groups))))
    assert chance_of_so_many(small, trials, alpha) > 0.001
    assert naive > small
