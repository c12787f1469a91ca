"""Which units of a candidate draw from the same pool? The users of one tool, told apart.

A published tool has honest users with subjects of their own, and may have a campaign among them. Between two units
whose payload means are equal, the squared Mahalanobis distance of the means (Hotelling's T2) has mean d, the number of
directions; unequal subjects make it larger, the more exchanges there are the more so. Average linkage over T2 / d joins
units that are alike on average, and leaves those with subjects of their own alone.

Known weakness: units with few exchanges all look alike; whether the pool as a whole carries a claim is measured
afterwards (`complementarity.measure`).
Source: Hotelling (1931), Ann. Math. Stat. 2(3), for T2; average linkage after Sokal & Michener (1958).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist, squareform

from stillwatch.tracing.complementarity import Payloads, without_variants

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNITS_LINKED = 400
"""Units compared pair by pair; others join the nearest pool. Bounds the work at 80,000 pairs."""
ALIKE = 1.8
"""T2 / d below which a unit stays. In one pool the mean is 1, an account's own deviation about 0.16 with heavy tails;
honest users with 25 exchanges each have 1.7 and more. A ring should not lose members by chance."""
ALIKE_IN_A_MIXTURE = 1.5
"""The same where the whole plainly is no single pool, and leaving strangers in would be worse."""
_ROWS_PER_DIRECTION = 6


def pools(rows: Payloads, alike: float) -> Ints:
    """A pool number for each unit 0 .. k-1 of `rows`; units with one number are not distinguishable.

    `alike`: the largest average T2 / d inside a pool, `ALIKE` or `ALIKE_IN_A_MIXTURE`.
    """
    units = int(rows.unit.max()) + 1 if len(rows.unit) else 0
    sizes = np.bincount(rows.unit, minlength=units)
    if units < 3 or len(rows.unit) < 2 * units:
        return np.zeros(units, np.int64)
    scaled = _within_whitened(without_variants(rows), rows.unit, sizes)
    means = _means(scaled, rows.unit, sizes)
    linked = np.sort(np.argsort(-sizes, kind="stable")[:UNITS_LINKED])
    distance = _t2_per_direction(means[linked], sizes[linked])
    joined = fcluster(linkage(distance, "average"), alike, "distance")
    labels = np.zeros(units, np.int64)
    labels[linked] = joined
    if units > len(linked):
        _join_nearest(labels, means, linked, joined)
    return labels


def _within_whitened(rows: Floats, unit: Ints, sizes: Ints) -> Floats:
    """`rows` scaled so that the scatter inside units is the same in every direction kept."""
    inside = rows - _means(rows, unit, sizes)[unit]
    freedom = max(len(rows) - len(sizes), 1)
    values, vectors = np.linalg.eigh(inside.T @ inside / freedom)
    keep = min(len(values), max(2, len(rows) // _ROWS_PER_DIRECTION), int((values > 1e-9).sum()))
    if keep == 0:
        return np.zeros((len(rows), 1))
    return np.asarray(rows @ (vectors[:, -keep:] / np.sqrt(values[-keep:])), np.float64)


def _means(rows: Floats, unit: Ints, sizes: Ints) -> Floats:
    member = csr_matrix((np.ones(len(unit)), (unit, np.arange(len(unit)))), shape=(len(sizes), len(unit)))
    return np.asarray(member @ rows / np.maximum(sizes, 1)[:, None], np.float64)


def _t2_per_direction(means: Floats, sizes: Ints) -> Floats:
    """Condensed matrix of T2 / d between all pairs."""
    squared = squareform(pdist(means, "sqeuclidean"))
    inverse = 1.0 / np.maximum(sizes, 1)
    t2 = squared / (inverse[:, None] + inverse[None, :]) / means.shape[1]
    np.fill_diagonal(t2, 0.0)
    return np.asarray(squareform(t2, checks=False), np.float64)


def _join_nearest(labels: Ints, means: Floats, linked: Ints, joined: Ints) -> None:
    """Give every unit that was not linked the pool with the nearest mean."""
    pool_means = np.stack([means[linked[joined == one]].mean(axis=0) for one in np.unique(joined)])
    rest = np.setdiff1d(np.arange(len(labels)), linked)
    nearest = ((means[rest][:, None, :] - pool_means[None]) ** 2).sum(axis=2).argmin(axis=1)
    labels[rest] = np.unique(joined)[nearest]
