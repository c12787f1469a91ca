"""What the units of one group hold in common: pairs of unit and identifier, and what agreeing on each is worth.

Only values that two units of the group share are kept; how many a unit holds in all is counted. Known weakness: where
an account sent very many exchanges, the group has some of them, and misses what it showed in the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from stillwatch.tracing.family import Group
from stillwatch.tracing.match_weight import CLIENT, KINDS, MIXED, NETWORK, Kind
from stillwatch.tracing.term_frequency import AT_ONCE, TermFrequencies

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_US_PER_HOUR = 3_600_000_000
_NAMES = {"payment": "a card", "api_key": "an API key", "address": "an address", "network": "a network"}


@dataclass(frozen=True)
class Held:
    """Who holds which values of one kind in a group. `unit` and `value` are pairs that another unit shares."""

    kind: Kind
    units: int
    known: Bools  # (units,)
    size: Ints  # (units,) distinct values of each, shared or not
    unit: Ints  # (pairs,)
    value: Ints  # (pairs,) dense number of the value
    bits: Floats  # (pairs,) what agreeing on it is worth
    holders: Ints  # (pairs,) units of the whole log that hold it

    @property
    def is_shared(self) -> bool:
        return len(self.unit) > 0

    @property
    def ties(self) -> bool:
        """Whether something is shared that is worth anything."""
        return bool((self.bits > 0.0).any())

    @property
    def sharing(self) -> int:
        """Units that share a value with another one."""
        return len(np.unique(self.unit))

    def detail(self) -> dict[str, float | int | str]:
        name = self.kind.name
        return {
            f"{name}_known": int(self.known.sum()),
            f"{name}_sharing": self.sharing,
            f"{name}_bits": round(float(self.bits.max()), 1),
        }

    def sentence(self) -> str:
        """How many share it, and how rare it is; numbers of the rarest and the commonest value."""
        if self.kind is MIXED:
            return f"{self.sharing:,} are used from {AT_ONCE} or more programs and networks inside one hour"
        rarest, commonest = int(self.holders.min()), int(self.holders.max())
        holders = f"{rarest:,}" if rarest == commonest else f"{rarest:,} to {commonest:,}"
        least, most = f"{self.bits.min():.1f}", f"{self.bits.max():.1f}"
        weight = most if least == most else f"{least} to {most}"
        return (
            f"{self.sharing:,} of {int(self.known.sum()):,} use {_NAMES[self.kind.name]} that another of them uses, "
            f"known from {holders} units of the log ({weight} bits)"
        )

    @cached_property
    def matrices(self) -> tuple[csr_matrix, csr_matrix]:
        """Units by values: 1 + bits, and ones. The 1 tells agreeing on a worthless value from not agreeing."""
        shape = (self.units, int(self.value.max(initial=-1)) + 1)
        of = (self.unit, self.value)
        return csr_matrix((1.0 + self.bits, of), shape), csr_matrix((np.ones(len(self.unit)), of), shape)

    def agreement(self, left: Ints, right: Ints) -> tuple[Bools, Floats]:
        """Whether pairs of units share a value, and the bits of the rarest that they share.

        Who holds many values has many chances to share one: u grows by the number that the poorer of the two holds.
        """
        if not self.is_shared:
            return np.zeros(len(left), np.bool_), np.zeros(len(left))
        weights, ones = self.matrices
        rarest = weights[left].multiply(ones[right]).max(axis=1).toarray().ravel()
        chances = np.log2(np.maximum(np.minimum(self.size[left], self.size[right]), 1))
        return rarest > 0.0, np.maximum(rarest - 1.0 - chances, 0.0)


Holdings = Mapping[str, Held]
"""By name of the kind."""


def holdings(group: Group, background: TermFrequencies) -> Holdings:
    """What the units of a group hold of each kind."""
    columns = {kind.name: group.column(kind.column) for kind in KINDS if kind is not MIXED}
    columns[MIXED.name] = _is_mixed(group).astype(np.int64)
    return {kind.name: _held(kind, group, columns[kind.name], background) for kind in KINDS}


def _held(kind: Kind, group: Group, values: Ints, background: TermFrequencies) -> Held:
    is_known = values != kind.unknown
    distinct, dense = np.unique(values[is_known], return_inverse=True)
    pairs = np.unique(dense * max(group.units, 1) + group.unit[is_known])
    value, unit = pairs // max(group.units, 1), pairs % max(group.units, 1)
    size = np.bincount(unit, minlength=group.units)
    inside = np.bincount(value, minlength=len(distinct))
    both = inside[value] > 1
    frequency = background[kind.name]
    # A group may hold what the log's own counts lack: it is as common as it is here at least.
    holders = np.maximum(frequency.of(distinct), inside)
    weight = kind.agreement(holders, frequency.scale(kind))
    taken = value[both]
    return Held(kind, group.units, size > 0, size, unit[both], taken, weight[taken], holders[taken])


def _is_mixed(group: Group) -> Bools:
    """(n,) whether the row is of an account that is used as a proxy is (`term_frequency.AT_ONCE`)."""
    hour = group.column("ts_us") // _US_PER_HOUR
    slot = _pairs_of(group.account, hour)
    marked = np.ones(int(slot.max(initial=-1)) + 1, np.bool_)
    for kind in (CLIENT, NETWORK):
        value = group.column(kind.column)
        known = value != kind.unknown
        _, first = np.unique(_pairs_of(slot[known], value[known]), return_index=True)
        marked &= np.bincount(slot[known][first], minlength=len(marked)) >= AT_ONCE
    return np.asarray(np.isin(group.account, group.account[marked[slot]]), np.bool_)


def _pairs_of(one: Ints, other: Ints) -> Ints:
    """(n,) a dense number for each distinct pair."""
    dense, values = (np.unique(column, return_inverse=True)[1] for column in (one, other))
    number = dense * (int(values.max(initial=0)) + 1) + values
    return np.asarray(np.unique(number, return_inverse=True)[1], np.int64)
