"""A ledger as it stood at one moment, for as long as a look at it takes.

A look reads the ledger several times over, and meanwhile the observer commits and compacts. So the segments that the
manifest lists at one moment are pinned: each gets a second name (a hard link; a copy where the file system has none)
in a directory of the tracer's own, where compaction does not remove it. The ledger itself is only read.

Evidence rests on days that have ended: `days()` leaves out the day that is still running, while rows and segments hold
everything. So today's traffic is seen, listed and shown at once, and a campaign's trial uses a day when it is whole;
otherwise looks in a row would spend the trial of a campaign on its first minutes.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis
import pyarrow as pa

from stillwatch.errors import LedgerError
from stillwatch.ledger.compaction import SMALL_ROWS
from stillwatch.ledger.durable import PARTIAL, full_disk_is_storage_full
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.segments import Segment
from stillwatch.ledger.tables import open_table

US_PER_DAY = 86_400_000_000
SETTLED_US = 1_200 * 1_000_000
"""After midnight, until the day before counts as whole: longer than an answer may take (900 s), and the observer."""
_TRIES = 20  # each takes milliseconds, and compactions are minutes apart


@dataclass(frozen=True)
class Pinned:
    """Segments with their days; `ended`: the days among these that evidence may rest on."""

    segments: tuple[tuple[Segment, Path], ...]
    ended: frozenset[int]
    schema: pa.Schema
    engine: ibis.BaseBackend

    def days(self) -> list[int]:
        """Days since 1970-01-01 with exchanges that have ended, ascending."""
        return sorted({segment.day for segment, _ in self.segments} & self.ended)

    def of_days(self, days: Collection[int]) -> Pinned:
        """Those days of this view."""
        wanted = frozenset(days).intersection(self.days())
        kept = tuple((segment, path) for segment, path in self.segments if segment.day in wanted)
        return Pinned(kept, wanted, self.schema, self.engine)

    def of_segments(self, paths: Iterable[Path]) -> Pinned:
        """Those segments of this view."""
        wanted = frozenset(paths)
        kept = tuple((segment, path) for segment, path in self.segments if path in wanted)
        return Pinned(kept, self.ended, self.schema, self.engine)

    def settled_paths(self) -> frozenset[Path]:
        """Segments that compaction leaves alone by now: of days that have ended, and large ones."""
        return frozenset(
            path for segment, path in self.segments if segment.day in self.ended or segment.rows > SMALL_ROWS
        )

    def ended_paths(self) -> frozenset[Path]:
        """Segments of `days()`."""
        return frozenset(path for segment, path in self.segments if segment.day in self.ended)

    def table(self) -> ibis.Table:
        """All rows, today's too."""
        return self._table

    def segment_paths(self) -> list[Path]:
        """All segments, today's too."""
        return [path for _, path in self.segments]

    @property
    def names(self) -> frozenset[str]:
        """What the ledger calls these segments."""
        return frozenset(segment.name for segment, _ in self.segments)

    @property
    def last_us(self) -> int:
        """When the newest exchange was; 0 where there is none."""
        return max((segment.last_us for segment, _ in self.segments), default=0)

    @property
    def exchanges(self) -> int:
        """How many rows there are."""
        return sum(segment.rows for segment, _ in self.segments)

    @cached_property
    def _table(self) -> ibis.Table:
        return open_table(self.segment_paths(), self.schema, self.engine)


def pin(ledger: Ledger, into: Path, engine: ibis.BaseBackend, now_us: int, last_days: int | None = None) -> Pinned:
    """The segments of `ledger` as of now, kept in `into` until the next call; with `last_days`, of no more days.

    Raises `LedgerError` where the ledger changes faster than it can be pinned, `StorageFull` where copies do not fit.
    """
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(_TRIES):
        listed = _recent(ledger.segments(), last_days)
        try:
            with full_disk_is_storage_full(into):
                pinned = tuple((segment, _kept(ledger, segment, into)) for segment in listed)
        except FileNotFoundError:  # a compaction has just replaced it: what the manifest lists now holds its rows
            continue
        _remove_others(into, {path.name for _, path in pinned})
        ended = {segment.day for segment in listed if (segment.day + 1) * US_PER_DAY + SETTLED_US <= now_us}
        return Pinned(pinned, frozenset(ended), ledger.schema, engine)
    raise LedgerError(
        f"segments of the ledger {ledger.path} vanish faster than they can be read",
        "Look whether something else removes them, and run `stillwatch hunt` on it",
    )


def _recent(segments: Sequence[Segment], last_days: int | None) -> Sequence[Segment]:
    if last_days is None or not segments:
        return segments
    newest = max(segment.day for segment in segments)
    return [segment for segment in segments if segment.day > newest - last_days]


def _kept(ledger: Ledger, segment: Segment, into: Path) -> Path:
    """The segment under a name of ours. A segment's name is random and its content never changes."""
    source, kept = ledger.path / "segments" / segment.name, into / segment.name.replace("/", "-")
    if kept.exists():
        return kept
    try:
        kept.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        partial = kept.with_name(f".{kept.name}{PARTIAL}")
        shutil.copyfile(source, partial)
        partial.replace(kept)
    return kept


def _remove_others(into: Path, kept: Collection[str]) -> None:
    for file in into.iterdir():
        if file.name not in kept:
            file.unlink()
