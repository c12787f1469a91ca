"""Exchanges that came more than once: equal account and equal exchange id mean the same exchange.

Inside one commit they are dropped at once. Between commits they are looked for a whole day at a time, when a
sketch run ends or a ledger is compacted, and the segments that hold the later copies are written again
without them; queries then need no rule of their own. Weakness, accepted: the same exchange logged under two
days is two exchanges, and between a commit and the next search a day may hold a copy twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.ledger.segments import Segment
from stillwatch.sketch.columns import to_numpy

KEY = ("account", "exchange_id")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: multiplication by it is a bijection

Read = Callable[[Segment, Sequence[str]], pa.Table]
Mask = npt.NDArray[np.bool_]


def first_of_each(account: npt.NDArray[np.int64], exchange_id: npt.NDArray[np.int64]) -> Mask:
    """True where a row is the first with its account and exchange id, or has no id."""
    order = np.lexsort((exchange_id, account))  # stable: the first row of equal ones comes first
    ordered_account, ordered_id = account[order], exchange_id[order]
    is_repeat = np.zeros(len(order), np.bool_)
    is_repeat[1:] = (ordered_account[1:] == ordered_account[:-1]) & (ordered_id[1:] == ordered_id[:-1])
    first = np.empty(len(order), np.bool_)
    first[order] = ~(is_repeat & (ordered_id != 0))
    return first


def rows_to_keep(segments: Sequence[Segment], read: Read) -> dict[Segment, Mask]:
    """Which rows stay, for those segments of one day that hold later copies of an exchange.

    Two passes over two columns, the second only over keys that a 64-bit hash found twice. Memory is 16 bytes
    a row of the day. Measured: 0.07 us CPU a row where nothing is found (4 M rows in 70 segments).
    """
    hashes = np.concatenate([_hash(read(s, KEY)) for s in segments])
    hashes.sort()
    suspects = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if not len(suspects):
        return {}
    return _keep_first([(s, read(s, KEY)) for s in segments], suspects)


def _keep_first(keys: Sequence[tuple[Segment, pa.Table]], suspects: npt.NDArray[np.uint64]) -> dict[Segment, Mask]:
    positions = [np.flatnonzero(np.isin(_hash(table), suspects)) for _, table in keys]
    account, exchange_id = (
        np.concatenate([to_numpy(table.column(name))[p] for (_, table), p in zip(keys, positions, strict=True)])
        for name in KEY
    )
    first = first_of_each(account, exchange_id)
    keep: dict[Segment, Mask] = {}
    ends = np.cumsum([len(p) for p in positions])
    for (segment, _), position, later in zip(keys, positions, np.split(~first, ends[:-1]), strict=True):
        if later.any():
            keep[segment] = np.ones(segment.rows, np.bool_)
            keep[segment][position[later]] = False
    return keep


def _hash(table: pa.Table) -> npt.NDArray[np.uint64]:
    account, exchange_id = (to_numpy(table.column(name)).view(np.uint64) for name in KEY)
    mixed: npt.NDArray[np.uint64] = account * _ODD ^ exchange_id
    return mixed
