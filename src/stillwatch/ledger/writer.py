"""One commit: sketches, how far their logs were read, and what was refused, all or nothing.

Order of a commit: (1) check and deduplicate, (2) write each day's segments beside their place, sync, rename,
(3) sync the directories, (4) one manifest transaction that lists the segments and moves the positions. Before
(4) has committed, the segments are orphans that the next writer removes; after it, everything is durable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from stillwatch.errors import LedgerError
from stillwatch.ledger import segments
from stillwatch.ledger.duplicates import KEY, first_of_each
from stillwatch.ledger.durable import Checkpoint, full_disk_is_storage_full, make_directory, sync_directory
from stillwatch.ledger.inputs import InputProgress, RejectedLine
from stillwatch.ledger.manifest import Change, Manifest
from stillwatch.ledger.segments import Segment
from stillwatch.sketch.columns import to_numpy
from stillwatch.sketch.record import require_comparable


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit added, and how many of its rows were copies of another row of the same commit."""

    exchanges: int
    duplicates: int


class LedgerWriter:
    """Adds to a ledger while its writer lock is held; made by `Ledger.writer()`."""

    def __init__(self, root: Path, manifest: Manifest, schema: pa.Schema, checkpoint: Checkpoint) -> None:
        self._root = root
        self._manifest = manifest
        self._schema = schema
        self._checkpoint = checkpoint

    def commit(
        self,
        batch: pa.RecordBatch | pa.Table,
        inputs: Sequence[InputProgress] = (),
        rejections: Iterable[RejectedLine] = (),
    ) -> Committed:
        """Add the sketches in `batch` and move `inputs` to where they now are; durable when this returns.

        `inputs` are the inputs that the rows came from, with their whole state after this commit. Raises
        `SketchMismatch` if the sketches were made under another key, `StorageFull` if the disk is full; after
        any error, and after a kill at any point, the ledger is what it was before.
        """
        rows = self._accept(batch)
        kept = first_of_each(*(to_numpy(rows.column(name)) for name in KEY))
        duplicates = len(rows) - int(kept.sum())
        fresh = rows if not duplicates else rows.filter(pa.array(kept))

        def change(to: Change, written: Sequence[Segment]) -> None:
            to.add_segments(written, [i.fingerprint for i in inputs])
            to.add_rejections(rejections)
            to.add_duplicates(duplicates)
            for progress in inputs:
                to.put_input(progress)

        publish(self._root, self._manifest, [fresh] if len(fresh) else [], change, self._checkpoint)
        return Committed(len(fresh), duplicates)

    def restart_input(self, fingerprint: str) -> None:
        """Forget how far an input was read, so that it is read again from its start.

        For an input with `lost_rows`: what the ledger still has of it comes again and is dropped as duplicates.
        """
        with self._manifest.transaction() as change:
            change.restart_input(fingerprint)

    def _accept(self, batch: pa.RecordBatch | pa.Table) -> pa.Table:
        table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        require_comparable(self._schema, table.schema)
        if not table.schema.equals(self._schema):
            raise LedgerError("these are not rows of sketches: their columns differ from the ledger's")
        return table


def publish(
    root: Path,
    manifest: Manifest,
    tables: Iterable[pa.Table],
    change: Callable[[Change, Sequence[Segment]], None],
    checkpoint: Checkpoint,
) -> list[Segment]:
    """Write `tables` as segments and apply `change` in one transaction; on error neither remains."""
    written: list[Segment] = []
    with full_disk_is_storage_full(root):
        try:
            for table in tables:
                for rows in segments.split(table):
                    make_directory(root / f"day={rows.column('day')[0].as_py():05d}")
                    written.append(segments.write(root, rows, checkpoint=checkpoint))
            for directory in {(root / s.name).parent for s in written}:
                sync_directory(directory)
            checkpoint("segments durable")
            with manifest.transaction() as transaction:
                change(transaction, written)
                checkpoint("manifest changed")
        except BaseException:
            _remove_unlisted(root, manifest, written)
            raise
    checkpoint("manifest committed")
    return written


def _remove_unlisted(root: Path, manifest: Manifest, written: Iterable[Segment]) -> None:
    """Take back segments of a failed commit. An interrupt may come just after the manifest listed them: those stay."""
    with suppress(OSError, sqlite3.Error):  # what cannot be removed now is an orphan for the next writer
        for segment in written:
            if not manifest.contains(segment.name):
                (root / segment.name).unlink(missing_ok=True)
