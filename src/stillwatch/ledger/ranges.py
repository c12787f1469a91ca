"""Reading a ledger account by account, in bounded memory.

Segments are sorted by account, and each row group's statistics say which accounts it holds. The range of pseudonyms
is cut into parts; of each segment only the row groups that overlap a part are read, so a part has every exchange of
its accounts, without a shuffle and without holding the ledger.

A row group that reaches into the next parts is held until they are done, as long as there is room; beyond that it is
read once more for each of them. Weakness: a ledger of very many small segments has as many row groups open at once,
and reads most of them again and again; compacting it helps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

PART_ROWS = 500_000
"""Rows in a part, about: 125 MB for the widest reader, and the reader's own arrays beside them."""
HELD_BYTES = 800_000_000
"""Of row groups that reach into later parts: enough for 16 million exchanges as sketching leaves them."""
_CUTS = (
    16  # places in a row group where a part may begin: its accounts are taken as evenly spread between first and last
)
_LAST = 2**63 - 1
_ORDER = ("account", "exchange_id")
_LOWER = np.int64(2**32 - 1)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _File:
    """A segment. `footer`: parsed once, as a part reads a few row groups of each of hundreds of segments."""

    path: Path
    footer: pq.FileMetaData = field(compare=False)

    @classmethod
    def of(cls, path: Path) -> _File:
        return cls(path, pq.read_metadata(path))

    def read(self, groups: Sequence[_Group], columns: Sequence[str]) -> list[pa.Table]:
        """These row groups of it."""
        if not groups:
            return []
        with pq.ParquetFile(self.path, metadata=self.footer, page_checksum_verification=True) as file:
            # One thread: decoding is bound by memory, and threads would cost more CPU time than they save.
            return [file.read_row_group(group.index, list(columns), use_threads=False) for group in groups]


@dataclass(frozen=True, slots=True)
class _Group:
    """A row group: where it is, and the first and last account in it."""

    file: _File
    index: int
    first: int
    last: int
    rows: int


def read_parts(
    paths: Sequence[Path],
    columns: Sequence[str],
    only: Ints | None = None,
    part_rows: int = PART_ROWS,
    *,
    in_order: bool = True,
) -> Iterator[tuple[float, pa.Table]]:
    """All rows in parts of whole accounts, each with the share of the ledger that was read before it.

    `columns` must hold "account". With `only`, sorted, the rows of those accounts alone. Parts ascend by account.
    The rows of one have an order that does not depend on the commits and compactions that brought them; without
    `in_order`, for those who do not depend on it, they come as they lie. Parts without rows are left out.
    """
    needed = tuple(dict.fromkeys((*columns, *(_ORDER if in_order else ()))))
    groups = [group for path in paths for group in _groups(_File.of(path))]
    wanted = [group for group in groups if _holds_any(group, only)]
    held = _Held()
    ranges = _ranges(groups, part_rows)
    for number, (low, high) in enumerate(ranges):
        overlapping = [group for group in wanted if group.first < high and group.last >= low]
        found = [rows for rows in _read(overlapping, needed, only, low, high, held) if len(rows)]
        if found:
            rows = pa.concat_tables(found)
            part = _ordered(rows, columns) if in_order else rows.combine_chunks()
            del found, rows  # views: row groups that the next part is done with would hang on them
            yield number / len(ranges), part


def _ordered(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """These columns of `rows`, sorted by the upper half of the account and the lower of the exchange's id, copied.

    One word sorts four times as fast as two; where two rows have the same, both whole words decide.
    """
    account, exchange = (rows.column(name).to_numpy() for name in _ORDER)
    word = (account & ~_LOWER) | (exchange & _LOWER)
    order = np.argsort(word)
    if (word[order[1:]] == word[order[:-1]]).any():
        order = np.lexsort((exchange, account, word))
    return rows.select(list(columns)).take(pa.array(order))


def _ranges(groups: Sequence[_Group], part_rows: int) -> list[tuple[int, int]]:
    """Half-open ranges of pseudonyms that cover all, each with about `part_rows` rows.

    An account that alone has more rows is a part of its own. Pseudonyms are uniform, but a heavy account is not: what
    is cut evenly is the rows, by what the row groups' first and last accounts say of their place.
    """
    if not groups:
        return []
    share = np.arange(_CUTS) / _CUTS
    first, last, rows = (np.array([getattr(group, name) for group in groups]) for name in ("first", "last", "rows"))
    starts = (first[:, None] + ((last - first)[:, None] * share).astype(np.int64)).ravel()
    order = np.argsort(starts)
    seen = np.cumsum(np.repeat(rows / _CUTS, _CUTS)[order])
    parts = max(1, -(-int(rows.sum()) // part_rows))
    cuts = starts[order][np.searchsorted(seen, seen[-1] * np.arange(1, parts) / parts)]
    edges = [0, *np.unique(cuts[cuts > 0]).tolist(), _LAST]
    return list(pairwise(edges))


class _Held:
    """Row groups that are needed again, within `HELD_BYTES`."""

    def __init__(self) -> None:
        self._rows: dict[_Group, pa.Table] = {}
        self._bytes = 0

    def __contains__(self, group: _Group) -> bool:
        return group in self._rows

    def __getitem__(self, group: _Group) -> pa.Table:
        return self._rows[group]

    def offer(self, group: _Group, rows: pa.Table) -> None:
        """Hold a row group if there is room."""
        if group not in self._rows and self._bytes + rows.nbytes <= HELD_BYTES:
            self._rows[group] = rows
            self._bytes += rows.nbytes

    def release(self, group: _Group) -> None:
        """Let go of a row group, if it is held."""
        rows = self._rows.pop(group, None)
        self._bytes -= rows.nbytes if rows is not None else 0


def _read(
    groups: Sequence[_Group], columns: Sequence[str], only: Ints | None, low: int, high: int, held: _Held
) -> Iterator[pa.Table]:
    """The rows of these row groups with `low <= account < high`: views of what stays held, copies of the rest."""
    for file, of_path in groupby(groups, key=lambda group: group.file):
        of_file = list(of_path)
        fresh = _read_groups(file, [group for group in of_file if group not in held], columns, only)
        for group in of_file:
            table = fresh[group] if group in fresh else held[group]
            if group.last < high:
                held.release(group)
            else:
                held.offer(group, table)
            start, end = np.searchsorted(table.column("account").to_numpy(), [low, high]).tolist()
            yield table.slice(start, end - start) if group in held else table.take(pa.array(np.arange(start, end)))


def _read_groups(
    file: _File, groups: Sequence[_Group], columns: Sequence[str], only: Ints | None
) -> dict[_Group, pa.Table]:
    tables = dict(zip(groups, file.read(groups, columns), strict=True))
    if only is None:
        return tables
    return {group: table.filter(pa.array(_is_in(table, only))) for group, table in tables.items()}


def _is_in(table: pa.Table, only: Ints) -> NDArray[np.bool_]:
    account = table.column("account").to_numpy()
    at = np.minimum(np.searchsorted(only, account), len(only) - 1)
    return np.asarray(only[at] == account)


def _holds_any(group: _Group, only: Ints | None) -> bool:
    """Whether one of the accounts asked for may be in the row group."""
    if only is None:
        return True
    at = int(np.searchsorted(only, group.first))
    return at < len(only) and int(only[at]) <= group.last


def _groups(file: _File) -> list[_Group]:
    column = file.footer.schema.names.index("account")
    found = []
    for index in range(file.footer.num_row_groups):
        group = file.footer.row_group(index)
        statistics = group.column(column).statistics
        found.append(_Group(file, index, statistics.min, statistics.max, group.num_rows))
    return found
