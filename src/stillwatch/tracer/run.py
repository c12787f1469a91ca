"""The tracer: looks back to back, verdicts after each, and members between them, until it is told to stop.

    look        in a process of its own                                  (`looker`)
    keep        the register, before anybody is told                     (`standing.store`)
    decide      what should be in force, and the difference to what is   (`verdicts`)
    give, lift  through the journal, from which all else is derived      (`given`)
    members     every few seconds, who newly sends a known wrapper       (`members`)

A kill at any point loses nothing that was said: the register is kept before a verdict rests on it, and the next look
finds what the journal lacks.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Automatic
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.errors import JournalBroken, StillwatchError, UsageError
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.pseudonym import Pseudonymiser
from stillwatch.standing.store import State, standing
from stillwatch.telemetry.counts import LookCounts
from stillwatch.tracer.given import BY, Given, Kind, Series
from stillwatch.tracer.looker import Looker, LookerGone
from stillwatch.tracer.looking import Asked, Sources
from stillwatch.tracer.members import Joining, Members, most_joiners
from stillwatch.tracer.seen import Seen
from stillwatch.tracer.status import Status, campaign_statuses, line
from stillwatch.tracer.verdicts import Change, Lift, Wanted, after_look, changes, lifted

LEAST_PAUSE_SECONDS = 5.0
"""Between two looks. Chosen: a look takes as long where much is new, and one at what has not changed takes nothing."""
TICK_SECONDS = 2.0
"""Between two searches for members. Chosen: as long as a customer hardly notices, and four commits of the observer."""
TURN_SECONDS = 0.25
"""The longest time that nothing else is thought of, such as being told to stop."""
TRANSIENT = (StillwatchError, OSError, sqlite3.Error, pa.ArrowException)
"""What may go wrong with a ledger that somebody else writes; said, and tried again."""

Tell = Callable[[str], None]


def wall_clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def run(
    sources: Sources,
    state: Path,
    journal: Journal,
    automatic: Callable[[], Automatic],
    stop: threading.Event,
    *,
    every: float = LEAST_PAUSE_SECONDS,
    once: bool = False,
    tell: Tell = lambda said: None,
    now_us: Callable[[], int] = wall_clock_us,
    counts: LookCounts | None = None,
    turn: Callable[[], object] = lambda: None,
) -> None:
    """Trace until `stop` is set, or one look long. `automatic` says before each decision what the policy wants.

    `counts` is kept up while it runs, and `turn` is called several times a second, so that both can be told.

    Raises `LedgerError` where another process holds `state` or the benign ledger is not whole, `UsageError` for another
    rate than the state was begun with, `JournalBroken`; and, with `once`, whatever keeps the look from being taken.
    """
    with standing(state, sources.identity, sources.alpha) as held:
        if held.register.alpha != sources.alpha:
            raise UsageError(
                f"the state {state} was begun with --alpha {held.register.alpha}, and {sources.alpha} was asked for",
                "Keep the rate for the life of a register, or begin another one",
            )
        if not once and not _awaited(sources.ledger, state, stop, tell, now_us):
            return
        with Looker(sources) as looker:
            tracer = Tracer(sources, held, state, journal, automatic, looker, tell, now_us, counts or LookCounts())
            tracer.go(stop, every, turn, once=once)


class Tracer:
    """The parts of a tracer, put together; `run` makes one."""

    def __init__(
        self,
        sources: Sources,
        state: State,
        directory: Path,
        journal: Journal,
        automatic: Callable[[], Automatic],
        looker: Looker,
        tell: Tell,
        now_us: Callable[[], int],
        counts: LookCounts,
    ) -> None:
        self._sources = sources
        self._counts = counts
        self._state = state
        self._directory = directory
        self._docket = Docket(journal)
        self._given = Given(journal)
        self._automatic = automatic
        self._looker = looker
        self._tell = tell
        self._now_us = now_us
        self._members = Members(Ledger.open(sources.ledger, identity=sources.identity))
        self._pseudonym = Pseudonymiser(sources.secret, "account")
        self._published: set[str] = set()
        self._last: Seen | None = None
        self.status = Status()
        self._given.follow()

    def go(self, stop: threading.Event, every: float, turn: Callable[[], object], *, once: bool) -> None:
        """Look and watch until `stop` is set; with `once`, until one look has ended."""
        next_look = next_tick = time.monotonic()
        while not stop.is_set():
            turn()
            if not self._looker.is_busy and time.monotonic() >= next_look:
                now = self._now_us()
                self._looker.ask(Asked(now, self._state.register, self._given.campaigns(now)))
            try:
                seen = self._looker.answer(TURN_SECONDS)
                if seen is not None:
                    next_look = time.monotonic() + every
                    self.after(seen)
                    if once:
                        return
            except StillwatchError as error:
                if once or self._is_final(error):
                    raise
                next_look = time.monotonic() + every
                self._counts.failed += 1
                self._has(str(error))
            if time.monotonic() >= next_tick:
                self.tick()
                next_tick = time.monotonic() + TICK_SECONDS

    def _is_final(self, error: StillwatchError) -> bool:
        """Whether it would go wrong in the same way again: what was named cannot be looked at, or trusted."""
        if isinstance(error, LookerGone):
            return False
        return isinstance(error, JournalBroken) or not self._looker.has_begun

    def after(self, seen: Seen) -> None:
        """What follows from a look. What was acted on once counts, so the register is kept before anybody is told."""
        self._counts.looked(seen.took_seconds)
        self._state.keep(seen.register)
        self._last = seen
        self._published.clear()
        self._members.adopt(seen.wrappers, seen.segments, seen.last_us)
        self.status = replace(
            self.status,
            looks=self.status.looks + 1,
            last_look_seconds=round(seen.took_seconds, 2),
            exchanges=seen.exchanges,
            problem="",
        )
        self._given.follow()
        wanted = after_look(seen, self._given, self._automatic(), self._now_us())
        self._make(wanted)
        self._show()
        undone = sum(isinstance(one, Lift) for one in wanted)
        self._tell(line(seen, self.status, len(wanted) - undone, undone))

    def tick(self) -> None:
        """Who joins a campaign that has a verdict in force."""
        try:
            self._given.follow()
            automatic = self._automatic()
            if automatic.joined is not None:
                self._join(self._joining(), automatic.joined, automatic.joined_days)
        except JournalBroken:
            raise
        except TRANSIENT as error:
            self._members.rewind()
            self._has(str(error))

    def _joining(self) -> list[Joining]:
        now = self._now_us()
        campaigns = self._given.campaigns(now) - self._published
        known = {id: [self._pseudonym(name) for name in self._given.named(id, now)] for id in campaigns}
        return self._members.joining(campaigns, known)

    def _join(self, joining: Sequence[Joining], step: Step, days: float) -> None:
        if not joining:
            return
        now = self._now_us()
        table = NameTable.open(self._sources.ledger, self._sources.secret)
        names = table.names("account", [one.account for one in joining])
        for id in sorted({one.campaign for one in joining}):
            mine = {Series(id, Kind.JOINED, names[one.account]): one.reason for one in joining if one.campaign == id}
            before = [series for series, _, since in self._given.joined(id, now) if since >= self._looked_us]
            if len(before) + len(mine) > most_joiners(self._members.ring(id)):
                self._published.add(id)
                self._make(lifted(dict.fromkeys(before, _PUBLISHED), self._given, now))
            else:
                wanted = {
                    series: Wanted(frozenset({series.account}), step, (reason,), days)
                    for series, reason in mine.items()
                }
                self._make(changes(wanted, self._given, now))
        self._show()

    @property
    def _looked_us(self) -> int:
        return self._last.asked_us if self._last is not None else 0

    def _make(self, wanted: Iterable[Change]) -> None:
        """Put changes into the journal, one by one. Raises `StorageFull`; what is not there then is not in force."""
        for change in wanted:
            if isinstance(change, Verdict):
                self._docket.give(change)
            else:
                self._lift(change)
        self._given.follow()

    def _lift(self, change: Lift) -> None:
        now = self._now_us()
        self._docket.follow()
        if change.id in {verdict.id for verdict in self._docket.in_force(now)}:  # else a person was faster
            self._docket.lift(change.id, change.reason, BY, now)

    def _has(self, problem: str) -> None:
        """Something is wrong and will be tried again; said once."""
        if problem != self.status.problem:
            self._tell(problem)
        self.status = replace(self.status, problem=problem)
        self._show()

    def _show(self) -> None:
        now = self._now_us()
        campaigns = campaign_statuses(self._last, self._given, now) if self._last is not None else ()
        joined = sum(series.kind is Kind.JOINED for series in self._given.in_force(now))
        self.status = replace(self.status, campaigns=campaigns, joined=joined, updated_us=now)
        self.status.write(self._directory)


_PUBLISHED = (
    "more accounts began to send this wrapper since the last look than the campaign has: it may have been published"
)


def _awaited(ledger: Path, state: Path, stop: threading.Event, tell: Tell, now_us: Callable[[], int]) -> bool:
    """Wait until there is a ledger; False if told to stop before."""
    if not (ledger / "ledger.json").exists():
        said = f"there is no ledger at {ledger} yet"
        Status(waiting=said, updated_us=now_us()).write(state)
        tell(f"Waiting: {said}.")
    while not (ledger / "ledger.json").exists():
        if stop.is_set():
            return False
        time.sleep(TURN_SECONDS)
    return True
