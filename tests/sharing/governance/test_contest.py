"""Partners' words move the published score; nobody counts twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.governance.contest import Said, Word, standing, track_record

SAID = st.builds(Said, st.sampled_from("abcdef"), st.sampled_from(Word), st.integers(0, 9))


def test_without_a_word_it_is_confidence_times_record() -> None:
    assert standing("a", 50, 0.8, []).score == 40


def test_a_sighting_lifts_and_a_dispute_halves() -> None:
    """40, half of the way to 100, then half of that."""
    assert standing("a", 50, 0.8, [Said("b", Word.SEEN, 1)]).score == 70
    both = standing("a", 50, 0.8, [Said("b", Word.SEEN, 1), Said("c", Word.DISAGREE, 1)])
    assert (both.score, both.contributors, both.disputes) == (35, 2, 1)


def test_two_members_suspend_and_one_does_not() -> None:
    once = [Said("b", Word.DISAGREE, 1), Said("b", Word.STRONGLY_DISAGREE, 2)]
    assert not standing("a", 85, 1, once).is_suspended
    assert standing("a", 85, 1, [*once, Said("c", Word.DISAGREE, 1)]).is_suspended


def test_the_newest_word_of_a_member_counts() -> None:
    taken_back = [Said("b", Word.DISAGREE, 1), Said("b", Word.AGREE, 2)]
    assert standing("a", 50, 1, taken_back).disputes == 0


def test_an_author_does_not_speak_for_itself() -> None:
    assert standing("a", 50, 1, [Said("a", Word.SEEN, 1)]) == standing("a", 50, 1, [])


@given(st.lists(SAID, max_size=12), st.integers(0, 100), st.floats(0, 1))
def test_the_score_stays_in_its_range_whatever_is_said(said: list[Said], confidence: int, record: float) -> None:
    found = standing("z", confidence, record, said)
    assert 0 <= found.score <= 100
    assert found.disputes + found.contributors <= 7


@pytest.mark.parametrize(("held", "failed", "record"), [(0, 0, 0.8), (95, 0, 0.99), (0, 15, 0.2)])
def test_a_record_is_earned_and_lost(held: int, failed: int, record: float) -> None:
    assert track_record(held, failed) == pytest.approx(record)
