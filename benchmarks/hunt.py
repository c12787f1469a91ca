"""The hunt at size: is every planted ring found, nothing else, in the time and memory that the design allows?

Each size is a ledger written by the ledger's own writer from the same `World`, hunted by the command that a reader
would run, and deleted afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.measure import Usage, stillwatch
from benchmarks.world import Plan, World
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity

SIZES = (1_000_000, 4_000_000, 16_000_000)
TARGET_EXCHANGES = 16_000_000
TARGET_CPU_SECONDS = 120.0
TARGET_BYTES = 3_000_000_000
TARGET_GROWTH = 1.2  # CPU time may grow this much faster than the number of exchanges
_DISK_BYTES = 300  # an exchange takes at most, by the sketch's own promise


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a hunt said, beside what was planted."""

    planted: int
    found: int  # campaigns whose accounts are exactly those of a planted ring
    unplanted: int  # other campaigns, and rings to watch
    wrong_pairs: int  # pairs of accounts put into one of them that were not planted together

    @property
    def is_right(self) -> bool:
        return self.found == self.planted and not self.unplanted and not self.wrong_pairs

    def __str__(self) -> str:
        return f"{self.found} of {self.planted} rings, {self.unplanted} not planted, {self.wrong_pairs} wrong edges"


def run(sizes: Sequence[int], below: Path, plan: Plan | None = None) -> Iterator[Figure]:
    """One figure a size, and the growth from each size to the next."""
    world = World(plan or Plan())
    before: Figure | None = None
    for exchanges in sorted(sizes):
        figure = _figure(exchanges, *hunted(world, exchanges, below))
        yield figure
        if before is not None:
            yield _growth(before, figure)
        before = figure


def hunted(world: World, exchanges: int, below: Path) -> tuple[Usage, Outcome]:
    """Write a ledger of the world, hunt it, compare, and delete it."""
    with scratch.folder(below, exchanges * _DISK_BYTES) as place:
        secret = Secret.create(place / "secret.key")
        write(world, exchanges, place / "ledger", secret)
        used = stillwatch("hunt", place / "ledger", "--out", place / "out", "--secret", place / "secret.key", "--json")
        return used, compare(world, json.loads((place / "out" / "findings.json").read_bytes()))


def write(world: World, exchanges: int, path: Path, secret: Secret) -> None:
    """A ledger of `exchanges` sketches of this world at `path`."""
    ledger = Ledger.create(path, identity(secret.id))
    with ledger.writer() as writer:
        for table in world.tables(exchanges, ledger.identity):
            writer.commit(table)


def compare(world: World, findings: dict[str, list[dict[str, object]]]) -> Outcome:
    """Hold findings.json against what was planted; accounts without names appear as 16 hexadecimal digits."""
    rings = {frozenset(f"{account:016x}" for account in ring) for ring in world.rings}
    ring_of = {account: number for number, ring in enumerate(rings) for account in ring}
    found, unplanted, wrong_pairs = 0, 0, 0
    for campaign in findings["campaigns"]:
        members: list[str] = campaign["accounts"]  # type: ignore[assignment]  # by the contract of findings.json
        exact = frozenset(members) in rings and campaign["verdict"] == "campaign"
        found, unplanted = found + exact, unplanted + (not exact)
        together = [ring_of.get(account, -1 - place) for place, account in enumerate(members)]
        wrong_pairs += sum(one != other for place, one in enumerate(together) for other in together[:place])
    return Outcome(len(rings), found, unplanted, wrong_pairs)


def _figure(exchanges: int, used: Usage, outcome: Outcome) -> Figure:
    fits = used.cpu_seconds <= TARGET_CPU_SECONDS and used.peak_bytes <= TARGET_BYTES
    return Figure(
        "hunt",
        f"{exchanges / 1e6:g} M exchanges",
        exchanges,
        used.cpu_seconds,
        used.peak_bytes,
        used.worker_peak_bytes,
        found=str(outcome),
        target="all and only the planted" + (", 120 CPU s, 3 GB" if exchanges >= TARGET_EXCHANGES else ""),
        is_met=outcome.is_right and (fits or exchanges < TARGET_EXCHANGES),
    )


def _growth(small: Figure, large: Figure) -> Figure:
    size, time = large.exchanges / small.exchanges, large.cpu_seconds / small.cpu_seconds
    return Figure(
        "hunt",
        "growth",
        found=f"x {time:.2f} CPU time for x {size:.2f} exchanges",
        target="linear within 20 %",
        is_met=time <= TARGET_GROWTH * size,
    )
