"""How common each identifier is: by how many units it is held, and how many units show one of its kind at all.

Counted by the table's engine over distinct pairs of account and value, and only values of two units or more come back:
all others are held by one. Term frequencies count units, not exchanges, so that nobody makes an identifier common by
using it often.

Known weakness: a campaign's own identifiers are counted with it. That makes them weigh less, never more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.tracing.match_weight import CLIENT, KINDS, MIXED, NETWORK, Kind
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

AT_ONCE = 3
"""Programs, and networks, of one account inside one hour that mark it: a person has a browser and a telephone."""
IN_THE_LOG = tuple(kind for kind in KINDS if kind is not MIXED)


@dataclass(frozen=True)
class Frequencies:
    """How common the values of one kind are. `values` is sorted; one that is not among them has one holder."""

    values: Ints
    holders: Ints
    known: int  # units that show a value of the kind

    def of(self, values: Ints) -> Ints:
        """How many units hold each value; at least one."""
        if not len(self.values):
            return np.ones(len(values), np.int64)
        at = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
        return np.where(self.values[at] == values, self.holders[at], 1)

    @property
    def identify(self) -> bool:
        """Whether most units have their values for themselves."""
        return 2 * int(self.holders.sum()) <= self.known

    def scale(self, kind: Kind) -> int:
        """What holders of this kind are divided by: its own scale where values identify, else at most the units."""
        known = max(self.known, 1)
        if kind.scale is None:
            return known
        return kind.scale if self.identify else min(kind.scale, known)


TermFrequencies = Mapping[str, Frequencies]
"""By name of the kind."""


def term_frequencies(table: ibis.Table, found: Accounts) -> TermFrequencies:
    """Count every kind's values over the units of `found`, the accounts of `table`."""
    unit_of = ibis.memtable(pa.table({"account": found.account, "unit": found.unit}))
    known = _known(table, found)
    counted = {kind.name: _frequencies(table, kind, unit_of, known[kind.name]) for kind in IN_THE_LOG}
    marked = mixed_accounts(table).to_pyarrow().column("account").to_numpy()
    units = len(np.unique(found.unit[found.index(marked)]))
    value, holders = (np.array([1]), np.array([units])) if units > 1 else (np.empty(0, np.int64),) * 2
    return counted | {MIXED.name: Frequencies(value, holders, known[CLIENT.name])}


def _known(table: ibis.Table, found: Accounts) -> dict[str, int]:
    """How many units show a value of each kind."""
    shown = {kind.name: is_known(table, kind).any() for kind in IN_THE_LOG}
    arrow = table.group_by("account").aggregate(**shown).to_pyarrow()
    unit = found.unit[found.index(arrow.column("account").to_numpy())]
    return {name: len(np.unique(unit[arrow.column(name).to_numpy(zero_copy_only=False)])) for name in shown}


def _frequencies(table: ibis.Table, kind: Kind, unit_of: ibis.Table, known: int) -> Frequencies:
    pairs = _values(table, kind).join(unit_of, "account").select("unit", "value").distinct()
    held = pairs.group_by("value").aggregate(holders=pairs.count())
    arrow = held.filter(held.holders > 1).order_by("value").to_pyarrow()
    values, holders = (arrow.column(name).to_numpy().astype(np.int64) for name in ("value", "holders"))
    return Frequencies(values, holders, known)


def _values(table: ibis.Table, kind: Kind) -> ibis.Table:
    """Distinct pairs of account and value."""
    known = table.filter(is_known(table, kind))
    return known.select("account", value=known[kind.column].cast("int64")).distinct()


def is_known(table: ibis.Table, kind: Kind) -> ibis.expr.types.BooleanValue:
    return table[kind.column] != kind.unknown


def mixed_accounts(table: ibis.Table) -> ibis.Table:
    """Accounts used from many programs and many networks inside one hour.

    Hours are looked at only where an account has so many in all, which few have.
    """
    rows = table
    for kind in (CLIENT, NETWORK):
        rows = rows.semi_join(_with_many(_values(table, kind), "account"), "account")
    hours = [
        _with_many(rows.filter(is_known(rows, kind)).select("account", "day", "hour", kind.column).distinct(), *_HOUR)
        for kind in (CLIENT, NETWORK)
    ]
    return hours[0].join(hours[1], _HOUR).select("account").distinct()


_HOUR = ("account", "day", "hour")


def _with_many(distinct: ibis.Table, *keys: str) -> ibis.Table:
    """The keys that have `AT_ONCE` distinct rows or more."""
    counted = distinct.group_by(*keys).aggregate(values=distinct.count())
    return counted.filter(counted["values"] >= AT_ONCE).select(*keys)
