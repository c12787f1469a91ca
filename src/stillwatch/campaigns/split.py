"""Strangers who use the same tool as a campaign, told apart from it.

Known weakness: a campaign that is a minority among the users of a popular tool stays hidden in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.judgement import UNITS_AT_LEAST
from stillwatch.campaigns.measure import payloads, some_units
from stillwatch.tracing.complementarity import Payloads, keeps_to_itself, measure
from stillwatch.tracing.infrastructure import linked_units
from stillwatch.tracing.pools import ALIKE, ALIKE_IN_A_MIXTURE, pools
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]

_PARTS = 10  # more than the numbers that parts are given below
_SEVERAL = 3  # conversations: one or two are an accident
_RARELY = 0.1  # of the usual number of conversations
FEW = 0.2  # of the units: more of them are no strangers in the group, they are what it is


def split(
    candidate: Candidate, carried: Carried, found: Accounts, rng: np.random.Generator
) -> list[tuple[Candidate, Carried]]:
    """The candidate as it is, or its parts.

    Who says very rarely what the others say often stands apart: a phrase in common makes nobody part of a ring.
    A few units that come back to their own turns, as nobody else here does, work for themselves and stand apart; they
    would make the whole look so. Then the one pool that most of the units draw from, and the rest. The pool needs at
    least half of them: smaller ones can always be found among strangers if one looks for them. Where a mixture cannot
    be divided so, the units that share cards with each other, `UNITS_AT_LEAST` or more together, stand apart: who else
    uses their tool says nothing for them.

    No two parts have one number, nor have parts of the two halves that `candidates.with_pools` makes of a wrapper.
    """
    return _numbered(candidate.pool, _taken_apart(candidate, carried, found, rng))


def _numbered(whole: int, parts: Sequence[tuple[Candidate, Carried]]) -> list[tuple[Candidate, Carried]]:
    """Entries of a report are named by these numbers, 0 and 1 alike: a part of a part gets one of its own."""
    named: dict[int, tuple[Candidate, Carried]] = {}
    for part, carried in parts:
        number = part.pool if whole <= 1 or part.pool == whole else whole * _PARTS + part.pool
        while number in named:
            number += _PARTS**2
        named[number] = (replace(part, pool=number), carried)
    return list(named.values())


def _taken_apart(
    candidate: Candidate, carried: Carried, found: Accounts, rng: np.random.Generator
) -> list[tuple[Candidate, Carried]]:
    units, unit = np.unique(found.unit[carried.account], return_inverse=True)
    if len(units) < UNITS_AT_LEAST or not len(candidate.keys):
        return [(candidate, carried)]
    rows = payloads(carried, unit.astype(np.int64))
    rarely = _rarely(np.bincount(rows.unit, minlength=len(units)))
    if rarely.any() and (~rarely).sum() >= UNITS_AT_LEAST:
        aside = np.isin(found.unit[candidate.accounts], units[rarely])
        return _apart(candidate, carried, aside, 8, found, rng, says_it_rarely=True)
    own = keeps_to_itself(rows)
    if 0 < own.sum() <= FEW * len(units) and (~own).sum() >= UNITS_AT_LEAST:
        return _apart(candidate, carried, np.isin(found.unit[candidate.accounts], units[own]), 5, found, rng)
    is_mixture = measure(some_units(rows, rng), rng).is_different
    chosen = _largest_pool(rows, is_mixture=is_mixture)
    if chosen.all() or (chosen.sum() >= max(UNITS_AT_LEAST, len(units) / 2) and not is_mixture):
        return _parts(candidate, carried, np.isin(found.unit[candidate.accounts], units[chosen]), 1)
    if chosen.sum() >= max(UNITS_AT_LEAST, len(units) / 2) and _is_one_pool(rows, chosen, rng):
        return _parts(candidate, carried, np.isin(found.unit[candidate.accounts], units[chosen]), 1)
    if not is_mixture:
        return [(candidate, carried)]
    return _parts(candidate, carried, np.isin(found.unit[candidate.accounts], units[_by_card(carried, unit)]), 3)


def _rarely(conversations: Ints) -> NDArray[np.bool_]:
    """Units that carry the skeleton in hardly any conversation, where the others do in many. (units,)"""
    usual = float(np.median(conversations))
    few = conversations < max(_SEVERAL, _RARELY * usual)
    return few if usual >= 2 * _SEVERAL else np.zeros(len(conversations), bool)


def _apart(
    candidate: Candidate,
    carried: Carried,
    aside: NDArray[np.bool_],
    pool: int,
    found: Accounts,
    rng: np.random.Generator,
    *,
    says_it_rarely: bool = False,
) -> list[tuple[Candidate, Carried]]:
    """Some accounts as a part of their own, after whatever the others split into."""
    others = _part(candidate, carried, ~aside, candidate.pool)
    apart, sent = _part(candidate, carried, aside, pool)
    return [*_taken_apart(*others, found, rng), (replace(apart, says_it_rarely=says_it_rarely), sent)]


def _largest_pool(rows: Payloads, *, is_mixture: bool) -> NDArray[np.bool_]:
    label = pools(rows, ALIKE_IN_A_MIXTURE if is_mixture else ALIKE)
    return np.asarray(label == np.bincount(label).argmax(), np.bool_)


def _by_card(carried: Carried, unit: Ints) -> NDArray[np.bool_]:
    """The units that share a payment instrument with each other, several together."""
    _, label, size = np.unique(
        linked_units(unit, carried.columns["payment"].astype(np.int64)), return_inverse=True, return_counts=True
    )
    return np.asarray(size[label] >= UNITS_AT_LEAST, np.bool_)


def _parts(
    candidate: Candidate, carried: Carried, mine: NDArray[np.bool_], pool: int
) -> list[tuple[Candidate, Carried]]:
    """These accounts and the others, where there are both."""
    if mine.all() or not mine.any():
        return [(candidate, carried)]
    return [_part(candidate, carried, mine, pool), _part(candidate, carried, ~mine, pool + 1)]


def _is_one_pool(rows: Payloads, chosen: NDArray[np.bool_], rng: np.random.Generator) -> bool:
    """Whether the chosen units are interchangeable among themselves, shown and not only not refuted."""
    kept = chosen[rows.unit]
    _, closed = np.unique(rows.unit[kept], return_inverse=True)
    some = Payloads(closed.astype(np.int64), rows.projection[kept], rows.payload[kept], rows.variant[kept])
    return measure(some_units(some, rng), rng).is_interchangeable


def _part(candidate: Candidate, carried: Carried, mine: NDArray[np.bool_], pool: int) -> tuple[Candidate, Carried]:
    accounts = candidate.accounts[mine]
    return Candidate(accounts, candidate.keys, candidate.templates, pool), carried.of(accounts)
