"""A ledger: a directory that holds sketches so that no crash, torn file or second writer can spoil them.

    ledger.json          version, and which keys the sketches were made under (their ids, never a key)
    manifest.sqlite      which segments belong to it, how far each log was read, what was refused
    segments/day=NNNNN/  Parquet, one day a file, sorted by account and time
    quarantine/          segments that were found damaged

What a reader sees is exactly what the last commit made durable. What was lost to damage is never silent: it is
in `damage`, in words, until the logs it came from have been read again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from stillwatch.errors import LedgerError
from stillwatch.ledger import compaction, segments
from stillwatch.ledger.durable import (
    PARTIAL,
    Checkpoint,
    full_disk_is_storage_full,
    make_directory,
    pass_by,
    sync_directory,
    write_file,
)
from stillwatch.ledger.inputs import Damage, InputProgress, RejectedLine
from stillwatch.ledger.lock import WriterLock
from stillwatch.ledger.manifest import Manifest
from stillwatch.ledger.segments import Segment
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.sketch.record import require_comparable, schema

if TYPE_CHECKING:
    import ibis

LEDGER_VERSION = 1
_OURS = frozenset({"ledger.json", ".ledger.json.partial", "manifest.sqlite", "manifest.sqlite-journal", "segments"})


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """What a ledger holds. `duplicates` were dropped since it was made; `lost` were in damaged segments."""

    exchanges: int
    segments: int
    bytes: int
    days: int
    inputs: int
    rejected: int
    duplicates: int
    lost: int


class Ledger:
    """An existing ledger, open for reading; `writer()` adds to it."""

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        self.path = path
        self.identity = dict(identity)
        self.schema: pa.Schema = schema(identity)
        self._root = path / "segments"
        self._manifest = Manifest(path / "manifest.sqlite")
        self._set_aside: dict[str, Damage] = {}  # damaged, and another run's lock keeps us from recording it
        self._is_locked = False

    # -- beginning -------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, identity: dict[str, str]) -> Ledger:
        """Make an empty ledger at `path` for sketches of this identity (`sketch.record.identity`).

        `LedgerError` if there is a ledger already, or a directory with something else in it. A creation that
        was killed halfway can be repeated.
        """
        if (path / "ledger.json").exists():
            raise LedgerError(f"there already is a ledger at {path}", "Open it, or name another directory")
        with full_disk_is_storage_full(path):
            path.mkdir(parents=True, exist_ok=True)
            if any(entry.name not in _OURS for entry in path.iterdir()):
                raise LedgerError(f"{path} is not empty and not a ledger", "Name another directory")
            make_directory(path / "segments")
            Manifest.create(path / "manifest.sqlite")
            content = json.dumps({"stillwatch.ledger": LEDGER_VERSION, "identity": identity}, indent=1)
            write_file(path / "ledger.json", content.encode())
            sync_directory(path)
            sync_directory(path.parent)
        return cls(path, identity)

    @classmethod
    def open(cls, path: Path, *, identity: dict[str, str] | None = None) -> Ledger:
        """Open the ledger at `path` and set damaged segments aside (existence, size, footer).

        Raises `LedgerError` if it is no ledger or one of another version, `SketchMismatch` if `identity` is
        given and the ledger's sketches were made under other keys.
        """
        found = _read_identity(path)
        if identity is not None:
            require_comparable(schema(found), schema(identity))
        ledger = cls(path, found)
        ledger._examine(segments.check)
        return ledger

    # -- reading ---------------------------------------------------------------------------------------------

    def segments(self, days: Iterable[int] | None = None) -> list[Segment]:
        """The segments that may be read, by day and commit, as of now."""
        return [s for s in self._manifest.segments(days) if s.name not in self._set_aside]

    def segment_paths(self, days: Iterable[int] | None = None) -> list[Path]:
        return [self._root / s.name for s in self.segments(days)]

    def days(self) -> list[int]:
        """Days (since 1970, UTC) that have exchanges, ascending."""
        return sorted({s.day for s in self.segments()})

    def scan(self, columns: Sequence[str], *, days: Iterable[int] | None = None) -> Iterator[pa.RecordBatch]:
        """The named columns, a segment at a time, at most `SEGMENT_ROWS` rows each, pages verified.

        `LedgerError` at a damaged segment (it is set aside: run again to go on without it), or if another
        run compacted the ledger meanwhile.
        """
        for segment in self.segments(days):
            yield from self._read(segment, columns).combine_chunks().to_batches()

    def table(self, connection: ibis.BaseBackend | None = None, *, days: Iterable[int] | None = None) -> ibis.Table:
        """The ledger as an Ibis table on `connection` (an embedded DuckDB by default); empty ledgers work too."""
        from stillwatch.ledger.tables import open_table  # Ibis and DuckDB load only where they are used

        return open_table(self.segment_paths(days), self.schema, connection)

    def counts(self) -> LedgerCounts:
        held, inputs = self.segments(), self._manifest.inputs()
        return LedgerCounts(
            exchanges=sum(s.rows for s in held),
            segments=len(held),
            bytes=sum(s.size_bytes for s in held),
            days=len({s.day for s in held}),
            inputs=len(inputs),
            rejected=sum(i.rejected for i in inputs),
            duplicates=self._manifest.duplicates(),
            lost=sum(d.rows for d in self._all_damage()),
        )

    @property
    def damage(self) -> list[str]:
        """One sentence for each segment that was set aside and whose logs have not been read again."""
        return [str(d) for d in self._all_damage()]

    def input_progress(self, fingerprint: str) -> InputProgress | None:
        """How far the input with this fingerprint was read; None if it is new."""
        return next(iter(self._manifest.inputs(fingerprint)), None)

    def inputs(self) -> list[InputProgress]:
        return self._manifest.inputs()

    def rejections(self, fingerprint: str) -> list[RejectedLine]:
        """The first hundred malformed rows of an input."""
        return self._manifest.rejections(fingerprint)

    # -- changing --------------------------------------------------------------------------------------------

    @contextmanager
    def writer(self, checkpoint: Checkpoint = pass_by) -> Iterator[LedgerWriter]:
        """Lock the ledger for writing; `LedgerError` at once if another run has it. Clears what a crash left."""
        with self._exclusively():
            self._sweep()
            yield LedgerWriter(self._root, self._manifest, self.schema, checkpoint)

    def drop_duplicates(self, checkpoint: Checkpoint = pass_by) -> int:
        """Remove later copies of exchanges that several commits brought; returns how many. See `duplicates`."""
        with self._exclusively():
            return compaction.drop_duplicates(self._root, self._manifest, self._read, checkpoint)

    def compact(self, checkpoint: Checkpoint = pass_by) -> int:
        """Drop duplicates, then merge small segments of a day; returns how many segments fewer there are.

        A reader that began before may meet a file that is gone; it gets a `LedgerError` that says so.
        """
        with self._exclusively():
            self._sweep()
            compaction.drop_duplicates(self._root, self._manifest, self._read, checkpoint)
            return compaction.merge_small(self._root, self._manifest, self._read, checkpoint)

    def verify(self) -> list[str]:
        """Compare every segment with its digest, set aside what differs, and return `damage`.

        Reads the whole ledger: about a second of CPU a GB.
        """
        self._examine(segments.verify)
        return self.damage

    # -- damage ----------------------------------------------------------------------------------------------

    def _examine(self, test: Callable[[Path, Segment], str]) -> None:
        bad = [(s, reason) for s in self.segments() if (reason := test(self._root, s))]
        # A segment that a compaction has just replaced is gone, not damaged.
        self._quarantine([(s, reason) for s, reason in bad if self._manifest.contains(s.name)])

    def _quarantine(self, bad: Sequence[tuple[Segment, str]]) -> None:
        """Take segments out of the ledger; only out of this reader's sight while another run is writing."""
        if not bad:
            return
        try:
            with self._exclusively():
                with self._manifest.transaction() as change:
                    for segment, reason in bad:
                        change.set_aside(segment, reason)
                self._sweep()
        except (LedgerError, OSError, sqlite3.Error):  # in use, or read-only: whoever writes next records it
            for segment, reason in bad:
                self._set_aside[segment.name] = Damage(segment.name, segment.day, segment.rows, reason)

    def _all_damage(self) -> list[Damage]:
        recorded = self._manifest.damage()
        known = {d.segment for d in recorded}
        return recorded + [d for d in self._set_aside.values() if d.segment not in known]

    def _read(self, segment: Segment, columns: Sequence[str]) -> pa.Table:
        """Columns of a segment (all if none is named)."""
        try:
            return segments.read(self._root, segment, columns or None)
        except (OSError, pa.ArrowException) as error:
            if not self._manifest.contains(segment.name):
                raise LedgerError("the ledger was compacted while it was read", "Run the same command again") from error
            self._quarantine([(segment, segments.verify(self._root, segment) or "its pages cannot be decoded")])
            raise LedgerError(
                f"segment {segment.name} is damaged and was set aside",
                "Run the same command again to go on without it, or sketch its logs again to bring it back",
            ) from error

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """Hold the writer lock; inside `writer()` it is held already."""
        if self._is_locked:
            yield
            return
        with WriterLock(self.path):
            self._is_locked = True
            try:
                yield
            finally:
                self._is_locked = False

    def _sweep(self) -> None:
        """Remove files that no commit lists, and move damaged segments to `quarantine/`. Needs the lock."""
        listed = {s.name for s in self._manifest.segments()}
        damaged = {d.segment for d in self._manifest.damage()}
        for file in self._root.glob("day=*/*"):
            name = str(file.relative_to(self._root))
            if name in damaged:
                make_directory(self.path / "quarantine")
                file.replace(self.path / "quarantine" / file.name)
            elif name not in listed and (file.suffix == ".parquet" or file.name.endswith(PARTIAL)):
                file.unlink()


def _read_identity(path: Path) -> dict[str, str]:
    try:
        content = json.loads((path / "ledger.json").read_bytes())
        version, identity = content["stillwatch.ledger"], content["identity"]
    except (FileNotFoundError, NotADirectoryError):
        raise LedgerError(f"{path} is not a ledger", "Make one with `stillwatch sketch LOG... --out DIR`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path / 'ledger.json'} cannot be read ({type(error).__name__})") from None
    if version != LEDGER_VERSION:
        raise LedgerError(
            f"the ledger {path} is of version {version} and this program reads version {LEDGER_VERSION}",
            "Use the version of Stillwatch that made it, or sketch the logs again",
        )
    if not (path / "manifest.sqlite").exists():
        raise LedgerError(
            f"the ledger {path} has lost its manifest", "Restore manifest.sqlite or sketch the logs again"
        )
    return {str(k): str(v) for k, v in identity.items()}
