"""Python's unbounded numbers as columns of bounded ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


def clipped(values: Iterable[int], low: int, high: int) -> NDArray[np.int64]:
    """`values` as a column, each moved to the nearer bound where it lies outside of `low` .. `high`."""
    numbers = list(values)
    try:
        column = np.array(numbers, np.int64)
    except OverflowError:
        column = np.array([max(low, min(number, high)) for number in numbers], np.int64)
    return np.clip(column, low, high)
