"""One skeleton, several pools: the users of a tool apart from a campaign that uses the same tool."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.judgement import UNITS_AT_LEAST
from stillwatch.campaigns.measure import payloads, some_units
from stillwatch.tracing.complementarity import Payloads, measure
from stillwatch.tracing.pools import ALIKE, ALIKE_IN_A_MIXTURE, pools
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]


def split(
    candidate: Candidate, carried: Carried, found: Accounts, rng: np.random.Generator
) -> list[tuple[Candidate, Carried]]:
    """The candidate in parts that each draw from one pool, and the rest: units with subjects of their own.

    A part needs `UNITS_AT_LEAST` units that can be shown to be interchangeable, else it goes to the rest, as do units
    of which no kept exchange carries the skeleton. Without such a part the candidate stays whole.
    """
    units, unit = np.unique(found.unit[carried.account], return_inverse=True)
    if len(units) < UNITS_AT_LEAST:
        return [(candidate, carried)]
    rows = payloads(carried, candidate, unit.astype(np.int64))
    is_mixture = measure(some_units(rows, rng), rng).is_different
    label = pools(rows, ALIKE_IN_A_MIXTURE if is_mixture else ALIKE)
    unit_of = found.unit[candidate.accounts]
    parts: list[tuple[Candidate, Carried]] = []
    taken = np.zeros(len(candidate.accounts), bool)
    for pool in _large(label):
        if is_mixture and not _is_one_pool(rows, label == pool, rng):
            continue
        mine = np.isin(unit_of, units[label == pool])
        taken |= mine
        parts.append(_part(candidate, carried, mine, len(parts) + 1))
    if not parts:
        return [(candidate, carried)]
    return parts if taken.all() else [*parts, _part(candidate, carried, ~taken, 0)]


def _large(label: Ints) -> list[int]:
    """Pools with enough units, the largest first."""
    numbers, sizes = np.unique(label, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    return [int(numbers[i]) for i in order if sizes[i] >= UNITS_AT_LEAST]


def _is_one_pool(rows: Payloads, chosen: NDArray[np.bool_], rng: np.random.Generator) -> bool:
    """Whether the chosen units are interchangeable among themselves, shown and not only not refuted."""
    kept = chosen[rows.unit]
    _, closed = np.unique(rows.unit[kept], return_inverse=True)
    some = Payloads(closed.astype(np.int64), rows.projection[kept], rows.payload[kept], rows.variant[kept])
    return measure(some_units(some, rng), rng).is_interchangeable


def _part(candidate: Candidate, carried: Carried, mine: NDArray[np.bool_], pool: int) -> tuple[Candidate, Carried]:
    accounts = candidate.accounts[mine]
    return Candidate(accounts, candidate.keys, candidate.templates, pool), carried.of(accounts)
