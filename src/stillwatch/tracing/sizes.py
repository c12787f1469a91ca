"""How alike two units' sizes are: energy distances between distributions of prompt and answer lengths.

Lengths are cut into quarter octaves, so a distribution is a row of a table and all distances are matrix products. The
distance is the unbiased estimate: its mean does not depend on how many exchanges a unit has.

    D(F, G) = 2 * integral of (F - G)^2, of which the part that is due to sampling alone is taken off

Source: Szekely & Rizzo (2013), "Energy statistics", J. Stat. Plan. Inference 143, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SIZES = ("prompt_chars", "output_tokens")
PER_OCTAVE = 4
_BINS = 32 * PER_OCTAVE  # 2 ** 32 characters
ROWS_AT_LEAST = 8
"""Known sizes of a unit: below, a distance is mostly noise."""


@dataclass(frozen=True)
class Spread:
    """Distributions of one size. `below`: (units, bins) share of a unit's exchanges up to each bin."""

    below: Floats
    sampling: Floats  # (units,) the integral of the variance of `below` that sampling causes
    known: NDArray[np.bool_]  # (units,) enough exchanges

    def distances(self) -> Floats:
        """(units, units) Energy distances in octaves; NaN on the diagonal and where too little is known."""
        squares = (self.below**2).sum(axis=1)
        apart = (squares[:, None] + squares[None, :] - 2 * self.below @ self.below.T) / PER_OCTAVE
        distance = 2 * (apart - self.sampling[:, None] - self.sampling[None, :])
        distance[~self.known, :] = np.nan
        distance[:, ~self.known] = np.nan
        np.fill_diagonal(distance, np.nan)
        return np.asarray(distance, np.float64)

    def to_others(self) -> Floats:
        """(units,) Mean distance to the other units, without the table of all pairs; NaN where there are none."""
        count = int(self.known.sum())
        if count < 2:
            return np.full(len(self.known), np.nan)
        below, sampling = self.below * self.known[:, None], self.sampling * self.known
        squares = (below**2).sum(axis=1)
        others = count - 1
        apart = (squares + (squares.sum() - squares) / others) / PER_OCTAVE
        apart -= 2 * (below * (below.sum(axis=0) - below)).sum(axis=1) / others / PER_OCTAVE
        noise = sampling + (sampling.sum() - sampling) / others
        return np.where(self.known, 2 * (apart - noise), np.nan)


def spread(unit: Ints, size: Ints, units: int) -> Spread:
    """Distributions of `size` (n,), -1 = not known, by `unit` (n,) in 0 .. units - 1."""
    known = size >= 0
    bins = np.minimum((PER_OCTAVE * np.log2(1.0 + size[known])).astype(np.int64), _BINS - 1)
    held = np.bincount(unit[known] * _BINS + bins, minlength=units * _BINS).reshape(units, _BINS)
    sizes = held.sum(axis=1)
    below = np.cumsum(held, axis=1) / np.maximum(sizes, 1)[:, None]
    sampling = (below * (1 - below)).sum(axis=1) / PER_OCTAVE / np.maximum(sizes - 1, 1)
    return Spread(below, sampling, sizes >= ROWS_AT_LEAST)
