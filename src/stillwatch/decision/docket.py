"""Verdicts as they are given and lifted: every change goes through the journal, and is in force once it is there.

Processes that decide follow the journal: each reads on from where it was and makes a new table. A verdict that a tracer
gives and a person lifts a second later is in force for a second everywhere, and both are on record with their reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stillwatch.decision.journal import Entry, Journal
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.errors import JournalBroken, UsageError

GIVEN = "verdict given"
LIFTED = "verdict lifted"
FORGOTTEN_AFTER_US = 86_400 * 1_000_000
"""A clock that was set ahead and back ends no verdict for good. Chosen: a day, more than any time zone's error."""


class Docket:
    """The verdicts of one journal, followed as it grows. `entries` counts what was read."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offset = 0
        self._given: dict[str, Verdict] = {}
        self._lifted: dict[str, str] = {}
        self.entries = 0

    def follow(self) -> bool:
        """Read what was added since; did any verdict change?"""
        before = self.entries
        for entry, offset in self._journal.read(self._offset):
            self._offset = offset
            if entry.kind == GIVEN:
                verdict = _verdict(entry, self._journal)
                self._given[verdict.id] = verdict
                self.entries += 1
            elif entry.kind == LIFTED:
                self._lifted[entry.body["verdict"]] = entry.body["reason"]
                self.entries += 1
        return self.entries > before

    def in_force(self, now_us: int) -> list[Verdict]:
        """Verdicts that were neither lifted nor have ended, oldest first. Those that ended long ago are forgotten."""
        kept = {id: verdict for id, verdict in self._given.items() if verdict.expires_us > now_us - FORGOTTEN_AFTER_US}
        self._given = kept
        return [v for id, v in kept.items() if id not in self._lifted and v.expires_us > now_us]

    def table(self, now_us: int) -> Verdicts:
        """The table that requests look up."""
        return Verdicts.of(self.in_force(now_us), now_us)

    def give(self, verdict: Verdict) -> Entry:
        """Put a verdict in force; it is on disk when this returns. The same id again replaces the earlier one."""
        body = {name: getattr(verdict, name) for name in Verdict.__slots__}
        return self._journal.append(GIVEN, {**body, "step": verdict.step.name.lower()}, verdict.made_us)

    def lift(self, id: str, reason: str, by: str, now_us: int) -> Entry:
        """Undo a verdict. Raises `UsageError` where it is not in force, or no reason is given."""
        self.follow()
        if id not in {verdict.id for verdict in self.in_force(now_us)}:
            raise UsageError(f"no verdict {id} is in force", "`stillwatch verdict list` shows those that are")
        if not reason.strip():
            raise UsageError(f"the verdict {id} is to be lifted without a reason", "Say why with --reason")
        return self._journal.append(LIFTED, {"verdict": id, "reason": reason, "by": by}, now_us)


class _Given(msgspec.Struct):
    id: str
    step: str
    accounts: tuple[str, ...]
    reasons: tuple[str, ...]
    by: str
    made_us: int
    expires_us: int
    campaign: str | None = None


def _verdict(entry: Entry, journal: Journal) -> Verdict:
    try:
        said = msgspec.convert(entry.body, _Given)
        return Verdict(**{**_members(said), "step": Step[said.step.upper()]})
    except (msgspec.ValidationError, KeyError, UsageError) as error:
        raise JournalBroken(f"{journal.file}: entry {entry.number} is no verdict: {error}") from None


def _members(said: _Given) -> Mapping[str, Any]:
    return {name: getattr(said, name) for name in said.__struct_fields__}
