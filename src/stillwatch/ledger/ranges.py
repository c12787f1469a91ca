"""Reading a ledger account by account, in bounded memory.

Segments are sorted by account, and each row group's statistics say which accounts it holds. Cutting the range of
pseudonyms into parts and reading of each segment only the row groups that overlap a part gives every exchange of
every account of that part, without a shuffle and without holding the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

PART_ROWS = 3_000_000
"""Rows read at a time; at ~150 bytes a row for the widest reader this is 450 MB."""
_LAST = 2**63 - 1


def account_parts(paths: Sequence[Path], rows: int = PART_ROWS) -> list[tuple[int, int]]:
    """Half-open ranges of account pseudonyms that cover all, each with about `rows` rows or fewer.

    An account that alone has more rows is a part of its own.
    """
    starts, counts = [], []
    for path in paths:
        for low, _, count in _groups(path):
            starts.append(low)
            counts.append(count)
    total = sum(counts)
    parts = max(1, -(-total // rows))
    # Pseudonyms are uniform, but a heavy account is not: cut by row-group starts weighted by their rows.
    order = np.argsort(np.array(starts, np.int64), kind="stable") if starts else np.empty(0, np.int64)
    edges = [0]
    seen = 0
    for index in order:
        seen += counts[index]
        if seen > total * len(edges) / parts and starts[index] > edges[-1]:
            edges.append(starts[index])
    return list(zip(edges, [*edges[1:], _LAST], strict=True))


def read_part(
    paths: Sequence[Path], columns: Sequence[str], low: int, high: int, only: NDArray[np.int64] | None = None
) -> pa.Table:
    """All rows with `low <= account < high`, sorted by account; `columns` must hold "account".

    With `only`, rows of those accounts alone.
    """
    wanted = None if only is None else pa.array(only[(only >= low) & (only < high)])
    found = [table for path in paths for table in _overlapping(path, columns, low, high, wanted)]
    if not found:
        fields = [pq.read_schema(paths[0]).field(name) for name in columns] if paths else []
        return pa.schema(fields).empty_table()
    table = pa.concat_tables(found)
    order = np.argsort(table.column("account").to_numpy(), kind="stable")
    return table.take(pa.array(order)).combine_chunks()


def _overlapping(
    path: Path, columns: Sequence[str], low: int, high: int, accounts: pa.Array | None
) -> Iterator[pa.Table]:
    if accounts is not None and len(accounts) == 0:
        return
    wanted = [i for i, (first, last, _) in enumerate(_groups(path)) if first < high and last >= low]
    if not wanted:
        return
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for index in wanted:
            table = file.read_row_group(index, columns=list(columns))
            account = table.column("account")
            inside = pc.and_(pc.greater_equal(account, low), pc.less(account, high))
            if accounts is not None:
                inside = pc.is_in(account, value_set=accounts)
            yield table.filter(inside)


def _groups(path: Path) -> list[tuple[int, int, int]]:
    """First account, last account and rows of each row group."""
    metadata = pq.read_metadata(path)
    column = metadata.schema.names.index("account")
    found = []
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        statistics = group.column(column).statistics
        found.append((statistics.min, statistics.max, group.num_rows))
    return found
