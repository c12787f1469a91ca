"""Rows of sketches without a sketcher: seeded, of the right shape, with nothing behind them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.sketch.record import Flag, Intent, identity, schema

DAY_US = 86_400_000_000
FIRST_DAY = 20_000
IDENTITY = identity("0123456789abcdef")


def sketches(
    rows: int, *, seed: int = 0, accounts: int = 20, days: int = 1, key: dict[str, str] = IDENTITY
) -> pa.RecordBatch:
    """`rows` sketches of up to `accounts` accounts over `days` days, in the order of time."""
    rng = np.random.default_rng(seed)
    ts_us = np.sort(rng.integers(FIRST_DAY * DAY_US, (FIRST_DAY + days) * DAY_US, rows))
    account = rng.integers(1, accounts + 1, rows) * 7_919
    special = {
        "ts_us": ts_us,
        "day": ts_us // DAY_US,
        "hour": ts_us % DAY_US // 3_600_000_000,
        "exchange_id": rng.integers(1, 2**62, rows),
        "account": account,
        "organization": account % 5,
        "flags": rng.integers(0, Flag.MANY_BIASED * 2, rows),
        "intent": rng.integers(0, Intent.EXTRACTION * 2, rows),
        "status": rng.choice([-1, 200, 400, 429, 500], rows),
        "temperature": rng.choice([-1, 0, 70, 100], rows),
        "conversation": rng.integers(0, 1 + rows // 3, rows),
        "payload": rng.integers(0, 1 + rows // 2, rows),
    }
    return pa.RecordBatch.from_arrays([_column(field, special, rng, rows) for field in schema()], schema=schema(key))


def _column(field: pa.Field, special: dict[str, np.ndarray], rng: np.random.Generator, rows: int) -> pa.Array:
    if pa.types.is_fixed_size_binary(field.type):
        width = field.type.byte_width
        data = pa.py_buffer(rng.bytes(width * rows))
        return pa.Array.from_buffers(field.type, rows, [None, data])
    values = special.get(field.name)
    if values is None:
        values = rng.integers(-1, 100, rows)
    return pa.array(values.astype(field.type.to_pandas_dtype()), field.type)
