"""Which claims of others may count here, and how much they bear at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.sharing.member.heard import MOST_RECORD, HeardClaim, bound_of

from .told import DAY_US, HOUR_US, NOW_US, US, Told, drawn

A, B, C, D = (f"member-0{number}" for number in range(2, 6))


def heard(told: Told, folder: Path, now_us: int = NOW_US) -> HeardClaim:
    (claim,) = told.hearing(folder, now_us).claims
    return claim


def test_what_one_member_says_bears_nothing_whatever_its_record(tmp_path: Path) -> None:
    """Twenty claims of A that C and D saw: its record is 24 of 25, and alone it still only comes first."""
    told = Told()
    for number in range(20):
        true = told.tell(A, f"true-{number}", drawn(number))
        told.see(C, true)
        told.see(D, true)
    told.tell(A, "it", drawn(100))
    claims = told.hearing(tmp_path).claims
    (alone,) = [one for one in claims if len(one.members) == 1]
    assert (alone.counts, alone.stopped, alone.record) == (False, "", 24 / 25)


def test_two_bear_what_the_less_believed_of_them_bears(tmp_path: Path) -> None:
    """Both unknown: 0.8 each, so 1 / (1 - 0.8)."""
    told = Told()
    told.see(B, told.tell(A, "it", drawn(1)))
    found = heard(told, tmp_path)
    assert (len(found.members), found.record, found.counts) == (2, 0.8, True)
    assert found.bound == pytest.approx(5.0)


def test_our_own_word_speaks_for_nothing(tmp_path: Path) -> None:
    """What we have seen is in our log already."""
    told = Told()
    told.see(US, told.tell(A, "it", drawn(1)))
    assert not heard(told, tmp_path).counts


def test_our_own_claims_are_none(tmp_path: Path) -> None:
    told = Told()
    told.see(A, told.tell(US, "it", drawn(1)))
    assert told.hearing(tmp_path).claims == ()


def test_a_word_on_the_campaign_is_one_on_its_indicator(tmp_path: Path) -> None:
    """The sighting above names the campaign; so does a dispute, which halves what is believed."""
    told = Told()
    campaign = told.tell(A, "it", drawn(1))
    told.see(B, campaign)
    told.dispute(C, campaign)
    assert heard(told, tmp_path).bound == pytest.approx(1 / (1 - 0.42))


def test_a_claim_that_was_withdrawn_or_suspended_moves_nothing_and_says_so(tmp_path: Path) -> None:
    told = Told()
    campaign = told.tell(A, "it", drawn(1))
    told.see(B, campaign)
    told.dispute(C, campaign)
    told.dispute(D, campaign)
    suspended = heard(told, tmp_path)
    told.withdraw(A, campaign)
    withdrawn = heard(told, tmp_path)
    assert (suspended.counts, withdrawn.counts) == (False, False)
    assert (suspended.stopped, withdrawn.stopped) == (
        "it is suspended, as two members dispute it",
        "it was withdrawn by its author",
    )


def test_what_we_dispute_ourselves_moves_nothing_here(tmp_path: Path) -> None:
    told = Told()
    campaign = told.tell(A, "it", drawn(1))
    told.see(B, campaign)
    told.dispute(US, campaign)
    assert heard(told, tmp_path).stopped == "we dispute it ourselves"


def test_a_claim_ends_with_its_indicator(tmp_path: Path) -> None:
    """Ninety days; an inbox that is pulled into would have deleted it then."""
    told = Told()
    told.see(B, told.tell(A, "it", drawn(1)))
    assert heard(told, tmp_path, NOW_US + 90 * DAY_US).stopped == "it has ended, or not begun"


def test_after_a_day_without_a_pull_nothing_counts(tmp_path: Path) -> None:
    told = Told()
    told.see(B, told.tell(A, "it", drawn(1)))
    assert heard(told, tmp_path, NOW_US + 24 * HOUR_US).counts
    assert heard(told, tmp_path, NOW_US + 25 * HOUR_US).stopped.startswith("nothing was pulled for a day")


def test_two_who_vouch_for_each_other_gain_nothing_by_it(tmp_path: Path) -> None:
    """Twenty claims of A that only B saw, and the other way round: no record for what they say together."""
    told = Told()
    for number in range(20):
        told.see(B, told.tell(A, f"a-{number}", drawn(number)))
        told.see(A, told.tell(B, f"b-{number}", drawn(100 + number)))
    assert {one.record for one in told.hearing(tmp_path).claims} == {0.8}


def test_what_came_of_other_claims_makes_the_record(tmp_path: Path) -> None:
    """Three of A's were withdrawn: 4 of 8 by the prior."""
    told = Told()
    for number in range(3):
        told.withdraw(A, told.tell(A, f"wrong-{number}", drawn(number)))
    told.see(B, told.tell(A, "it", drawn(9)))
    found = next(one for one in told.hearing(tmp_path).claims if not one.stopped)
    assert (found.record, round(found.bound, 2)) == (0.5, 2.0)


def test_no_record_bears_more_than_ten() -> None:
    assert bound_of([1.0, 1.0], 1.0) == pytest.approx(1 / (1 - MOST_RECORD)) == pytest.approx(10.0)


def test_one_dispute_by_a_member_counts_once(tmp_path: Path) -> None:
    told = Told()
    campaign = told.tell(A, "it", drawn(1))
    told.see(B, campaign)
    for _ in range(5):
        told.dispute(C, campaign)
    assert heard(told, tmp_path).bound == pytest.approx(1 / (1 - 0.42))


def test_who_disputes_everything_is_not_heard(tmp_path: Path) -> None:
    """Four claims that B saw, and D disputes each of them; its next dispute halves nothing."""
    told = Told()
    for number in range(4):
        told.see(B, told.tell(A, f"true-{number}", drawn(number)))
        told.dispute(D, told.last)
    assert {round(one.bound, 6) for one in told.hearing(tmp_path).claims} == {5.0}


def test_who_disputes_half_of_everything_is_heard(tmp_path: Path) -> None:
    told = Told()
    for number in range(6):
        told.see(B, told.tell(A, f"told-{number}", drawn(number)))
        if number % 2:
            told.dispute(D, told.last)
    assert sum(one.bound < 2.0 for one in told.hearing(tmp_path).claims) == 3
