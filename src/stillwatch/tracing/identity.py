"""Evidence family "infrastructure": units that claim to be strangers and share what strangers do not share.

Each unit is compared with every other of its group that holds one of its cards, keys, addresses or networks, and the
bits of what they agree on are added up (`match_weight`), rare values counting more than common ones
(`term_frequency`). A partner found by a card or key counts whole. Partners found by being neighbours (an address, a
network) count as the mean over all whom the group offers, since among many somebody lives near.

Country is no part of it, nor is the provider's number: where somebody lives is no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import ibis
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from stillwatch.evidence import Evidence
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.match_weight import (
    API_KEY,
    CLIENT,
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
from stillwatch.tracing.term_frequency import AT_ONCE, TermFrequencies, term_frequencies

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CIRCLE = 256
"""Holders of one value that are compared with each other; of more, those who are most alike otherwise are put together.
Chosen: 32,640 pairs a circle, which takes about 20 ms."""
MOST_BITS = 20.0
"""Of one unit: a million to one is more than any log's calibration can tell from certainty."""
_US_PER_HOUR = 3_600_000_000
_NAMES = {"payment": "a card", "api_key": "an API key", "address": "an address", "network": "a network"}


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
        shared = [held[kind.name] for kind in LINKING if held[kind.name].is_shared]
        detail: dict[str, float | int | str] = {"units": group.units, "tied": len(tied)}
        detail["median_bits"], detail["most_bits"] = round(float(np.median(tied)), 1), round(float(tied.max()), 1)
        for mine in shared:
            detail |= mine.detail()
        said = "; ".join(mine.sentence() for mine in shared)
        tie = f"{len(tied):,} of {group.units:,} units are tied to others by {np.median(tied):.1f} bits in the middle"
        return Evidence(self.name, 0.0, f"{tie}: {said}. {_explained(held)}", detail)


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
    _, slot = np.unique(np.stack([group.account, hour]), axis=1, return_inverse=True)
    slot = slot.ravel()
    marked = np.ones(int(slot.max(initial=-1)) + 1, np.bool_)
    for kind in (CLIENT, NETWORK):
        value = group.column(kind.column)
        known = value != kind.unknown
        distinct = np.unique(np.stack([slot[known], value[known]]), axis=1)
        marked &= np.bincount(distinct[0], minlength=len(marked)) >= AT_ONCE
    return np.asarray(np.isin(group.account, group.account[marked[slot]]), np.bool_)


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


def _explained(held: Holdings) -> str:
    """Who would share so honestly."""
    if held[PAYMENT.name].is_shared:
        return "Innocent if one employer, agency or reseller pays for all of them"
    if held[API_KEY.name].is_shared:
        return "Innocent if one team has accounts in several organisations, or if a key has leaked"
    return "Innocent if they sit in one campus, office or home, behind one carrier, or with one hosting provider"
