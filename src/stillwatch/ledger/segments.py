"""One segment: sketches of one day in one Parquet file, sorted by account and then time.

A segment is written once and never changed. Its record in the manifest (rows, bytes, digest) is what it must
be; `check` compares cheaply, `verify` wholly. Page checksums are written, and verified by `read`: a flipped
byte raises instead of becoming a feature. DuckDB does not verify them, so what DuckDB reads is as good as the
last `verify`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.ledger.durable import Checkpoint, pass_by, write_file
from stillwatch.sketch.columns import to_arrow, to_numpy

SEGMENT_ROWS = 1 << 18  # ~100 MB in memory: the unit in which everything downstream reads
ROW_GROUP_ROWS = 1 << 14  # a range of accounts is read by row groups; costs a rollup a tenth more CPU than 1 << 16
DIGEST_BYTES = 32
_MAGIC = b"PAR1"  # Parquet, File Format: the last four bytes of a file
# Hashes without order or repetition: dictionaries and min/max would only cost room and time.
_DENSE = ("exchange_id", "conversation", "payload", "zones", "alliance", "lineage", "projection")


@dataclass(frozen=True, slots=True)
class Segment:
    """What the manifest knows of one segment. `name` is its path below `segments/`."""

    name: str
    day: int
    rows: int
    size_bytes: int
    digest: bytes  # BLAKE2b-256 of the whole file
    first_us: int
    last_us: int


def split(table: pa.Table) -> Iterator[pa.Table]:
    """The rows of `table` as segments in waiting: one day each, sorted, at most `SEGMENT_ROWS` rows."""
    day, account, ts_us = (to_numpy(table.column(name)) for name in ("day", "account", "ts_us"))
    order = np.lexsort((ts_us, account, day))
    ordered = table.take(to_arrow(order, pa.int64()))
    edges = np.flatnonzero(np.diff(day[order])) + 1
    for start, stop in zip((0, *edges), (*edges, len(order)), strict=True):
        for first in range(start, stop, SEGMENT_ROWS):
            yield ordered.slice(first, min(SEGMENT_ROWS, stop - first))


def write(root: Path, rows: pa.Table, *, checkpoint: Checkpoint = pass_by) -> Segment:
    """Write one sorted day as a new segment below `root`; its directory exists and is synced by the caller."""
    day = rows.column("day")[0].as_py()
    name = f"day={day:05d}/{secrets.token_hex(8)}.parquet"
    content = _encode(rows)
    ts_us = to_numpy(rows.column("ts_us"))
    write_file(root / name, content, checkpoint=checkpoint)
    digest = hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()
    return Segment(name, day, len(rows), len(content), digest, int(ts_us.min()), int(ts_us.max()))


def read(root: Path, segment: Segment, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a segment, pages verified. Raises OSError or pyarrow's errors if it is damaged."""
    with pq.ParquetFile(root / segment.name, page_checksum_verification=True) as file:
        return file.read(columns=list(columns) if columns is not None else None)


def check(root: Path, segment: Segment) -> str:
    """Why this segment cannot be whole, or "": existence, size and footer magic. Finds torn files, no flipped byte."""
    try:
        with (root / segment.name).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size != segment.size_bytes:
                return f"the file has {size} bytes instead of {segment.size_bytes}"
            file.seek(-len(_MAGIC), os.SEEK_END)
            return "" if file.read() == _MAGIC else "the file does not end as a Parquet file"
    except FileNotFoundError:
        return "the file is missing"
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"


def verify(root: Path, segment: Segment) -> str:
    """Why this segment is not byte for byte what was written, or ""."""
    reason = check(root, segment)
    if reason:
        return reason
    try:
        with (root / segment.name).open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)).digest()
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    return "" if digest == segment.digest else "its content is not what was written (the digest differs)"


def _encode(rows: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    ordinary = [name for name in rows.column_names if name not in _DENSE]
    pq.write_table(
        rows,
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        use_dictionary=ordinary,
        write_statistics=ordinary,
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())
