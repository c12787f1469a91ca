"""Strangers who use the same tool as a campaign, told apart from it.

Known weakness: a campaign that is a minority among the users of a popular tool stays hidden in them.
"""

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
    """The candidate as it is, or the one pool that most of its units draw from, and the rest.

    The pool needs `UNITS_AT_LEAST` units and at least half of all: smaller ones can always be found among strangers
    if one looks for them. The rest have subjects of their own, or no kept exchange that carries the skeleton.
    """
    units, unit = np.unique(found.unit[carried.account], return_inverse=True)
    if len(units) < UNITS_AT_LEAST:
        return [(candidate, carried)]
    rows = payloads(carried, unit.astype(np.int64))
    is_mixture = measure(some_units(rows, rng), rng).is_different
    label = pools(rows, ALIKE_IN_A_MIXTURE if is_mixture else ALIKE)
    chosen = label == np.bincount(label).argmax()
    mine = np.isin(found.unit[candidate.accounts], units[chosen])
    if chosen.sum() < max(UNITS_AT_LEAST, len(units) / 2) or mine.all():
        return [(candidate, carried)]
    if is_mixture and not _is_one_pool(rows, chosen, rng):
        return [(candidate, carried)]
    return [_part(candidate, carried, mine, 1), _part(candidate, carried, ~mine, 2)]


def _is_one_pool(rows: Payloads, chosen: NDArray[np.bool_], rng: np.random.Generator) -> bool:
    """Whether the chosen units are interchangeable among themselves, shown and not only not refuted."""
    kept = chosen[rows.unit]
    _, closed = np.unique(rows.unit[kept], return_inverse=True)
    some = Payloads(closed.astype(np.int64), rows.projection[kept], rows.payload[kept], rows.variant[kept])
    return measure(some_units(some, rng), rng).is_interchangeable


def _part(candidate: Candidate, carried: Carried, mine: NDArray[np.bool_], pool: int) -> tuple[Candidate, Carried]:
    accounts = candidate.accounts[mine]
    return Candidate(accounts, candidate.keys, candidate.templates, pool), carried.of(accounts)
