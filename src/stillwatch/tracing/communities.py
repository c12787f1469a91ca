"""Groups of things that go together: Leiden communities of a weighted graph, and fair samples that keep it in bounds.

Source: Traag, Waltman & van Eck (2019), "From Louvain to Leiden: guaranteeing well-connected communities", section
"Leiden algorithm"; the constant Potts model, whose resolution is the least density of a community.
"""

from __future__ import annotations

import igraph
import leidenalg
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SEED = 1
_PAIRS_AT_MOST = 20_000_000  # cells squared per column of an incidence: bounds the memory of its pairs


def communities(size: int, left: Ints, right: Ints, weight: Floats, resolution: float) -> list[Ints]:
    """Communities of the nodes 0 .. size - 1, each ascending; edges below `resolution` hold nothing together."""
    keep = weight >= resolution
    graph = igraph.Graph(n=size, edges=np.stack([left[keep], right[keep]], axis=1))
    partition = leidenalg.find_partition(
        graph,
        leidenalg.CPMVertexPartition,
        weights=weight[keep].tolist(),
        resolution_parameter=resolution,
        seed=_SEED,
        n_iterations=-1,
    )
    return [np.array(sorted(group), np.int64) for group in partition]


def that_come_together(cells: csr_matrix, resolution: float) -> list[Ints]:
    """Communities of the rows of a 0/1 matrix, by the Jaccard similarity of their sets of columns."""
    sampled = _some_columns(cells)
    both = coo_matrix(sampled @ sampled.T)
    held = np.asarray(sampled.sum(axis=1)).ravel()
    upper = both.row < both.col
    left, right, count = both.row[upper], both.col[upper], both.data[upper]
    return communities(cells.shape[0], left, right, count / (held[left] + held[right] - count), resolution)


def _some_columns(cells: csr_matrix) -> csr_matrix:
    """Fewer columns where their cells squared would not fit; the similarity of sets survives a fair sample."""
    by_column = cells.T.tocsr()
    filled = np.diff(by_column.indptr).astype(np.int64)
    order = np.random.default_rng(_SEED).permutation(len(filled))
    kept = order[np.cumsum(filled[order] ** 2) <= _PAIRS_AT_MOST]
    return cells if len(kept) == len(filled) else by_column[np.sort(kept)].T.tocsr()
