"""Small looks and journals, to decide on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Automatic
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.standing.register import Known, Register, Status
from stillwatch.tracer.given import Given
from stillwatch.tracer.seen import Seen, SeenCampaign
from stillwatch.tracer.verdicts import Change, Lift, after_look

NOW_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000
AUTOMATIC = Automatic()
ID = "C-1a2b3c4d"


def names(*numbers: int | range) -> frozenset[str]:
    found = [n for one in numbers for n in (one if isinstance(one, range) else [one])]
    return frozenset(f"acct-{n:02}" for n in found)


def campaign(accounts: Iterable[str], acted: Iterable[str] | None = None, *, id: str = ID) -> SeenCampaign:
    """A campaign whose evidence supports action on all of its accounts, unless said otherwise."""
    everybody = frozenset(accounts)
    supported = everybody if acted is None else frozenset(acted)
    return SeenCampaign(id, True, everybody, supported, False, "coding", 900, ("They share a wrapper",), "Act")


def look(*campaigns: SeenCampaign, register: Register | None = None, asked_us: int = NOW_US) -> Seen:
    known = register or Register(0.01)
    return Seen(asked_us, known, campaigns, (), frozenset(), asked_us, 9_000, 1.0)


def known(status: Status = "active", merged_into: str | None = None) -> Register:
    """A register of one campaign."""
    one = Known(ID, 1, frozenset(), frozenset(), "batch", status, merged_into=merged_into)
    return replace(Register(0.01), campaigns={ID: one})


class Bench:
    """A journal, and what the tracer would do about looks."""

    def __init__(self, folder: Path) -> None:
        self.docket = Docket(Journal(folder / "journal.jsonl"))
        self.journal = Journal(folder / "journal.jsonl")
        self.given = Given(self.journal)

    def decide(self, seen: Seen, at_us: int = NOW_US, automatic: Automatic = AUTOMATIC) -> list[Change]:
        """What is decided after a look, put into the journal."""
        self.given.follow()
        decided = after_look(seen, self.given, automatic, at_us)
        self.make(decided, at_us)
        return decided

    def make(self, decided: Iterable[Change], at_us: int = NOW_US) -> None:
        for one in decided:
            if isinstance(one, Lift):
                self.docket.lift(one.id, one.reason, "tracer", at_us)
            else:
                self.docket.give(one)
        self.given.follow()

    def treated(self, at_us: int = NOW_US) -> dict[str, Step]:
        """How each account is treated, as a gateway sees it."""
        self.docket.follow()
        table = self.docket.table(at_us)
        accounts = {account for verdict in self.docket.in_force(at_us) for account in verdict.accounts}
        return {a: standing.step for a in accounts if (standing := table.standing(a, at_us)) is not None}

    def lift(self, id: str, by: str, at_us: int = NOW_US) -> None:
        self.docket.lift(id, "a course", by, at_us)
        self.given.follow()

    def by_hand(self, accounts: Iterable[str], campaign: str | None, at_us: int = NOW_US) -> None:
        given = tuple(sorted(accounts))
        ends = at_us + HOUR_US
        self.docket.give(Verdict("V-by-hand", Step.ALLOW, given, ("reviewed",), "ada", at_us, ends, campaign))
        self.given.follow()
