"""Shared cards and addresses of a group, counted in units: what the judgement's rules read.

Counts the units of a group that share a payment instrument, an address or a network with another unit, beside how
often units of the whole population do. How much each agreement weighs, rare ones more than common ones, is the family's
business (`identity`). Known weakness: separate cards and residential addresses cost an operator little; their absence
says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]

KINDS = ("payment", "ip", "network")
_STRONG = ("payment", "ip")
STRONG_SHARE = 0.2  # of the group's units share it with another of them
STRONG_LIFT = 5.0  # times the population's rate


@dataclass(frozen=True, slots=True)
class Shared:
    """One kind of identifier in one group: how many of its units share theirs with another unit of the group."""

    kind: str
    known: int  # units with a known identifier
    sharing: int
    population_rate: float

    @property
    def rate(self) -> float:
        return self.sharing / self.known if self.known else 0.0

    @property
    def is_strong(self) -> bool:
        if self.kind not in _STRONG or self.sharing < 2:
            return False
        return self.rate >= STRONG_SHARE and self.rate >= STRONG_LIFT * self.population_rate


def shared(kind: str, unit: Ints, identifier: Ints, population_rate: float) -> Shared:
    """Count one kind in a group. `unit`, `identifier`: (n,) one row per distinct pair at least; 0 = unknown."""
    known, sharing = sharing_units(unit, identifier)
    return Shared(kind, known, sharing, population_rate)


def linked_units(unit: Ints, identifier: Ints) -> Ints:
    """A label for each unit 0 .. k-1: equal where common identifiers link units, step by step.

    `unit`, `identifier`: (n,); 0 = unknown.
    """
    known = identifier != 0
    order = np.lexsort((unit[known], identifier[known]))
    item, who = identifier[known][order], unit[known][order]
    same = item[1:] == item[:-1]
    units = int(unit.max()) + 1
    graph = csr_matrix((np.ones(int(same.sum()), np.int8), (who[:-1][same], who[1:][same])), shape=(units, units))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def sharing_units(unit: Ints, identifier: Ints) -> tuple[int, int]:
    """How many units have a known identifier, and how many of them one in common with another unit."""
    known = identifier != 0
    if not known.any():
        return 0, 0
    _, item = np.unique(identifier[known], return_inverse=True)
    units = int(unit.max()) + 1
    pairs = np.unique(item * units + unit[known])
    item, user = pairs // units, pairs % units
    return len(np.unique(user)), len(np.unique(user[np.bincount(item)[item] > 1]))
