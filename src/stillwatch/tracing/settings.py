"""How requests are set: attributes in which units of one operator agree, and how many units of a log use each value.

The whole tuple of parameters is one attribute, and single ones are others, so that who changes one of them still agrees
in the rest. Null values mean what the sketch means by them: not given.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import Flag
from stillwatch.tracing.family import Group

Ints = NDArray[np.int64]

FORM_FLAGS = (
    Flag.OPERATION
    | Flag.STREAM
    | Flag.LOGPROBS
    | Flag.LOGIT_BIAS
    | Flag.SEED
    | Flag.STOP
    | Flag.REASONING
    | Flag.TOOL_FORCED
    | Flag.SYSTEM
    | Flag.JSON_ANSWER
    | Flag.SCHEMA_ANSWER
    | Flag.CLOSED_SCHEMA
    | Flag.OPEN_SCHEMA
    | Flag.ENDS_WITH_ASSISTANT
)
"""Flags that a program sets; not those that a dialogue grows into, nor what the log knew, nor how it ended."""
SINGLE = ("max_tokens", "temperature", "choices", "tools")
ATTRIBUTES = ("parameters", "form", *SINGLE)
SETTINGS_COLUMNS = ("parameters", "flags", *SINGLE)
"""Of the sketch, that `values_of` reads."""
_USED_AT_LEAST = 2  # exchanges of a unit with one tuple: what is never repeated is no habit, and tables stay small


@dataclass(frozen=True)
class Usage:
    """How many units use a value of an attribute; those that one unit alone uses are left out.

    Sorted by attribute and value; `units`: of the log.
    """

    attribute: Ints
    value: Ints
    used_by: Ints
    units: int

    def units_with(self, attribute: int, values: Ints) -> Ints:
        """How many units use each of `values`, 0 where it is not known."""
        first, last = np.searchsorted(self.attribute, [attribute, attribute + 1])
        known, count = self.value[first:last], self.used_by[first:last]
        if len(known) == 0:
            return np.zeros(len(values), np.int64)
        at = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[at] == values, count[at], 0)


def values_of(group: Group) -> list[Ints]:
    """The value of each exchange in each of `ATTRIBUTES`."""
    return [group.column("parameters"), group.column("flags") & FORM_FLAGS, *(group.column(name) for name in SINGLE)]


def usage(table: ibis.Table, units: int) -> Usage:
    """Count on the table's engine; `units`: how many the log has."""
    habits = _habits(table)  # one common table expression, which engines work out once
    parts = [_users(habits, place, name) for place, name in enumerate(ATTRIBUTES)]
    rows = ibis.union(*parts).to_pyarrow().sort_by([("attribute", "ascending"), ("value", "ascending")])
    column = {name: rows.column(name).to_numpy().astype(np.int64) for name in rows.column_names}
    return Usage(column["attribute"], column["value"], column["used_by"], units)


def _habits(table: ibis.Table) -> ibis.Table:
    """Distinct settings of each unit: a row for each tuple that an account used more than once."""
    columns = {name: table[name].cast("int64") for name in ("parameters", *SINGLE)}
    named = table.select(
        # An organisation's pseudonym and an account's are keyed apart: the same number for both is chance.
        unit=ibis.ifelse(table.organization != 0, table.organization, table.account),
        form=(table.flags & FORM_FLAGS).cast("int64"),
        **columns,
    )
    keys = ("unit", *ATTRIBUTES)
    counted = named.group_by(*keys).aggregate(used=named.count())
    return counted.filter(counted.used >= _USED_AT_LEAST).select(*keys)


def _users(habits: ibis.Table, place: int, name: str) -> ibis.Table:
    pairs = habits.select("unit", value=habits[name]).distinct()
    counted = pairs.group_by("value").aggregate(used_by=pairs.count().cast("int64"))
    shared = counted.filter(counted.used_by >= 2)  # what one unit alone uses is known to be rare without a row
    return shared.select("value", "used_by", attribute=ibis.literal(place, "int64"))
