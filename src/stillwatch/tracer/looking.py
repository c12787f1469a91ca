"""One look at a growing ledger: the same code and features as `stillwatch hunt --state`, on pinned segments.

The benign ledger is learned once, when looking begins. A segment that turns out to be damaged is left out, said, and
the look taken again; the ledger is not changed.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from stillwatch import pipeline
from stillwatch.campaigns.known import NOTHING_KNOWN, Benign
from stillwatch.campaigns.memory import Memory
from stillwatch.errors import LedgerError
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt
from stillwatch.pseudonym import Secret
from stillwatch.sharing.member.asking import partners_of
from stillwatch.sharing.member.partners import Partners
from stillwatch.sketch.record import identity
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.standing.register import Register
from stillwatch.tracer.pinned import Pinned, pin
from stillwatch.tracer.seen import Seen, seen_campaigns
from stillwatch.tracer.thinning import thinned
from stillwatch.tracer.wrapper import (
    Wrapper,
    accounts_of,
    keys_of_register,
    own_wrappers,
    suspects_of,
)
from stillwatch.tracing.ubiquitous import ubiquitous_values

THREADS = 1
"""Of the engine. Chosen: a look takes one core at most, whatever else the machine has to serve."""
UNREADABLE = (OSError, pa.ArrowException, duckdb.Error)
"""What reading a damaged segment raises, by who reads it."""


@dataclass(frozen=True)
class Sources:
    """What is looked at, and with what. `scratch`: for pinned segments and what the engine spills.

    `last_days`: look at no more days than these; None: at all. `membership`: whose inbox says what partners told.
    """

    ledger: Path
    scratch: Path
    secret: Secret
    alliance_id: str = ""
    benign: Path | None = None
    alpha: float = 0.01
    last_days: int | None = None
    membership: Path | None = None

    @property
    def identity(self) -> dict[str, str]:
        """Which keys the sketches were made under."""
        return identity(self.secret.id, self.alliance_id)


@dataclass(frozen=True)
class Asked:
    """A look that is wanted: at what moment, after which register, and which campaigns have a verdict in force."""

    now_us: int
    register: Register
    in_force: frozenset[str]


@dataclass(frozen=True)
class _Remembered:
    """What looks remember, the first day and the damage of the ledger that they read, and its exchanges."""

    memory: Memory
    scope: tuple[int, tuple[str, ...]]
    exchanges: int


class Looks:
    """Takes looks at one ledger.

    Raises `LedgerError` for a benign ledger that is not whole, `SketchMismatch` for ledgers made under other keys, and
    what `partners_of` raises.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._hunt = Hunt(
            alpha=sources.alpha,
            split_key=sources.secret.derive("stillwatch/day-split", 16),
            ignored=ubiquitous_values(Sketcher(sources.secret)),
            partners=self._partners(time.time_ns() // 1000),
        )
        self._benign = self._learned(sources.benign) if sources.benign else None
        self._ledger = Ledger.open(sources.ledger, identity=sources.identity)
        self._memory: _Remembered | None = None
        self._last: Seen | None = None
        self._ended: frozenset[int] = frozenset()
        self._told = ""

    def take(self, asked: Asked) -> Seen:
        """Look once. Raises `LedgerError` where the ledger cannot be read, `UsageError` for a look that cannot be."""
        began = time.monotonic()
        try:
            seen = self._taken(asked)
        except UNREADABLE:
            self._memory = None  # a look that broke off may have added some of what it read
            self._ledger.verify()  # sets aside what is damaged, for this process at least
            seen = self._again(asked)
        return replace(seen, took_seconds=time.monotonic() - began)

    def _again(self, asked: Asked) -> Seen:
        try:
            return self._taken(asked)
        except UNREADABLE as error:
            self._memory = None
            raise LedgerError(
                f"the ledger {self._sources.ledger} cannot be read: {str(error).splitlines()[0]}",
                "Run `stillwatch hunt` on it to see what is damaged",
            ) from error

    def _taken(self, asked: Asked) -> Seen:
        engine = connect(threads=THREADS, temp_directory=self._sources.scratch / "spill")
        try:
            return self._looked(asked, engine)
        finally:
            engine.disconnect()  # its tables name every segment, look after look

    def _looked(self, asked: Asked, engine: ibis.BaseBackend) -> Seen:
        where = self._sources
        pinned = pin(self._ledger, where.scratch / "pinned", engine, asked.now_us, where.last_days)
        names = NameTable.open(where.ledger, where.secret).names("account")
        damage = tuple(self._ledger.damage)
        partners = self._partners(asked.now_us)
        told = partners.fingerprint if partners else ""
        hunt = replace(self._hunt, names=names, damage=damage, partners=partners)
        if told == self._told and self._is_unchanged(asked, pinned, damage):
            assert self._last is not None  # noqa: S101 - else it would have changed
            return replace(self._last, asked_us=asked.now_us)
        memory = self._remembered(pinned, damage)
        register, looked = pipeline.look_again(pinned, self._benign, hunt, asked.register, memory=memory)
        wrappers = self._wrappers(register, {c.id for c in looked.review.campaigns} | asked.in_force, memory)
        self._ended, self._told = pinned.ended, told
        self._last = Seen(
            asked.now_us,
            thinned(register),
            seen_campaigns(looked, names),
            tuple(wrappers),
            pinned.names,
            pinned.last_us,
            pinned.exchanges,
            0.0,
            damage,
        )
        return self._last

    def _is_unchanged(self, asked: Asked, pinned: Pinned, damage: tuple[str, ...]) -> bool:
        """Whether a look would say what the last one said: of the same exchanges, days and campaigns."""
        last = self._last
        if last is None or (last.segments, last.damage, self._ended) != (pinned.names, damage, pinned.ended):
            return False
        known = asked.in_force & asked.register.campaigns.keys()
        return asked.register == last.register and known <= {one.campaign for one in last.wrappers}

    def _remembered(self, pinned: Pinned, damage: tuple[str, ...]) -> Memory:
        """The memory of earlier looks, or another one where the ledger may have lost some of what they read."""
        scope = min((segment.day for segment, _ in pinned.segments), default=0), damage
        held = self._memory
        if held is None or held.scope != scope or pinned.exchanges < held.exchanges:
            held = _Remembered(Memory(pinned), scope, 0)
        held.memory.ledger = pinned
        self._memory = replace(held, exchanges=pinned.exchanges)
        return held.memory

    def _wrappers(self, register: Register, ids: Collection[str], memory: Memory) -> list[Wrapper]:
        known = [register.campaigns[id] for id in sorted(ids) if id in register.campaigns]
        skeletons = {one.id: (keys_of_register(one.skeleton), accounts_of(one.accounts)) for one in known}
        suspected = suspects_of([ring for _, ring in skeletons.values()])
        common = (self._benign or NOTHING_KNOWN).common
        return own_wrappers(skeletons, suspected, memory.openings(), common, self._hunt.ignored)

    def _partners(self, now_us: int) -> Partners | None:
        """What stands in the inbox now; a claim that was withdrawn since the last look moves nothing in this one."""
        where = self._sources
        return partners_of(where.membership, where.secret, now_us) if where.membership else None

    def _learned(self, benign: Path) -> Benign:
        """What honest traffic is like. All of it or nothing: a tool that is missing here looks like an operator's."""
        ledger = Ledger.open(benign, identity=self._sources.identity)
        damage = ledger.verify()
        if damage:
            raise LedgerError(
                f"the benign ledger {benign} is not whole: {damage[0]}",
                "Sketch its logs again, or calibrate on another one: honest tools may be missing from what is left",
            )
        spill = self._sources.scratch / "spill"
        return pipeline.learned(View(ledger, connect(threads=THREADS, temp_directory=spill)), self._hunt)
