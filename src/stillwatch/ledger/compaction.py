"""Many small segments of a day become few large ones, and later copies of an exchange go.

A replacement is one commit like any other: new segments are durable before one transaction lists them instead
of the old ones, whose files are removed after it. Killed at any point, the ledger holds the same exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from stillwatch.ledger.duplicates import Read, rows_to_keep
from stillwatch.ledger.durable import Checkpoint
from stillwatch.ledger.manifest import Change, Manifest
from stillwatch.ledger.segments import SEGMENT_ROWS, Segment
from stillwatch.ledger.writer import publish

SMALL_ROWS = SEGMENT_ROWS // 2  # a segment above this is left alone: merging it would rewrite much to gain little


def drop_duplicates(root: Path, manifest: Manifest, read: Read, checkpoint: Checkpoint) -> int:
    """Remove later copies of exchanges from days that changed since the last search; returns how many."""
    dropped = 0
    for day in manifest.days_to_compare():
        keep = rows_to_keep(manifest.segments([day]), read)
        old = list(keep)
        removed = sum(int((~mask).sum()) for mask in keep.values())
        tables = (read(s, ()).filter(pa.array(mask)) for s, mask in keep.items() if mask.any())
        _replace(root, manifest, old, tables, checkpoint, day=day, removed=removed)
        dropped += removed
    return dropped


def merge_small(root: Path, manifest: Manifest, read: Read, checkpoint: Checkpoint) -> int:
    """Merge small segments of the same day; returns how many segments fewer there are.

    At most `SEGMENT_ROWS` rows are in memory (twice, while they are sorted): a few hundred MB.
    """
    before = len(manifest.segments())
    for group in _groups(manifest.segments()):
        table = pa.concat_tables([read(s, ()) for s in group])
        _replace(root, manifest, group, [table], checkpoint)
    return before - len(manifest.segments())


def _replace(
    root: Path,
    manifest: Manifest,
    old: Sequence[Segment],
    tables: Iterator[pa.Table] | Sequence[pa.Table],
    checkpoint: Checkpoint,
    *,
    day: int | None = None,
    removed: int = 0,
) -> None:
    def change(to: Change, written: Sequence[Segment]) -> None:
        if old:
            to.replace_segments(old, written)
        to.add_duplicates(removed)
        if day is not None:
            to.mark_compared(day)

    publish(root, manifest, tables, change, checkpoint)
    for segment in old:
        (root / segment.name).unlink(missing_ok=True)
        checkpoint("old segment removed")


def _groups(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Two or more small segments of one day that fit into one, in their order."""
    group: list[Segment] = []
    for s in segments:
        if s.rows > SMALL_ROWS:
            continue
        if group and (s.day != group[0].day or sum(g.rows for g in group) + s.rows > SEGMENT_ROWS):
            if len(group) > 1:
                yield group
            group = []
        group.append(s)
    if len(group) > 1:
        yield group
