"""Rows of unequal length as one flat column, to work on all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", bound=np.generic)


class Ragged(NamedTuple):
    """Ids of many rows, one row after the other."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Collection[int]]) -> Ragged:
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum())), lengths)

    def reduce(self, how: np.ufunc, table: NDArray[N]) -> NDArray[N]:
        """`table[ids]` added, or-ed or otherwise put together over each row's ids; 0 for an empty row."""
        found = np.zeros((len(self.lengths), *table.shape[1:]), table.dtype)
        filled = np.flatnonzero(self.lengths)
        if len(filled):
            starts = (np.cumsum(self.lengths) - self.lengths)[filled]
            found[filled] = how.reduceat(table.take(self.ids, axis=0), starts, axis=0)
        return found
