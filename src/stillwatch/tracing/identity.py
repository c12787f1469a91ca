"""Evidence family "infrastructure": units that claim to be strangers and share what strangers do not share.

Each unit is compared with every other of its group that holds one of its cards, keys, addresses or networks, and the
bits of what they agree on are added up (`match_weight`), rare values counting more than common ones
(`term_frequency`). A partner found by a card or key counts whole. Partners found by being neighbours (an address, a
network) count as the mean over all whom the group offers, since among many somebody lives near.

Country is no part of it, nor is the provider's number: where somebody lives is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.holdings import Held, Holdings, holdings
from stillwatch.tracing.match_weight import (
    ADDRESS,
    API_KEY,
    COMPARISONS,
    KINDS,
    LINKING,
    MIXED,
    NETWORK,
    PAYMENT,
    SOLE,
    Comparison,
    Kind,
)
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.term_frequency import TermFrequencies, term_frequencies

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CIRCLE = 256
"""Holders of one value that are compared with each other; of more, those who are most alike otherwise are put together.
Chosen: 32,640 pairs a circle, which take 50 ms; an address or a network that more share is worth nothing anyway."""
MOST_BITS = 20.0
"""Of one unit: a million to one is more than any log's calibration can tell from certainty."""


class Identity:
    """How many bits tie a unit to others of its group, 0 where nothing does; NaN where nothing is known of it."""

    name = "infrastructure"
    kin = Kin.IDENTITY
    columns = ("ts_us", *(kind.column for kind in KINDS if kind is not MIXED))
    null = "The units of the group share cards, keys and addresses as honest units that one search put together do"
    assumption = "Honest groups of the benign log hold as many employers, agencies, campuses and shared carriers"
    weakness = "Separate cards and residential addresses cost an operator little: their absence says nothing"

    def background(self, table: ibis.Table, found: Accounts) -> TermFrequencies:
        return term_frequencies(table, found)

    def scores(self, group: Group, background: TermFrequencies, rng: np.random.Generator) -> Floats:
        """(units,) bits, 0 to `MOST_BITS`; chance plays no part."""
        held = holdings(group, background)
        left, right = partners(held)
        return _strongest(held, left, right, bits(held, left, right))

    def statement(self, group: Group, background: TermFrequencies) -> Evidence | None:
        """How many units share what, how rare it is, and who would do so honestly; None where it ties nobody."""
        score = self.scores(group, background, np.random.default_rng(0))
        tied = score[score > 0.0]
        if not len(tied):
            return None
        held = holdings(group, background)
        shared = [held[kind.name] for kind in LINKING if _is_news(held, kind)]
        detail: dict[str, float | int | str] = {"units": group.units, "tied": len(tied)}
        detail["median_bits"], detail["most_bits"] = round(float(np.median(tied)), 1), round(float(tied.max()), 1)
        for mine in shared:
            detail |= mine.detail()
        said = "; ".join(mine.sentence() for mine in shared)
        tie = (
            f"{len(tied):,} of {group.units:,} accounts or organisations are tied to others of them, by "
            f"{np.median(tied):.1f} bits in the middle"
        )
        return Evidence(self.name, 0.0, f"{tie}: {said}. {_explained(held)}", detail)


def partners(held: Holdings) -> tuple[Ints, Ints]:
    """Pairs of units, left < right, that share a value of a linking kind that is worth anything."""
    units = held[MIXED.name].units
    likeness = _likeness(held)
    found = [pair for kind in LINKING for pair in _pairs(held[kind.name], likeness)]
    pairs = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    return pairs // max(units, 1), pairs % max(units, 1)


def _pairs(held: Held, likeness: Ints) -> Iterator[Ints]:
    """left * units + right of those who share a value, value by value."""
    worth = held.bits > 0
    unit, value = held.unit[worth], held.value[worth]
    order = np.lexsort((unit, likeness[unit], value))
    for holders in np.split(unit[order], np.flatnonzero(np.diff(value[order])) + 1):
        for circle in np.array_split(holders, -(-len(holders) // CIRCLE) or 1):
            one, other = np.triu_indices(len(circle), 1)
            left, right = np.minimum(circle[one], circle[other]), np.maximum(circle[one], circle[other])
            yield left * held.units + right


def _likeness(held: Holdings) -> Ints:
    """(units,) close numbers for units that share program and day, so that circles hold the likeliest partners."""
    first = []
    for name in ("client", "created"):
        mine = held[name]
        lowest = np.full(mine.units, np.iinfo(np.int64).max)
        np.minimum.at(lowest, mine.unit, mine.value)
        first.append(lowest)
    return np.asarray(np.unique(np.stack(first), axis=1, return_inverse=True)[1].ravel(), np.int64)


def bits(held: Holdings, left: Ints, right: Ints) -> Floats:
    """(pairs,) the match weight of each pair of units."""
    total = np.zeros(len(left))
    for comparison in COMPARISONS:
        total += _compared(comparison, held, left, right)
    return total


def _compared(comparison: Comparison, held: Holdings, left: Ints, right: Ints) -> Floats:
    """Bits of the first level that agrees; of disagreement where none does, though both are known."""
    both = np.zeros(len(left), np.bool_)
    worth = np.zeros(len(left))
    open_ = np.ones(len(left), np.bool_)
    for kind in comparison.levels:
        mine = held[kind.name]
        both |= mine.known[left] & mine.known[right]
        agrees, weight = mine.agreement(left, right)
        worth = np.where(open_ & agrees, weight, worth)
        open_ &= ~agrees
    return np.where(open_ & both, comparison.disagreement, worth)


def _strongest(held: Holdings, left: Ints, right: Ints, weight: Floats) -> Floats:
    """(units,) by the best partner with a common card or key, or by the mean odds over all of the group."""
    known = np.logical_or.reduce([held[kind.name].known for kind in LINKING if kind is not MIXED])
    best, odds = np.zeros(len(known)), np.zeros(len(known))
    sole = np.logical_or.reduce([held[kind.name].agreement(left, right)[1] > 0 for kind in SOLE])
    for end in (left, right):
        np.maximum.at(best, end[sole], weight[sole])
        np.add.at(odds, end, np.exp2(weight))
    with np.errstate(divide="ignore"):
        mean = np.log2(odds / max(int(known.sum()) - 1, 1))
    return np.where(known, np.clip(np.maximum(best, mean), 0.0, MOST_BITS), np.nan)


def _is_news(held: Holdings, kind: Kind) -> bool:
    """Whether a kind is shared, and not only because the address is, which lies in one network."""
    mine = held[kind.name]
    return mine.is_shared and not (kind is NETWORK and np.isin(mine.unit, held[ADDRESS.name].unit).all())


def _explained(held: Holdings) -> str:
    """Who would share so honestly."""
    if held[PAYMENT.name].ties:
        return "Innocent if one employer, agency or reseller pays for all of them"
    if held[API_KEY.name].ties:
        return "Innocent if one team has accounts in several organisations, or if a key has leaked"
    return "Innocent if they sit in one campus, office or home, behind one carrier, or with one hosting provider"
