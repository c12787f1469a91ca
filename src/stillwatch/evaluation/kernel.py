"""Maximum mean discrepancy with a Gaussian kernel on the projections of sketches.

Source: Gretton, Borgwardt, Rasch, Schoelkopf & Smola (2012), JMLR 13, equations 3 and 5, and section 8 for the median
heuristic. Rows are scaled to length 1 first, as embeddings are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MEDIAN_ROWS = 500


def unit_rows(projection: NDArray[np.int8]) -> Floats:
    """Rows of length 1; those without any text stay 0."""
    rows = projection.astype(np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), np.float32)


def squared_distances(left: Floats, right: Floats) -> Floats:
    """(n, m) squared Euclidean distances."""
    both = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * left @ right.T
    return np.asarray(np.maximum(both, 0), np.float32)


@dataclass(frozen=True)
class Discrepancy:
    """MMD against fixed reference rows; the bandwidth is the median distance between them."""

    reference: Floats  # (m, d)
    bandwidth: float
    inside: float  # mean kernel between two different reference rows

    @classmethod
    def to(cls, reference: Floats) -> Discrepancy:
        """Against these rows, at least two."""
        some = squared_distances(reference[:_MEDIAN_ROWS], reference[:_MEDIAN_ROWS])
        apart = some[np.triu_indices(len(some), 1)]
        bandwidth = float(np.sqrt(np.median(apart))) or 1.0
        kernel = _gauss(squared_distances(reference, reference), bandwidth)
        count = len(reference)
        return cls(reference, bandwidth, float((kernel.sum() - np.trace(kernel)) / (count * (count - 1))))

    def kernel(self, left: Floats, right: Floats) -> Floats:
        return _gauss(squared_distances(left, right), self.bandwidth)

    def unbiased(self, rows: Floats) -> float:
        """The unbiased estimate of MMD^2 between `rows`, at least two, and the reference: its mean does not depend on
        how many rows there are."""
        own = self.kernel(rows, rows)
        count = len(rows)
        among = float((own.sum() - np.trace(own)) / (count * (count - 1)))
        return among + self.inside - 2 * float(self.kernel(rows, self.reference).mean())


def _gauss(squared: Floats, bandwidth: float) -> Floats:
    return np.asarray(np.exp(-squared / (2 * bandwidth**2)), np.float32)
