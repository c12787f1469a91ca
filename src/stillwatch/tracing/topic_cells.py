"""Topic cells: where a payload lies, as a number, from nothing but its projection.

Projections are sums of secret signs of words, so what every request says is a constant offset. That offset is taken
out, directions in which wrappers make payloads vary most are scaled down, and the signs along fixed random directions
name a cell: two payloads with the angle a between them share b signs with chance (1 - a / pi) ** b. Several sets of
directions are averaged, since one may cut a subject in two. Cells of finer resolution lie inside those of coarser.

Source: Charikar (2002), "Similarity estimation techniques from rounding algorithms", section 3.
Weakness: what a payload is about is what words it uses; a subject in another language is another cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BITS = (3, 5, 8)
"""Resolutions: 8, 32 and 256 cells, from a handful of subjects to about what one conversation in eight repeats."""
TABLES = 16
"""Sets of directions: the chance in where they cut falls with their square root, the cost rises with them."""
_PRIOR_ROWS = 256
"""How many rows the population's covariance counts for beside a group's own: four a direction."""
_DIRECTIONS = np.random.default_rng(20_260_411).normal(size=(PROJECTION_DIMENSIONS, TABLES * max(BITS))).astype("f4")


def within_covariance(centred: Floats) -> Floats:
    """(64, 64) covariance of rows from which each unit's mean has been taken."""
    return np.asarray(centred.T @ centred / max(len(centred), 1), np.float64)


def scaling(centred: Floats, usual: Floats) -> Floats:
    """(64, 64): turns and scales rows so that no direction counts more because wrappers vary along it.

    `centred` (n, 64): less their units' means; `usual`: the population's `within_covariance`, or zeros. Both are
    scaled to a mean variance of 1 before they are mixed, as `_PRIOR_ROWS` to n.
    """
    own = within_covariance(centred)
    mixed = len(centred) * _normed(own) + _PRIOR_ROWS * _normed(usual)
    values, vectors = np.linalg.eigh(mixed / (len(centred) + _PRIOR_ROWS))
    return np.asarray(vectors / np.sqrt(np.maximum(values, _SMALLEST)), np.float64)


_SMALLEST = 1e-2  # of the mean variance: a direction that hardly varies is noise, and is not blown up further


def _normed(covariance: Floats) -> Floats:
    mean = float(np.trace(covariance)) / PROJECTION_DIMENSIONS
    return covariance / mean if mean > 0 else np.eye(PROJECTION_DIMENSIONS)


def finest_cells(rows: Floats) -> Ints:
    """(n, TABLES) the cell of each row in each set of directions, 0 .. 2 ** max(BITS) - 1.

    The lower bits of a cell are the coarser cell that it lies in.
    """
    is_right = rows.astype(np.float32) @ _DIRECTIONS > 0
    octets = np.packbits(is_right.reshape(len(rows), TABLES, max(BITS)), axis=2, bitorder="little")
    return octets[:, :, 0].astype(np.int64)
