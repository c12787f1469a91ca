"""Columns of numbers between numpy and Arrow, as they lie in memory.

Not by `pa.array` and `to_numpy`: these load pandas where it is installed, only to ask whether a value is one of its
own, and that takes as long as sketching two thousand exchanges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_NUMBERS = {pa.int8(): np.int8, pa.int16(): np.int16, pa.int32(): np.int32, pa.int64(): np.int64}


def to_arrow(values: NDArray[np.generic], type_: pa.DataType) -> pa.Array:
    """One row per row of `values`: whole numbers, or, for fixed-size binary, all bytes of a row."""
    if not isinstance(type_, pa.FixedSizeBinaryType):
        values = values.astype(_NUMBERS[type_], copy=False)
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(little)])


def to_numpy(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """The numbers of a column without nulls, not to be written to."""
    return np.from_dlpack(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
