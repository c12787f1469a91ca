"""Rows of unequal length as one flat column, to work on all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", bound=np.generic)
_OWNER_SHIFT = 32
_ID_MASK = (1 << _OWNER_SHIFT) - 1


class Ragged(NamedTuple):
    """Ids of many rows, one row after the other."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Collection[int]]) -> Ragged:
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum())), lengths)

    @classmethod
    def cut(cls, ids: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Ragged:
        """Rows of these lengths out of `ids`, each from its own start; they may overlap."""
        before = np.cumsum(lengths) - lengths
        return cls(ids.take(np.repeat(starts - before, lengths) + np.arange(lengths.sum())), lengths)

    def distinct(self) -> Ragged:
        """Each row's ids once, in increasing order. Ids are below 2**32."""
        owner = np.repeat(np.arange(len(self.lengths)), self.lengths)
        pairs = np.sort(owner << _OWNER_SHIFT | self.ids)
        pairs = pairs[np.diff(pairs, prepend=-1) != 0]
        return Ragged(pairs & _ID_MASK, np.bincount(pairs >> _OWNER_SHIFT, minlength=len(self.lengths)))

    def reduce(self, how: np.ufunc, table: NDArray[N]) -> NDArray[N]:
        """`table[ids]` added, or-ed or otherwise put together over each row's ids; 0 for an empty row."""
        found = np.zeros((len(self.lengths), *table.shape[1:]), table.dtype)
        filled = np.flatnonzero(self.lengths)
        if len(filled):
            starts = (np.cumsum(self.lengths) - self.lengths)[filled]
            found[filled] = how.reduceat(table.take(self.ids, axis=0), starts, axis=0)
        return found
