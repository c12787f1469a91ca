"""Linking and testing never share a day, whatever the ledger; and a ledger of too few days is told so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.stats.binomial import chance_of_so_few, chance_of_so_many
from stillwatch.stats.sample_split import TooFewDays, is_linking, split

DAYS = st.lists(st.integers(-5, 25_000), min_size=1, max_size=40)
KEYS = st.binary(max_size=64)


@given(DAYS, KEYS)
def test_no_day_is_on_both_sides_and_none_is_lost(days: list[int], key: bytes) -> None:
    """Hence no account-day is either, as all accounts are dealt alike."""
    dealt = split(np.array(days), key, 0, 0)
    assert set(dealt.linking.tolist()) & set(dealt.testing.tolist()) == set()
    assert sorted([*dealt.linking.tolist(), *dealt.testing.tolist()]) == sorted(set(days))


@given(DAYS, DAYS, KEYS)
def test_a_ledger_that_grows_moves_no_day(days: list[int], more: list[int], key: bytes) -> None:
    """Earlier or later days may come: what a day was, it stays. No day that tested a ring links it tomorrow."""
    before, after = split(np.array(days), key, 0, 0), split(np.array(days + more), key, 0, 0)
    assert set(before.linking.tolist()) <= set(after.linking.tolist())
    assert set(before.testing.tolist()) <= set(after.testing.tolist())


@given(st.integers(0, 25_000), st.integers(1, 20), KEYS)
def test_days_in_a_row_are_dealt_evenly(first: int, m: int, key: bytes) -> None:
    """Of 2m + 1 days in a row each side has m at least: the guard's advice is enough."""
    dealt = split(np.arange(first, first + 2 * m + 1), key, m, m)
    assert min(len(dealt.linking), len(dealt.testing)) >= m


def test_without_the_key_the_deal_cannot_be_told() -> None:
    """Of 20,000 pairs two keys agree on half, and one key deals by no parity or weekday: coins, by the exact test."""
    days = np.arange(40_000)
    one, other = is_linking(days, b"one key"), is_linking(days, b"another")
    for agree in (one[::2] == other[::2], one[::2], one[::14]):
        hits, n = int(agree.sum()), len(agree)
        assert chance_of_so_many(hits, n, 0.5) > 1e-6
        assert chance_of_so_few(hits, n, 0.5) > 1e-6


def test_the_deal_is_the_same_on_every_machine() -> None:
    """Written down when the rule was made; a change would move days of every ledger to the other side."""
    assert is_linking(np.arange(20_000, 20_008).reshape(2, 4), b"").tolist() == GOLDEN


GOLDEN = [[True, False, False, True], [False, True, True, False]]


@pytest.mark.parametrize("days", [[], [20_000], [20_000, 20_000]])
def test_one_day_cannot_be_split(days: list[int]) -> None:
    """The error says how many days there are and how many are enough."""
    with pytest.raises(TooFewDays) as refusal:
        split(np.array(days), b"")
    assert isinstance(refusal.value, StillwatchError)
    assert refusal.value.problem.startswith("1 day of traffic gives" if days else "0 days of traffic give")
    assert "3 in a row are always enough" in refusal.value.remedy


def test_more_days_can_be_asked_for() -> None:
    """A week has three pairs: not enough for a test on five days."""
    with pytest.raises(TooFewDays, match="11 in a row"):
        split(np.arange(20_000, 20_007), b"", 1, 5)


def test_a_key_too_long_for_the_hash_is_refused() -> None:
    """RFC 7693 takes 64 bytes."""
    with pytest.raises(UsageError):
        is_linking(np.array([1]), bytes(65))
