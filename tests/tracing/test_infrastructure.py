"""Shared payment instruments and addresses, counted in units and weighed against the population."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.tracing.infrastructure import Shared, shared


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), max_size=30))
def test_sharing_is_counted_in_units(pairs: list[tuple[int, int]]) -> None:
    """A unit shares if another one has any of its identifiers; 0 is no identifier; a pair counts once."""
    users = defaultdict(set)
    for unit, identifier in pairs:
        users[identifier].add(unit)
    users.pop(0, None)
    found = shared("ip", np.array([u for u, _ in pairs], int), np.array([i for _, i in pairs], int), 0.1)
    assert found.known == len(set().union(*users.values()))
    assert found.sharing == len(set().union(*(who for who in users.values() if len(who) > 1)))


@pytest.mark.parametrize(
    ("kind", "known", "sharing", "population_rate", "is_strong"),
    [
        ("payment", 10, 2, 0.0, True),
        ("ip", 10, 10, 0.1, True),
        ("ip", 10, 4, 0.1, False),  # four times the usual rate
        ("payment", 100, 19, 0.0, False),  # one in five at least
        ("payment", 1, 1, 0.0, False),  # nobody shares alone
        ("payment", 0, 0, 0.0, False),
        ("network", 10, 10, 0.0, False),  # a network is a neighbourhood
    ],
)
def test_only_cards_and_addresses_far_above_the_usual_are_strong(
    kind: str, known: int, sharing: int, population_rate: float, is_strong: bool
) -> None:
    """A fifth of the group, five times the population's rate, and of a kind that strangers do not share."""
    assert Shared(kind, known, sharing, population_rate).is_strong == is_strong


def test_without_a_known_identifier_the_rate_is_zero() -> None:
    """Logs without network fields divide by nothing."""
    assert Shared("ip", 0, 0, 0.0).rate == 0.0
