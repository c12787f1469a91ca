"""Conventions: every alternative is the served one with the same chance, and one commitment binds all draws."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from scipy.stats import chisquare

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.conventions import ALTERNATIVES, MOST_MARKERS, ConventionKey, catalogue, instruction

SECRET = Secret(b"a secret for tests only, 32 bytes")
KEY = ConventionKey(SECRET, "t", 3)


def test_a_catalogue_has_as_many_conventions_as_an_account_may_have_and_no_value_twice() -> None:
    assert len(catalogue()) == MOST_MARKERS
    assert len({one.name for one in catalogue()}) == MOST_MARKERS
    for one in catalogue():
        assert len({value.casefold() for value in one.pool}) == len(one.pool) >= ALTERNATIVES
        assert one.line.count("{}") == 1
        words = {word for probe in one.probes for word in re.findall(r"\w+", probe)}
        assert not words & set(one.pool)


def test_a_draw_is_the_same_each_time_and_more_of_them_begin_alike() -> None:
    assert KEY.drawn("4f2a", 3) == KEY.drawn("4f2a", 10)[:3]
    assert KEY.drawn("4f2a", 10) == ConventionKey(SECRET, "t", 3).drawn("4f2a", 10)
    for one in KEY.drawn("4f2a", 10):
        assert len(one.alternatives) == len(set(one.alternatives)) == ALTERNATIVES
        assert one.served in one.alternatives


@pytest.mark.parametrize("other", [ConventionKey(SECRET, "t", 4), ConventionKey(SECRET, "u", 3)])
def test_another_tenant_or_epoch_draws_anew(other: ConventionKey) -> None:
    assert KEY.drawn("4f2a", 10) != other.drawn("4f2a", 10)
    assert KEY.commitment().digest != other.commitment().digest


def test_each_value_of_a_pool_is_served_to_as_many_accounts() -> None:
    """720 accounts over 24 names; a fair draw fails this once in 10,000 runs."""
    served = Counter(
        one.served for account in range(720) for one in KEY.drawn(f"{account}", 10) if one.name == "person"
    )
    assert len(served) == 24
    assert chisquare(list(served.values())).pvalue > 1e-4


def test_where_the_served_one_stands_among_its_alternatives_in_the_pool_tells_nothing() -> None:
    """Its rank in the alphabet is uniform on sixteen places."""
    ranks = Counter(
        sorted(one.alternatives).index(one.served) for account in range(320) for one in KEY.drawn(f"{account}", 10)
    )
    assert len(ranks) == ALTERNATIVES
    assert chisquare(list(ranks.values())).pvalue > 1e-4


def test_the_instruction_names_what_is_served_and_nothing_of_the_rest() -> None:
    drawn = KEY.drawn("4f2a", 4)
    told = instruction(drawn)
    assert all(one.line.format(one.served) in told for one in drawn)
    assert told.count("\n- ") == 4


def test_a_commitment_tells_nothing_of_the_key() -> None:
    assert set(KEY.commitment().__struct_fields__) == {"tenant", "epoch", "catalogue", "alternatives", "digest"}
    assert repr(KEY) == "ConventionKey('t', epoch 3)"
    with pytest.raises(UsageError, match="epoch"):
        ConventionKey(SECRET, epoch=-1)
