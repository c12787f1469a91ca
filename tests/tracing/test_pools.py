"""Which units of a candidate draw from one pool: a ring stays whole, strangers with the same tool stay apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.tracing.complementarity import Payloads
from stillwatch.tracing.pools import ALIKE, ALIKE_IN_A_MIXTURE, pools

TOPICS = 40


def drawn(topics_of: list[list[int]], each: int, seed: int) -> Payloads:
    """Units that draw `each` exchanges from their own list of topics; projections are topic plus noise."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(len(topics_of)), each)
    topic = np.array([rng.choice(topics_of[u]) for u in unit])
    centres = np.random.default_rng(151).normal(0, 2.0, (TOPICS, 64))
    projection = centres[topic] + rng.normal(0, 1.0, (len(unit), 64))
    none = np.zeros(len(unit), np.int64)
    return Payloads(unit, np.asarray(projection, np.float64), np.arange(len(unit)), none)


def groups(labels: NDArray[np.int64]) -> list[list[int]]:
    """Units by label, the largest group first."""
    found = [np.flatnonzero(labels == one).tolist() for one in np.unique(labels)]
    return sorted(found, key=lambda group: (-len(group), group))


EVERYTHING = list(range(TOPICS))


@pytest.mark.parametrize("seed", range(3))
def test_a_ring_is_one_pool(seed: int) -> None:
    """Thirty accounts of one list: nobody is left out by chance."""
    assert groups(pools(drawn([EVERYTHING] * 30, 25, seed), ALIKE)) == [list(range(30))]


@pytest.mark.parametrize("seed", range(3))
def test_strangers_are_pools_of_one(seed: int) -> None:
    """Fifteen users of a tool, each with two topics of their own."""
    own = [[2 * u, 2 * u + 1] for u in range(15)]
    assert groups(pools(drawn(own, 40, seed), ALIKE)) == [[u] for u in range(15)]


@pytest.mark.parametrize("seed", range(3))
def test_a_ring_among_strangers_is_told_apart(seed: int) -> None:
    """Eight accounts of one list and eight strangers with the same tool."""
    own = [[2 * u, 2 * u + 1] for u in range(8)]
    found = groups(pools(drawn([EVERYTHING] * 8 + own, 40, seed), ALIKE))
    assert found == [list(range(8)), *[[u] for u in range(8, 16)]]


@pytest.mark.parametrize("seed", range(3))
def test_in_a_mixture_no_stranger_is_taken_for_a_member(seed: int) -> None:
    """The stricter bound loses members of the ring where strangers are narrow, and joins no stranger to anybody."""
    own = [[2 * u, 2 * u + 1] for u in range(8)]
    found = groups(pools(drawn([EVERYTHING] * 8 + own, 40, seed), ALIKE_IN_A_MIXTURE))
    assert set(found[0]) <= set(range(8))
    assert [group for group in found if group[-1] >= 8] == [[u] for u in range(8, 16)]


@pytest.mark.parametrize(("units", "each"), [(1, 30), (2, 30), (5, 1)])
def test_too_few_to_tell_apart_are_one_pool(units: int, each: int) -> None:
    """Two units, or units of one exchange, are left together."""
    assert groups(pools(drawn([[u] for u in range(units)], each, 0), ALIKE)) == [list(range(units))]


def test_no_exchanges_are_no_pools() -> None:
    """Nothing carried, nothing told apart."""
    none = np.empty(0, np.int64)
    assert len(pools(Payloads(none, np.empty((0, 64)), none, none), ALIKE)) == 0
