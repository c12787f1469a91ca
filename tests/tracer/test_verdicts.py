"""What follows from a look: just the difference to what is in force, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.decision.policy import Automatic
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.tracer.given import Kind, Series
from stillwatch.tracer.seen import Seen, SeenCampaign
from stillwatch.tracer.verdicts import Lift, Wanted, after_look, changes

from .sights import AUTOMATIC, HOUR_US, ID, NOW_US, Bench, campaign, known, look, names

DAY_US = 24 * HOUR_US
TEN = names(range(10))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def joined(bench: Bench, account: str, at_us: int = NOW_US) -> None:
    wanted = Wanted(frozenset({account}), Step.DELAY, ("sends the wrapper in 3 of 3 conversations",), 1.0)
    bench.make(changes({Series(ID, Kind.JOINED, account): wanted}, bench.given, at_us), at_us)


def test_the_same_look_again_changes_nothing(bench: Bench) -> None:
    assert len(bench.decide(look(campaign(TEN)))) == 1
    assert bench.decide(look(campaign(TEN)), NOW_US + HOUR_US) == []


def test_other_words_for_the_same_accounts_change_nothing(bench: Bench) -> None:
    """Numbers in sentences move with every exchange."""
    bench.decide(look(campaign(TEN)))
    assert bench.decide(look(replace(campaign(TEN), evidence=("They share 12 values",), exchanges=950))) == []


def test_a_campaign_that_grows_keeps_its_verdict_s_id_and_has_its_new_accounts(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    (grown,) = bench.decide(look(campaign(names(range(12)))), NOW_US + HOUR_US)
    assert isinstance(grown, Verdict)
    assert (grown.id, frozenset(grown.accounts)) == (f"T-{ID}.acted.1", names(range(12)))
    assert bench.treated().keys() == names(range(12))


def test_an_account_that_a_look_lets_go_is_taken_out(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    bench.decide(look(campaign(TEN, acted=names(range(9)))))
    assert bench.treated().keys() == names(range(9))


def test_it_is_given_again_before_it_ends_and_not_long_before(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    assert bench.decide(look(campaign(TEN)), NOW_US + 5 * DAY_US) == []
    (again,) = bench.decide(look(campaign(TEN)), NOW_US + 6 * DAY_US)
    assert isinstance(again, Verdict)
    assert again.expires_us == NOW_US + 13 * DAY_US


def test_a_campaign_that_is_not_seen_keeps_its_verdict_until_it_ends(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    assert bench.decide(look(register=known("dormant")), NOW_US + 6 * DAY_US) == []
    assert bench.treated(NOW_US + 8 * DAY_US) == {}


@pytest.mark.parametrize(
    "after",
    [
        look(register=known("active")),
        look(replace(campaign(TEN, acted=()), is_campaign=False)),
        look(replace(campaign(TEN, acted=()), rests=True)),
    ],
    ids=["let go", "only watched", "an alarm rings"],
)
def test_what_a_look_does_not_support_is_lifted_and_comes_back_when_it_does(bench: Bench, after: Seen) -> None:
    bench.decide(look(campaign(TEN)))
    (lift,) = bench.decide(after)
    assert isinstance(lift, Lift)
    assert bench.treated() == {}
    bench.decide(look(campaign(TEN)))
    assert bench.treated().keys() == TEN


def test_one_that_merges_into_another_is_lifted_after_the_other_s_verdict_is_given(bench: Bench) -> None:
    """So that nobody is free for a moment."""
    bench.decide(look(campaign(TEN)))
    decided = bench.decide(look(campaign(names(range(20)), id="C-other"), register=known("merged", "C-other")))
    assert [type(one) for one in decided] == [Verdict, Lift]
    assert isinstance(decided[1], Lift)
    assert decided[1].reason == "its accounts are in C-other now"


def test_what_a_person_lifted_is_given_to_nobody_of_it_again(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    bench.lift(f"T-{ID}.acted.1", "ada")
    assert bench.decide(look(campaign(TEN))) == []
    bench.decide(look(campaign(names(range(12)))))
    assert bench.treated().keys() == names(10, 11)
    assert bench.given.id_for(Series(ID, Kind.ACTED)) == f"T-{ID}.acted.2"


def test_what_was_only_shown_is_treated_as_the_policy_says(bench: Bench) -> None:
    shown = Automatic(shown=Step.DELAY)
    some = campaign(TEN, acted=names(range(4)))
    assert len(bench.decide(look(some))) == 1
    bench.decide(look(some), automatic=shown)
    assert bench.treated() == {name: Step.DEGRADE if name in names(range(4)) else Step.DELAY for name in TEN}
    bench.decide(look(some))
    assert bench.treated().keys() == names(range(4))


@pytest.mark.parametrize(
    "kept",
    [replace(campaign(TEN, acted=()), is_campaign=False), replace(campaign(TEN, acted=()), rests=True)],
    ids=["watched", "beside an alarm"],
)
def test_who_is_watched_or_beside_an_alarm_is_shown_and_nothing_is_done(bench: Bench, kept: SeenCampaign) -> None:
    assert bench.decide(look(kept), automatic=Automatic(shown=Step.DELAY)) == []


def test_another_step_in_the_policy_replaces_the_verdict(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    bench.decide(look(campaign(TEN)), automatic=Automatic(act=Step.DENY))
    assert set(bench.treated().values()) == {Step.DENY}
    bench.decide(look(campaign(TEN)), automatic=Automatic(act=None))
    assert bench.treated() == {}


def test_who_joined_is_confirmed_by_a_look_that_has_it_in_the_campaign(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    joined(bench, "acct-77", NOW_US + HOUR_US)
    seen = look(campaign([*TEN, "acct-77"], acted=TEN), asked_us=NOW_US + 2 * HOUR_US)
    assert bench.decide(seen, NOW_US + 3 * HOUR_US) == []
    (again,) = bench.decide(seen, NOW_US + 23 * HOUR_US)
    assert isinstance(again, Verdict)
    assert again.accounts == ("acct-77",)


def test_who_joined_is_dropped_by_a_look_that_could_have_it_and_does_not(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    joined(bench, "acct-77", NOW_US + HOUR_US)
    before, after = look(campaign(TEN)), look(campaign(TEN), asked_us=NOW_US + 2 * HOUR_US)
    assert bench.decide(before, NOW_US + HOUR_US) == []
    (lift,) = bench.decide(after, NOW_US + 2 * HOUR_US)
    assert isinstance(lift, Lift)
    assert "does not have it" in lift.reason


def test_who_joined_and_is_acted_on_has_one_verdict(bench: Bench) -> None:
    bench.decide(look(campaign(TEN)))
    joined(bench, "acct-77")
    decided = bench.decide(look(campaign([*TEN, "acct-77"])))
    assert [type(one) for one in decided] == [Verdict, Lift]
    assert bench.treated()["acct-77"] is Step.DEGRADE


ACCOUNTS = st.sets(st.integers(0, 6)).map(lambda numbers: names(*numbers))
LOOKS = st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.booleans()), max_size=6)


@given(LOOKS, st.data())
def test_a_kill_between_any_two_entries_changes_nothing_in_the_end(
    tmp_path_factory: pytest.TempPathFactory,
    looks: list[tuple[frozenset[str], frozenset[str], bool]],
    data: st.DataObject,
) -> None:
    """After the last look, whatever was left undone before it, exactly what it supports is in force."""
    whole, cut = (Bench(tmp_path_factory.mktemp("bench")) for _ in range(2))
    shown = replace(AUTOMATIC, shown=Step.DELAY)
    for step, (first, second, supports) in enumerate(looks):
        both = [campaign(one, id=f"C-{n}") for n, one in enumerate((first, second - first)) if one]
        seen = look(*(one if supports else replace(one, acted=frozenset()) for one in both))
        at_us = NOW_US + step
        whole.decide(seen, at_us, shown)
        fresh = Bench(cut.journal.file.parent)  # a tracer that has just started
        fresh.given.follow()
        decided = after_look(seen, fresh.given, shown, at_us)
        done = data.draw(st.integers(0, len(decided)))
        fresh.make(decided[:done], at_us)
        Bench(cut.journal.file.parent).decide(seen, at_us, shown)
    at_us = NOW_US + len(looks)
    assert Bench(cut.journal.file.parent).treated(at_us) == whole.treated(at_us)
