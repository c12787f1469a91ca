"""Rows of a Parquet file, read in batches of bounded memory and given on as JSON rows.

A row takes the same way as a line of JSON from there on, so the two formats cannot come to differ. Columns
that are null in a row count as absent, inside structs too: Parquet cannot tell the two apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError

Table: TypeAlias = Any
"""A `pyarrow.RecordBatch`; pyarrow ships no types."""


class ParquetLog:
    """A Parquet file as a sequence of batches, from any row on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with _opened(path) as source, pq.ParquetFile(source) as file:
                self.columns: list[str] = file.schema_arrow.names
                self.num_rows: int = file.metadata.num_rows
        except (pa.ArrowException, OSError) as fault:
            raise _unreadable(path, "its footer cannot be read") from fault

    def batches(self, first_row: int, max_rows: int, max_bytes: int) -> Iterator[Table]:
        """Batches of rows from `first_row` (counted from 0) on; `max_bytes` is kept on the group's average."""
        begin = 0
        try:
            with (
                _opened(self._path) as source,
                pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20) as file,
            ):
                for group in range(file.num_row_groups):
                    held = file.metadata.row_group(group)
                    end = begin + held.num_rows
                    if first_row < end:
                        average = max(held.total_byte_size // max(held.num_rows, 1), 1)
                        size = max(min(max_rows, max_bytes // average), 1)
                        yield from _from_row(file.iter_batches(size, row_groups=[group]), first_row - begin)
                    begin = end
        except (pa.ArrowException, OSError) as fault:
            raise _unreadable(self._path, f"it is damaged in the row group after row {begin}") from fault


def _opened(path: Path) -> Any:
    """The file, whatever bytes it is called by: pyarrow takes a `str` only where it is UTF-8."""
    return pa.OSFile(os.fsencode(path))


def json_rows(batch: Table) -> list[bytes]:
    """Each row as one JSON object."""
    return [_ENCODER.encode(_json_row(row)) for row in batch.to_pylist()]


_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


def _from_row(batches: Iterator[Table], skip: int) -> Iterator[Table]:
    for batch in batches:
        if skip < batch.num_rows:
            yield batch.slice(max(skip, 0))
        skip -= batch.num_rows


def _json_row(row: dict[str, Any]) -> Any:
    headers = row.get("headers")
    if isinstance(headers, list):  # a list of {name, value} is what most writers make of pairs
        row["headers"] = [list(pair.values()) if isinstance(pair, dict) else pair for pair in headers]
    return _without_nulls(row)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    if isinstance(value, bytes):  # text columns that were declared binary
        return value.decode(errors="replace")
    return value


def _unreadable(path: Path, fault: str) -> InputError:
    return InputError(f"{path} is not a readable Parquet file: {fault}", "Write it again, or leave it out")
