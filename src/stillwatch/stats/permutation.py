"""Permutation nulls for "does it matter which account sent it?", without keeping any text.

Two statistics of the rows of one ring, labelled by unit (account or organisation):

- `variance_share`: which part of the spread of payload vectors lies between units (R2, one-way MANOVA style).
- `repeats`: how often the same payload comes twice from one unit, and how often from two.

If the units are interchangeable shares of one pool, shuffling the labels changes neither. The null of both tests is
therefore "interchangeable"; what supports it is a small, tightly bounded excess, not a large p-value.

Nothing is shuffled here: mean and variance over all permutations of the labels have closed forms. They are exact where
sampled shuffles would add noise of their own, and cost a hundredth.
Source: Kazi-Aoual, Hitier, Sabatier & Lebreton (1995), Comput. Stat. Data Anal. 20(6): the moments of tr(ST).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shift:
    """An observed statistic against its permutation null."""

    observed: float
    expected: float
    deviation: float  # standard deviation of the null

    @property
    def excess(self) -> float:
        return self.observed - self.expected

    @property
    def z(self) -> float:
        return self.excess / self.deviation if self.deviation > 0 else 0.0


def variance_share(rows: Floats, units: Ints) -> Shift:
    """Share of the rows' variance between units. `rows`: (n, d), already scaled; `units`: (n,) in 0 .. k-1.

    All 0 for fewer than four rows: the variance over permutations is not defined there.
    """
    if len(rows) < _ROWS_AT_LEAST:
        return Shift(0.0, 0.0, 0.0)
    centred = rows - rows.mean(axis=0)
    total = float((centred**2).sum())
    if total == 0.0:
        return Shift(0.0, 0.0, 0.0)
    sizes = np.bincount(units)
    expected, variance = _permutation_moments(centred, sizes[sizes > 0])
    return Shift(_between(centred, units, sizes) / total, expected / total, math.sqrt(variance) / total)


_ROWS_AT_LEAST = 4


def _between(centred: Floats, units: Ints, sizes: Ints) -> float:
    """Sum of squares between units: tr(GA) of the rows' inner products G and the labels' projection A."""
    order = np.argsort(units, kind="stable")
    present = np.flatnonzero(sizes)
    starts = np.searchsorted(units[order], present)
    sums = np.add.reduceat(centred[order], starts, axis=0)
    return float(((sums**2).sum(axis=1) / sizes[present]).sum())


def _permutation_moments(centred: Floats, sizes: Ints) -> tuple[float, float]:
    """Mean and variance of `_between` over all assignments of labels; `sizes`: rows of each unit, none 0.

    G (n, n) holds the centred rows' inner products, A projects on the unit means: both sum to 0 along every row. Of
    each, the formula takes the trace t, the sum of squares q and the sum of the squared diagonal e.
    """
    n = len(centred)
    own = (centred**2).sum(axis=1)
    t, q, e = float(own.sum()), float(((centred.T @ centred) ** 2).sum()), float((own**2).sum())
    ta = qa = len(sizes) - 1.0
    ea = float((sizes * (1.0 / sizes - 1.0 / n) ** 2).sum())
    pairs = 2 * ((n - 1) * q - t * t) * ((n - 1) * qa - ta * ta) / ((n - 1) ** 2 * (n + 1) * (n - 2))
    diagonal = (n * (n + 1) * e - (n - 1) * (t * t + 2 * q)) * (n * (n + 1) * ea - (n - 1) * (ta * ta + 2 * qa))
    variance = pairs + diagonal / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    return t * ta / (n - 1), max(variance, 0.0)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Pairs of rows with the same payload: within one unit and between two, with their rates per possible pair."""

    within: int
    between: int
    within_rate: float
    between_rate: float
    expected_within: float  # if labels did not matter, given all repeats


def repeats(items: Ints, units: Ints) -> Repeats:
    """Count equal pairs of `items` by whether their units are equal. Both (n,)."""
    all_pairs = _pairs(np.unique(items, return_counts=True)[1])
    both = np.unique(np.stack([items, units]), axis=1, return_counts=True)[1]
    within = _pairs(both)
    possible = _pairs(np.array([len(items)]))
    possible_within = _pairs(np.unique(units, return_counts=True)[1])
    share = possible_within / possible if possible else 0.0
    between = all_pairs - within
    return Repeats(
        within,
        between,
        within / possible_within if possible_within else 0.0,
        between / (possible - possible_within) if possible > possible_within else 0.0,
        all_pairs * share,
    )


def _pairs(counts: Ints) -> int:
    return int((counts * (counts - 1) // 2).sum())


def whitened(rows: Floats, keep: float = 1e-6) -> Floats:
    """`rows` turned and scaled so that every direction with variance counts alike. Shape (n, r), r <= d.

    A ring that uses a few templates varies most along a few directions; unscaled, those would drown the subject.
    """
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / max(len(rows) - 1, 1))
    used = values > keep * max(float(values.max()), 1e-12)
    return np.asarray(centred @ (vectors[:, used] / np.sqrt(values[used])), np.float64)
