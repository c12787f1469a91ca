"""Exchanges and accounts by hand: what a test does not say of an exchange is nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import COLUMN_NAMES, LINEAGE_SLOTS, PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

WIDE = {
    "zones": ("<u4", ZONE_SLOTS),
    "lineage": ("<u4", LINEAGE_SLOTS),
    "projection": ("i1", PROJECTION_DIMENSIONS),
    "alliance": ("u1", ZONE_SLOTS),
}
"""Kind and number of what each row has several of."""


def exchanges(account: Ints, **given: Any) -> pa.Table:
    """A ledger's rows of these accounts (pseudonyms), each a conversation of its own at a time of its own."""
    rows = len(account)
    columns = {"account": account, "conversation": np.arange(rows), "ts_us": np.arange(rows)} | given
    return pa.table({name: _column(name, columns.get(name), rows) for name in COLUMN_NAMES})


def accounts(count: int, unit: Ints | None = None) -> Accounts:
    """Accounts with the pseudonyms 1 .. count, each its own unit unless told otherwise."""
    none = np.zeros(count, np.int64)
    units = np.arange(count) if unit is None else unit
    return Accounts(np.arange(1, count + 1), units, none, none, none, none, none, {}, {}, {})


def _column(name: str, values: NDArray[Any] | None, rows: int) -> pa.Array:
    if name not in WIDE:
        return pa.array(np.zeros(rows, np.int64) if values is None else values)
    kind, width = WIDE[name]
    cells = np.zeros((rows, width), kind) if values is None else values.astype(kind)
    size = cells.dtype.itemsize * width
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), rows, [None, pa.py_buffer(cells.tobytes())])
