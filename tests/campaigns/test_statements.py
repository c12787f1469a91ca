"""Names, bars and links of a campaign: stable, bounded, and pointing at what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.claims import Claim
from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.judgement import judge
from stillwatch.campaigns.links import SHOWN_ACCOUNTS, links
from stillwatch.campaigns.statements import Found, bin_edges, bins, name_of, ring_evidence
from stillwatch.evidence import Evidence
from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.template import Candidate

from .rings import EACH_ASKED_ONCE, PLAINLY_DIFFERENT, SHARED_CARDS, UNCLEAR, ring

HOUR_US = 3_600_000_000
YEAR_2001_US, YEAR_2099_US = 978_307_200_000_000, 4_070_908_800_000_000
KEYS = np.arange(100, 112, dtype=np.uint64)
NOTHING = np.empty(0, np.int64)
NOBODY = Carried(NOTHING, {}, NOTHING, NOTHING, np.empty(0, bool))


def found(accounts: list[int], keys: np.ndarray = KEYS, *, pool: int = 0, **of_ring: Any) -> Found:
    measured = ring(**of_ring)
    return Found(Candidate(np.array(accounts), keys, 1, pool), NOBODY, measured, judge(measured), keys)


# -- names -----------------------------------------------------------------------------------------------------


def test_a_campaign_keeps_its_name_when_its_accounts_are_replaced() -> None:
    assert found([0, 1, 2]).id == found([7, 8, 9, 10]).id


def test_another_skeleton_has_another_name() -> None:
    assert found([0, 1, 2]).id != found([0, 1, 2], KEYS + np.uint64(1_000)).id


def test_a_value_more_or_less_rarely_changes_the_name() -> None:
    """The name is the least of the values' hashes: dropping one of twelve renames in one case of twelve."""
    without_one = [found([0, 1, 2], np.delete(KEYS, i)).id for i in range(len(KEYS))]
    assert sum(name != found([0, 1, 2]).id for name in without_one) == 1


def test_two_pools_under_one_skeleton_are_told_apart() -> None:
    assert len({found([0, 1, 2], pool=pool).id for pool in (1, 2)}) == 2


def test_an_account_without_a_known_name_is_shown_by_its_pseudonym() -> None:
    assert name_of(255, {}) == "00000000000000ff"
    assert name_of(255, {255: "acct"}) == "acct"


# -- bars ------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(YEAR_2001_US, YEAR_2099_US), min_size=1, max_size=50))
def test_bars_are_few_whatever_the_clocks_say_and_lose_nothing(times: list[int]) -> None:
    """One row of 2001 and one of 2099 must not make a bar of every hour between."""
    when = np.array(sorted(times))
    who = np.arange(len(when)) % 3
    told = bins(when, who, int(when[0]), int(when[-1]))
    assert len(told) <= 98
    assert sum(bar.exchanges for bar in told) == len(when)
    assert all(1 <= bar.accounts <= min(3, bar.exchanges) for bar in told)


def test_bars_are_whole_hours_and_start_before_the_first_exchange() -> None:
    start, width = bin_edges(YEAR_2001_US + 5, YEAR_2001_US + 90 * HOUR_US)
    assert (start, width) == (YEAR_2001_US, HOUR_US)


# -- links -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 12, SHOWN_ACCOUNTS + 50])
def test_links_stay_inside_the_ring_and_the_picture(size: int) -> None:
    members = np.arange(size) * 2  # accounts between them belong to others
    skeleton = Repeated(np.repeat(members, 3), np.tile(KEYS[:3], size), np.full(3 * size, 4))
    told = links(Candidate(members, KEYS, 1), skeleton, size)
    assert told
    assert all(0 <= link.left < link.right < min(size, SHOWN_ACCOUNTS) for link in told)
    assert all(link.weight == 3 for link in told)
    assert len(told) <= 4 * SHOWN_ACCOUNTS


def test_equal_links_spread_over_the_ring() -> None:
    """No account looks like a ringleader only because it comes first."""
    members = np.arange(20)
    skeleton = Repeated(np.repeat(members, 3), np.tile(KEYS[:3], 20), np.full(60, 4))
    ends = [end for link in links(Candidate(members, KEYS, 1), skeleton, 20) for end in (link.left, link.right)]
    assert np.bincount(ends).max() <= 2 * np.bincount(ends).min()


# -- evidence --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measured", [PLAINLY_DIFFERENT, UNCLEAR, EACH_ASKED_ONCE])
def test_each_family_speaks_in_sentences_with_numbers(measured: object) -> None:
    for said in ring_evidence(found([0, 1, 2], measured=measured, shared=SHARED_CARDS, carried=100)):
        assert any(c.isdigit() for c in said.statement)
        assert said.statement[0].isupper() or said.statement[0].isdigit()
        assert said.detail


def test_cover_is_only_said_where_there_is_some() -> None:
    plain, loud = (
        {said.family for said in ring_evidence(found([0, 1, 2], **changes))} for changes in ({}, {"carried": 100})
    )
    assert loud - plain == {"cover"}


def test_what_further_families_say_carries_what_may_be_claimed_of_it() -> None:
    one = found([0, 1, 2]).claiming(Claim({"timing": 1.5}, 1.0, np.arange(3)), 0)
    said = ring_evidence(one.saying([Evidence("timing", 0.0, "By turns"), Evidence("shape", 0.0, "Alike")]))
    assert {e.family: e.log_e for e in said if e.family in ("timing", "shape")} == {"timing": 1.5, "shape": 0.0}


def test_without_a_benign_log_commonness_is_not_claimed() -> None:
    said = ring_evidence(found([0, 1, 2], reference_units=0))[0]
    assert "is not known without a benign log" in said.statement
    assert "common_units" not in said.detail
