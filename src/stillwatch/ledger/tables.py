"""The ledger as an Ibis table: the one door through which engines read sketches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ibis
import pyarrow as pa

from stillwatch.ledger.engines import connect


def open_table(paths: Sequence[Path], schema: pa.Schema, connection: ibis.BaseBackend | None = None) -> ibis.Table:
    """Exactly these segments as one table; without any, an empty table of the same columns."""
    engine = connection if connection is not None else connect()
    name = ibis.util.gen_name("ledger")
    if not paths:
        return engine.create_table(name, schema=_as_read(schema), temp=True)
    # hive_partitioning off: DuckDB would otherwise replace the int32 column `day` by one read from the path.
    return engine.read_parquet([str(p) for p in paths], table_name=name, hive_partitioning=False)


def _as_read(schema: pa.Schema) -> ibis.Schema:
    """The types that DuckDB gives these columns when it reads a segment: blobs have no width there."""
    blob = ibis.dtype("binary")
    return ibis.schema({f.name: blob if pa.types.is_fixed_size_binary(f.type) else ibis.dtype(f.type) for f in schema})
