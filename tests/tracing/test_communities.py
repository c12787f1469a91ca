"""Groups of what goes together: whole cliques, nothing across thin bridges, and fair samples of too much."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from stillwatch.tracing import communities as module
from stillwatch.tracing.communities import communities, that_come_together

Ints = NDArray[np.int64]

NOTHING = np.empty(0, np.int64)


def cliques(*sizes: int) -> tuple[Ints, Ints]:
    """Edges of complete groups of nodes, one after another."""
    ends = np.cumsum([0, *sizes])
    pairs = [pair for start, stop in pairwise(ends) for pair in combinations(range(start, stop), 2)]
    left, right = np.array(pairs, np.int64).T
    return left, right


def sets(found: list[Ints]) -> set[tuple[int, ...]]:
    return {tuple(group.tolist()) for group in found}


def test_nodes_without_edges_are_alone() -> None:
    assert communities(0, NOTHING, NOTHING, np.empty(0), 0.3) == []
    assert sets(communities(3, NOTHING, NOTHING, np.empty(0), 0.3)) == {(0,), (1,), (2,)}


def test_cliques_are_communities_and_one_bridge_does_not_join_them() -> None:
    left, right = cliques(6, 5, 1)
    left, right = np.append(left, 5), np.append(right, 6)
    expected = {tuple(range(6)), tuple(range(6, 11)), (11,)}
    assert sets(communities(12, left, right, np.ones(len(left)), 0.3)) == expected


def test_edges_below_the_resolution_hold_nothing_together() -> None:
    left, right = cliques(6)
    assert sets(communities(6, left, right, np.full(len(left), 0.29), 0.3)) == {(one,) for one in range(6)}
    assert sets(communities(6, left, right, np.full(len(left), 0.31), 0.3)) == {tuple(range(6))}


@pytest.mark.parametrize("seed", range(5))
def test_other_numbers_for_the_same_nodes_change_nothing(seed: int) -> None:
    """Of cliques, whose communities leave no choice."""
    left, right = cliques(8, 7, 6)
    name = np.random.default_rng(seed).permutation(21)
    found = communities(21, name[left], name[right], np.ones(len(left)), 0.3)
    expected = {tuple(sorted(name[start:stop].tolist())) for start, stop in ((0, 8), (8, 15), (15, 21))}
    assert sets(found) == expected


def incidence(*holders: range, columns: int) -> csr_matrix:
    """A row for each set of columns that hold it."""
    row = np.concatenate([np.full(len(held), number) for number, held in enumerate(holders)])
    column = np.concatenate([np.array(held) for held in holders])
    return csr_matrix((np.ones(len(row), np.int32), (row, column)), shape=(len(holders), columns))


def test_rows_with_nearly_the_same_columns_come_together() -> None:
    """Jaccard 9/11 and 1 join; 2/18 does not."""
    cells = incidence(range(10), range(1, 11), range(10), range(9, 19), range(9, 19), columns=19)
    assert sets(that_come_together(cells, 0.3)) == {(0, 1, 2), (3, 4)}


def test_a_fair_sample_of_columns_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pairs of all columns would not fit."""
    cells = incidence(*[range(2000)] * 4, *[range(1500, 3500)] * 4, columns=3500)
    whole = sets(that_come_together(cells, 0.3))
    monkeypatch.setattr(module, "_PAIRS_AT_MOST", 5000)  # of 74,000
    assert whole == sets(that_come_together(cells, 0.3)) == {(0, 1, 2, 3), (4, 5, 6, 7)}
