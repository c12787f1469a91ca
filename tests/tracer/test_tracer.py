"""Between looks: who joins has a verdict, and a wrapper that suddenly everybody sends joins nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from end_to_end.worlds import Sender, dealt_out, invented, seeded, vocabulary
from end_to_end.wrappers import MAKE_ITEMS

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Automatic
from stillwatch.decision.verdict import Step
from stillwatch.standing.store import standing
from stillwatch.telemetry.counts import LookCounts
from stillwatch.tracer.looker import Looker
from stillwatch.tracer.looking import Sources
from stillwatch.tracer.members import FEWEST_JOINERS
from stillwatch.tracer.run import Tracer
from stillwatch.tracer.seen import Seen

from .place import ALPHA, RING, SECRET, Place, sketched
from .test_members import later


class Desk:
    """A tracer after its first look, on a clock that is moved by hand; its policy may be changed."""

    def __init__(self, place: Place, tracer: Tracer, seen: Seen) -> None:
        self.place, self.tracer, self.seen = place, tracer, seen
        self.now_us = seen.asked_us
        self.automatic = Automatic()
        self.logs = 0

    def sent(self, senders: list[Sender]) -> None:
        self.logs += 1
        sketched(later(senders, 1), self.place.home.folder / f"sent-{self.logs}.jsonl", self.place.ledger)
        self.now_us += 1_000_000
        self.tracer.tick()

    def treated(self) -> dict[str, Step]:
        docket = Docket(Journal(self.place.journal))
        docket.follow()
        return {account: v.step for v in docket.in_force(self.now_us) for account in v.accounts}


@pytest.fixture
def desk(place: Place, seen: Seen) -> Iterator[Desk]:
    sources = Sources(place.ledger, place.state / "scratch", SECRET, benign=place.benign, alpha=ALPHA)
    with standing(place.state, sources.identity, ALPHA) as state, Looker(sources) as looker:
        made: list[Desk] = []
        tracer = Tracer(
            sources,
            state,
            place.state,
            Journal(place.journal),
            lambda: made[0].automatic,
            looker,
            lambda said: None,
            lambda: made[0].now_us,
            LookCounts(),
        )
        made.append(Desk(place, tracer, seen))
        tracer.after(seen)
        yield made[0]


def operators(count: int) -> list[Sender]:
    """New accounts of the operator, three conversations each."""
    rng = seeded(78)
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 25 * count)
    made = dealt_out("ring", pool, rng)
    return [replace(one, account=f"new-{one.account}", sends=one.sends[:3]) for one in made]


def test_who_joins_is_delayed_and_drawn_into_the_campaign(desk: Desk) -> None:
    senders = operators(3)
    desk.sent(senders)
    assert desk.treated() == dict.fromkeys(RING, Step.DEGRADE) | {s.account: Step.DELAY for s in senders}
    assert desk.tracer.status.joined == 3
    written = desk.place.journal.read_bytes()
    desk.tracer.tick()
    assert desk.place.journal.read_bytes() == written


def test_a_wrapper_that_more_begin_to_send_than_the_campaign_has_joins_nobody_any_more(desk: Desk) -> None:
    """Those who had joined since the look are let go with the rest."""
    senders = operators(FEWEST_JOINERS + 1)
    desk.sent(senders[:3])
    desk.sent(senders[3:])
    assert desk.treated().keys() == RING
    desk.sent(operators(2))
    assert desk.treated().keys() == RING
    assert desk.tracer.status.joined == 0


def test_whom_a_person_lets_go_does_not_join_again(desk: Desk) -> None:
    (one,) = operators(1)
    desk.sent([one])
    docket = Docket(Journal(desk.place.journal))
    docket.follow()
    (verdict,) = [v for v in docket.in_force(desk.now_us) if v.accounts == (one.account,)]
    docket.lift(verdict.id, "a tool's maker, shown by contract", "ada", desk.now_us)
    desk.sent([replace(one, sends=one.sends[:2])])
    assert one.account not in desk.treated()


def test_a_policy_that_leaves_joining_to_people_is_followed(desk: Desk) -> None:
    desk.automatic = Automatic(joined=None)
    desk.sent(operators(2))
    assert desk.treated().keys() == RING


def test_without_a_verdict_on_the_campaign_nobody_joins(desk: Desk) -> None:
    desk.automatic = Automatic(act=None)
    desk.tracer.after(desk.seen)
    desk.sent(operators(2))
    assert desk.treated() == {}


def test_what_goes_wrong_between_looks_is_said_and_tried_again(desk: Desk, tmp_path: Path) -> None:
    (one,) = operators(1)
    sketched(later([one], 1), tmp_path / "sent.jsonl", desk.place.ledger)
    names = desk.place.ledger / "names.sqlite"
    aside = names.rename(tmp_path / "aside")
    names.mkdir()
    desk.tracer.tick()
    assert "unable to open database file" in desk.tracer.status.problem
    names.rmdir()
    aside.rename(names)
    desk.tracer.tick()
    assert desk.treated().keys() == RING | {one.account}
