"""What the tracer has given, and what people have undone: read from the journal, and kept nowhere else.

So whatever kills the tracer, the next one knows what is in force and which accounts are held. An account is **held**
for a campaign once a person has lifted a verdict of the tracer that named it; the tracer never names it for that
campaign again. A person who gives a verdict on the account by hand, with `--campaign` of that id, removes the hold.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import msgspec

from stillwatch.decision.docket import GIVEN, LIFTED
from stillwatch.decision.journal import Entry, Journal
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.errors import JournalBroken, UsageError

BY = "tracer"
"""As whom the tracer signs."""


class Kind(StrEnum):
    """Why accounts of a campaign have a verdict: evidence, being shown, or sending its wrapper newly."""

    ACTED = "acted"
    SHOWN = "shown"
    JOINED = "joined"


class Series(NamedTuple):
    """At most one verdict of the tracer's is in force for each: one over all who are acted on, one over all who are
    shown, and one for each `account` that joined, since each joined for a reason of its own.
    """

    campaign: str
    kind: Kind
    account: str = ""


@dataclass
class _One:
    """A series as the journal has it; `since_us`: since when it has been in force without a gap."""

    verdict: Verdict
    since_us: int
    is_lifted: bool = False

    def lasts(self, now_us: int) -> bool:
        return not self.is_lifted and self.verdict.expires_us > now_us


class _Given(msgspec.Struct):
    """The body of a journal's entry; `decision.docket` writes it."""

    id: str
    step: str
    accounts: tuple[str, ...]
    reasons: tuple[str, ...]
    by: str
    made_us: int
    expires_us: int
    campaign: str | None = None


class Given:
    """The journal, followed as it grows."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offset = 0
        self._series: dict[Series, _One] = {}
        self._lifted: dict[Series, int] = defaultdict(int)
        self._held: dict[str, set[str]] = defaultdict(set)
        self._others: dict[str, Verdict] = {}

    def follow(self) -> None:
        """Read what was added since. Raises `JournalBroken`."""
        for entry, offset in self._journal.read(self._offset):
            self._offset = offset
            if entry.kind == GIVEN:
                self._give(self._verdict(entry))
            elif entry.kind == LIFTED:
                self._lift(str(entry.body["verdict"]), str(entry.body["by"]))

    def in_force(self, now_us: int) -> dict[Series, Verdict]:
        """The tracer's own verdicts that were neither lifted nor have ended."""
        return {series: one.verdict for series, one in self._series.items() if one.lasts(now_us)}

    def joined(self, campaign: str, now_us: int) -> Iterator[tuple[Series, Verdict, int]]:
        """Accounts that joined `campaign` by verdicts in force, and since when each has been named."""
        for series, one in self._series.items():
            if series.campaign == campaign and series.kind is Kind.JOINED and one.lasts(now_us):
                yield series, one.verdict, one.since_us

    def held(self, campaign: str) -> frozenset[str]:
        """Accounts that people have let go from this campaign."""
        return frozenset(self._held[campaign])

    def named(self, campaign: str, now_us: int) -> frozenset[str]:
        """Accounts that any verdict in force names for `campaign`, and those that are held."""
        own = (verdict for verdict in self.in_force(now_us).values() if verdict.campaign == campaign)
        others = (verdict for verdict in self._others.values() if verdict.campaign == campaign)
        return self.held(campaign).union(*(verdict.accounts for verdict in (*own, *others)))

    def campaigns(self, now_us: int) -> frozenset[str]:
        """Campaigns with a verdict in force, whoever gave it; accounts that joined make none."""
        self._others = {id: verdict for id, verdict in self._others.items() if verdict.expires_us > now_us}
        own = (verdict for series, verdict in self.in_force(now_us).items() if series.kind is not Kind.JOINED)
        return frozenset(verdict.campaign for verdict in (*own, *self._others.values()) if verdict.campaign)

    def id_for(self, series: Series) -> str:
        """The id that a verdict of this series has: the same until it is lifted, since lifted ids stay lifted."""
        whom = f"-{hashlib.blake2b(series.account.encode(), digest_size=8).hexdigest()}" if series.account else ""
        return f"T-{series.campaign}.{series.kind}{whom}.{self._lifted[series] + 1}"

    def _give(self, verdict: Verdict) -> None:
        series = _series_of(verdict)
        if series is None:
            self._others[verdict.id] = verdict
            if verdict.campaign:
                self._held[verdict.campaign] -= set(verdict.accounts)
            return
        before = self._series.get(series)
        lasts = before is not None and before.lasts(verdict.made_us)
        self._series[series] = _One(verdict, before.since_us if before is not None and lasts else verdict.made_us)

    def _lift(self, id: str, by: str) -> None:
        self._others.pop(id, None)
        for series, one in self._series.items():
            if one.verdict.id == id and not one.is_lifted:
                one.is_lifted = True
                self._lifted[series] += 1
                if by != BY:
                    self._held[series.campaign] |= set(one.verdict.accounts)

    def _verdict(self, entry: Entry) -> Verdict:
        try:
            said = msgspec.convert(entry.body, _Given)
            return Verdict(**{**msgspec.structs.asdict(said), "step": Step[said.step.upper()]})
        except (msgspec.ValidationError, KeyError, UsageError) as error:
            raise JournalBroken(f"{self._journal.file}: entry {entry.number} is no verdict: {error}") from None


def _series_of(verdict: Verdict) -> Series | None:
    """The series of a verdict of the tracer's; None for one of somebody else."""
    named = verdict.id.split(".")[-2].partition("-")[0] if verdict.id.count(".") >= 2 else ""
    if verdict.by != BY or verdict.campaign is None or named not in set(Kind):
        return None
    kind = Kind(named)
    return Series(verdict.campaign, kind, verdict.accounts[0] if kind is Kind.JOINED else "")
