"""What the journal says the tracer has done: the same for whoever reads it, whenever it was started."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.decision.docket import GIVEN
from stillwatch.errors import JournalBroken
from stillwatch.tracer.given import Given, Kind, Series

from .sights import HOUR_US, ID, NOW_US, Bench, campaign, look, names
from .test_verdicts import joined

TEN = names(range(10))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.decide(look(campaign(TEN)))
    return bench


def again(bench: Bench) -> Given:
    """As a tracer that was started anew reads it."""
    given = Given(bench.journal)
    given.follow()
    return given


def test_a_hold_survives_a_restart(bench: Bench) -> None:
    bench.lift(f"T-{ID}.acted.1", "ada")
    assert again(bench).held(ID) == TEN
    assert again(bench).in_force(NOW_US) == {}


def test_what_the_tracer_lifted_itself_holds_nobody(bench: Bench) -> None:
    bench.lift(f"T-{ID}.acted.1", "tracer")
    assert again(bench).held(ID) == frozenset()
    assert again(bench).id_for(Series(ID, Kind.ACTED)) == f"T-{ID}.acted.2"


def test_a_verdict_by_hand_on_that_campaign_takes_the_hold_away_and_another_does_not(bench: Bench) -> None:
    bench.lift(f"T-{ID}.acted.1", "ada")
    bench.by_hand(names(1), None)
    bench.by_hand(names(2), "C-other")
    assert again(bench).held(ID) == TEN
    bench.by_hand(names(3), ID)
    assert again(bench).held(ID) == TEN - names(3)


def test_a_hold_is_of_one_campaign(bench: Bench) -> None:
    bench.lift(f"T-{ID}.acted.1", "ada")
    assert again(bench).held("C-other") == frozenset()


def test_campaigns_of_people_are_in_force_too_and_joining_makes_none(bench: Bench) -> None:
    bench.by_hand(names(30), "C-by-hand")
    assert again(bench).campaigns(NOW_US) == {ID, "C-by-hand"}
    bench.lift(f"T-{ID}.acted.1", "tracer")
    joined(bench, "acct-77")
    assert again(bench).campaigns(NOW_US) == {"C-by-hand"}
    assert again(bench).campaigns(NOW_US + 2 * HOUR_US) == frozenset()


def test_who_joined_has_joined_since_the_first_verdict_without_a_gap(bench: Bench) -> None:
    joined(bench, "acct-77", NOW_US)
    joined(bench, "acct-77", NOW_US + 20 * HOUR_US)
    ((_, _, since),) = again(bench).joined(ID, NOW_US + 20 * HOUR_US)
    assert since == NOW_US
    joined(bench, "acct-77", NOW_US + 60 * HOUR_US)
    ((_, _, since),) = again(bench).joined(ID, NOW_US + 60 * HOUR_US)
    assert since == NOW_US + 60 * HOUR_US


def test_a_verdict_of_a_person_is_never_taken_for_the_tracer_s_own(bench: Bench) -> None:
    """Not even with an id that looks like one."""
    body = next(iter(bench.journal.read()))[0].body
    bench.journal.append(GIVEN, {**body, "id": "T-C-x.acted.1", "campaign": "C-x", "by": "ada"}, NOW_US)
    assert [series.campaign for series in again(bench).in_force(NOW_US)] == [ID]


def test_an_entry_that_is_no_verdict_is_said_and_nothing_is_decided_on_it(bench: Bench) -> None:
    bench.journal.append(GIVEN, {"id": "V-1"}, NOW_US)
    with pytest.raises(JournalBroken, match="entry 2 is no verdict"):
        again(bench)
