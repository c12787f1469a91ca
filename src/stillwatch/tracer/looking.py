"""One look at a growing ledger: the same code and features as `stillwatch hunt --state`, on pinned segments.

The benign ledger is learned once, when looking begins. A segment that turns out to be damaged is left out, said, and
the look taken again; the ledger is not changed.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from stillwatch import pipeline
from stillwatch.campaigns.known import NOTHING_KNOWN, Benign
from stillwatch.errors import LedgerError
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.ranges import read_parts
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.standing.register import Register
from stillwatch.tracer.pinned import Pinned, pin
from stillwatch.tracer.seen import Seen, seen_campaigns
from stillwatch.tracer.thinning import thinned
from stillwatch.tracer.wrapper import (
    HOLDER_COLUMNS,
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

    `last_days`: look at no more days than these; None: at all.
    """

    ledger: Path
    scratch: Path
    secret: Secret
    alliance_id: str = ""
    benign: Path | None = None
    alpha: float = 0.01
    last_days: int | None = None

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


class Looks:
    """Takes looks at one ledger.

    Raises `LedgerError` for a benign ledger that is not whole, `SketchMismatch` for ledgers made under other keys.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._engine = connect(threads=THREADS, temp_directory=sources.scratch / "spill")
        self._hunt = Hunt(
            alpha=sources.alpha,
            split_key=sources.secret.derive("stillwatch/day-split", 16),
            ignored=ubiquitous_values(Sketcher(sources.secret)),
            identity=sources.identity,
        )
        self._benign = self._learned(sources.benign) if sources.benign else None
        self._ledger = Ledger.open(sources.ledger, identity=sources.identity)

    def take(self, asked: Asked) -> Seen:
        """Look once. Raises `LedgerError` where the ledger cannot be read, `UsageError` for a look that cannot be."""
        began = time.monotonic()
        try:
            seen = self._taken(asked)
        except UNREADABLE:
            self._ledger.verify()  # sets aside what is damaged, for this process at least
            seen = self._again(asked)
        return replace(seen, took_seconds=time.monotonic() - began)

    def _again(self, asked: Asked) -> Seen:
        try:
            return self._taken(asked)
        except UNREADABLE as error:
            raise LedgerError(
                f"the ledger {self._sources.ledger} cannot be read: {str(error).splitlines()[0]}",
                "Run `stillwatch hunt` on it to see what is damaged",
            ) from error

    def _taken(self, asked: Asked) -> Seen:
        where = self._sources
        pinned = pin(self._ledger, where.scratch / "pinned", self._engine, asked.now_us, where.last_days)
        names = NameTable.open(where.ledger, where.secret).names("account")
        damage = tuple(self._ledger.damage)
        hunt = replace(self._hunt, names=names, damage=damage)
        register, looked = pipeline.look_again(pinned, self._benign, hunt, asked.register)
        wrappers = self._wrappers(register, {c.id for c in looked.review.campaigns} | asked.in_force, pinned)
        return Seen(
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

    def _wrappers(self, register: Register, ids: Collection[str], pinned: Pinned) -> list[Wrapper]:
        known = [register.campaigns[id] for id in sorted(ids) if id in register.campaigns]
        skeletons = {one.id: (keys_of_register(one.skeleton), accounts_of(one.accounts)) for one in known}
        suspected = suspects_of([ring for _, ring in skeletons.values()])
        common = (self._benign or NOTHING_KNOWN).common
        return own_wrappers(skeletons, suspected, _parts(pinned), common, self._hunt.ignored)

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


def _parts(pinned: Pinned) -> Iterator[pa.Table]:
    for _, part in read_parts(pinned.segment_paths(), HOLDER_COLUMNS, in_order=False):
        yield part
