"""Which ring of this look is which known campaign: by accounts in common, and by wrapper where accounts are all new.

One known campaign gets at most one ring and the other way round, by one assignment over all (Kuhn's, from SciPy): a
greedy choice depends on the order in which rings are looked at. As many of the foremost campaigns as possible find a
ring (active before dormant before merged, the elder before the younger), and among such assignments the one with most
accounts in common is taken, so of two parts the larger keeps the id and of two that merge the elder.

An account that several rings of the look hold counts in each for one over their number: a hub links nobody.

Blind to: a campaign that changes more than half of its accounts and half of its wrapper between two looks; it gets a
new id. Two operators with one published wrapper who alternate are taken for one that comes back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

SAME_RING = 0.5
"""Share of the smaller side's accounts that both have: a ring with half of its accounts replaced is still the same."""
SAME_WRAPPER = 0.5
"""Share of the smaller side's skeleton values that both have; min-hash slots agree as often as the texts do."""
VALUES_AT_LEAST = 3
"""Skeleton values in common that make a wrapper: one or two may be a stock phrase."""

_DIGITS = 9  # sums of shares that should be equal differ by rounding: ties are compared at so many digits

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alike:
    """What known campaigns (rows) and rings (columns) have in common.

    `common`: weight in common; `of_known`, `of_ring`: as a share of each side. All (known, rings).
    """

    common: Floats
    of_known: Floats
    of_ring: Floats

    @property
    def of_smaller(self) -> Floats:
        return np.maximum(self.of_known, self.of_ring)


@dataclass(frozen=True, slots=True)
class Matched:
    """`known_of`: for each ring the campaign that it is, None if new. The others are related and are not the same.

    `by_wrapper`: rings that were recognised by their skeleton alone. `part_of`: rings most of which was in a campaign
    that is now another ring. `merged_into`: known campaigns most of which are now in another campaign's ring.
    """

    known_of: tuple[int | None, ...]
    by_wrapper: frozenset[int]
    part_of: Mapping[int, int]
    merged_into: Mapping[int, int]


def match(
    known: Sequence[tuple[frozenset[str], frozenset[str]]], rings: Sequence[tuple[frozenset[str], frozenset[str]]]
) -> Matched:
    """Match known campaigns, the foremost first, with rings; both as (accounts, skeleton values).

    Ties fall to rings that stand first, so give both in an order that does not depend on how they were found.
    """
    people = in_common([one for one, _ in known], [one for one, _ in rings], _shares([one for one, _ in rings]))
    near = people.of_smaller >= SAME_RING
    known_of = _assigned(near, people.common, foremost_first=True)
    wrappers = in_common([one for _, one in known], [one for _, one in rings], {})
    unseen = ~np.logical_or.outer(near.any(axis=1), near.any(axis=0))
    same_wrapper = unseen & (wrappers.of_smaller >= SAME_WRAPPER) & (wrappers.common >= VALUES_AT_LEAST)
    returned = _assigned(same_wrapper, wrappers.common, foremost_first=False)
    part_of = _largest(near & (people.of_ring >= SAME_RING), people.common)
    part_of |= _largest(same_wrapper, wrappers.common)
    both = {**returned, **known_of}
    merged = _largest((near & (people.of_known >= SAME_RING)).T, people.common.T)
    taken = set(both.values())
    return Matched(
        tuple(both.get(ring) for ring in range(len(rings))),
        frozenset(returned) | {ring for ring in part_of if same_wrapper[:, ring].any() and ring not in both},
        {ring: one for ring, one in part_of.items() if ring not in both},
        {one: ring for one, ring in merged.items() if one not in taken},
    )


def in_common(known: Sequence[frozenset[str]], rings: Sequence[frozenset[str]], weight: Mapping[str, float]) -> Alike:
    """Overlaps of all pairs, by one pass over the members; a member without a weight counts 1."""
    holders: dict[str, list[int]] = defaultdict(list)
    for place, ring in enumerate(rings):
        for member in ring:
            holders[member].append(place)
    common = np.zeros((len(known), len(rings)), np.float64)
    for row, one in enumerate(known):
        for member in one:
            for place in holders.get(member, ()):
                common[row, place] += weight.get(member, 1.0)
    common = common.round(_DIGITS)
    sizes = [np.array([sum(weight.get(m, 1.0) for m in one) for one in side], np.float64) for side in (known, rings)]
    floor = [np.maximum(size, 1e-12) for size in sizes]  # an empty side has nothing in common with anybody
    return Alike(common, (common / floor[0][:, None]).round(_DIGITS), (common / floor[1][None, :]).round(_DIGITS))


def _shares(rings: Sequence[frozenset[str]]) -> dict[str, float]:
    held = Counter(member for ring in rings for member in ring)
    return {member: 1.0 / count for member, count in held.items() if count > 1}


def _assigned(allowed: NDArray[np.bool_], common: Floats, *, foremost_first: bool) -> dict[int, int]:
    """Ring to known campaign, one to one, among allowed pairs.

    The sets of campaigns that can all find a ring are a matroid, so weights that fall with the rank pick the same set
    as a choice one after the other, the foremost first; what is in common decides only which ring each of them gets.
    With `foremost_first` off it is the other way round.
    """
    rows = np.flatnonzero(allowed.any(axis=1))
    if len(rows) == 0:
        return {}
    here, shared = allowed[rows], common[rows]
    rank = np.arange(len(rows), 0, -1, dtype=np.float64)[:, None]
    major, minor = (rank, shared) if foremost_first else (shared, rank)
    scale = 1.0 + float(np.where(here, minor, 0.0).max(axis=1).sum())  # above whatever all minor terms add up to
    worth = np.where(here, major * scale + minor, 0.0)
    chosen = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return {int(ring): int(rows[row]) for row, ring in chosen if here[row, ring]}


def _largest(allowed: NDArray[np.bool_], common: Floats) -> dict[int, int]:
    """For each column the allowed row with most in common; the first of equals."""
    worth = np.where(allowed, common, -1.0)
    return {int(column): int(np.argmax(worth[:, column])) for column in np.flatnonzero(allowed.any(axis=0))}
