"""Evidence family "complementarity": are these accounts interchangeable shares of one pool, or people of their own?

Given the exchanges in which accounts use a shared skeleton, two measurements place the group:

                        hardly any turn comes twice        the same turns come from many
    interchangeable     shares of one pool: a campaign,    independent users of one question set
                        or shards of one honest job        (an evaluation)
    own subjects        independent users of one tool      (rare)

- *Interchangeable or not*: the share of the payloads' variance between units (R2) above its permutation null,
  on whitened projections. Under "interchangeable" the excess is 0; honest strangers with one tool have their own
  documents and differ. A small ring with few exchanges cannot show either: `upper` says how large the excess may be.
- *Overlapping or not*: the share of exchanges whose whole last turn also came from another unit, and whether repeats
  inside a unit are fewer than chance (everybody went through the set once) or as many (one list, dealt out).

Null of the score: honest strangers whom a search links are as much alike as those of the benign log. Assumption:
payload words carry the subject. Known weakness: blind where an operator shards by topic, and for honest shards of one
organisation's bulk job; other families must speak there. Measured on worlds with known truth (`make evaluate`,
docs/evaluation.md) and on runs of real clients (tests/end_to_end).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr, pdtrc

from stillwatch.sketch.keyed_hash import mix
from stillwatch.stats.permutation import Repeats, repeats, variance_share, whitened

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROWS_PER_UNIT = 64
UNITS_AT_MOST = 64
_ROWS_PER_DIRECTION = 6  # whitening fewer rows per direction than this fits noise
DIFFERENT_EXCESS = 0.006  # dealt-out runs: at most 0.003; independent organisations with one tool: 0.011 - 0.050
DIFFERENT_Z = 4.0
PLAINLY_DIFFERENT_Z = 8.0  # independent organisations of 40 exchanges each: 12 and more
BOUNDED_EXCESS = 0.015
MANY_REPEATS = 0.4  # share of exchanges whose turn another unit sent too: 0.01 - 0.25 dealt out, 0.5 - 0.9 shared sets
_FEWER_THAN_CHANCE_P = 1e-3
_REPEATS_ITSELF_P = 1e-6
LEADERS_AT_MOST = 256
"""Patterns that may lead a variant; a stock of wordings has thousands, and rare ones are no variant of anybody's."""
_OWN_REPEATS = 3
_KEEPS_TO_ITSELF_P = 1e-4
_SAME_VARIANT = 0.5  # Jaccard of two exchanges' skeleton values
_VARIANT_ROWS = 12  # a variant's mean from fewer rows is mostly noise


@dataclass(frozen=True, slots=True)
class Payloads:
    """Exchanges of one group that carry its skeleton. `unit`: (n,) in 0 .. k-1; `projection`: (n, 64)."""

    unit: Ints
    projection: Floats
    payload: Ints
    variant: Ints  # (n,) which variant of the skeleton each exchange carries, see `variants`


@dataclass(frozen=True)
class Complementarity:
    """The two measurements on one group of `units` units."""

    units: int
    rows: int
    excess: float
    deviation: float
    shared_turns: float
    turns: Repeats

    @cached_property
    def z(self) -> float:
        return self.excess / self.deviation if self.deviation > 0 else 0.0

    @property
    def upper(self) -> float:
        """The excess is below this, at two standard deviations."""
        return self.excess + 2 * self.deviation

    @property
    def is_different(self) -> bool:
        """The units have subjects of their own."""
        return self.excess > DIFFERENT_EXCESS and self.z > DIFFERENT_Z

    @property
    def is_plainly_different(self) -> bool:
        return self.is_different and self.z > PLAINLY_DIFFERENT_Z

    @property
    def repeats_itself(self) -> bool:
        """Units come back to their own turns far more often than to each other's: material of their own."""
        within, expected = self.turns.within, self.turns.expected_within
        return within > 0 and float(pdtrc(within - 1, expected)) < _REPEATS_ITSELF_P  # P(at least as many)

    @property
    def is_interchangeable(self) -> bool:
        """The units are interchangeable, and there was enough to see it if they were not."""
        return not self.is_different and self.deviation > 0 and self.upper < BOUNDED_EXCESS

    @property
    def is_one_set(self) -> bool:
        """Many turns come from several units."""
        return self.shared_turns >= MANY_REPEATS

    @property
    def each_asked_once(self) -> bool:
        """Repeats inside a unit are rarer than if all repeats were dealt out by chance."""
        p = float(pdtr(self.turns.within, self.turns.expected_within))
        return p < _FEWER_THAN_CHANCE_P


def measure(rows: Payloads, rng: np.random.Generator) -> Complementarity:
    """Both measurements; `rows` of at least two units, else everything is 0."""
    if len(np.unique(rows.unit)) < 2:
        return Complementarity(
            len(np.unique(rows.unit)), len(rows.unit), 0.0, 0.0, 0.0, repeats(rows.payload, rows.unit)
        )
    sampled = _sample(rows, rng)
    scaled = scaled_payloads(without_variants(sampled))
    shift = variance_share(scaled, sampled.unit)
    return Complementarity(
        units=len(np.unique(sampled.unit)),
        rows=len(sampled.unit),
        excess=shift.excess,
        deviation=shift.deviation,
        shared_turns=_shared_turns(rows),
        turns=repeats(rows.payload, rows.unit),
    )


def keeps_to_itself(rows: Payloads) -> NDArray[np.bool_]:
    """(units,) Whether a unit comes back to its own turns far more often than if all repeats were dealt out."""
    _, item = np.unique(rows.payload, return_inverse=True)
    units = int(rows.unit.max()) + 1
    _, sent = np.unique(item * units + rows.unit, return_counts=True)
    owner = np.unique(item * units + rows.unit) % units
    within = np.bincount(owner, weights=sent * (sent - 1) / 2, minlength=units)
    in_all = np.bincount(item)
    size = np.bincount(rows.unit, minlength=units)
    chance = size * (size - 1) / max(len(rows.unit) * (len(rows.unit) - 1), 1)
    expected = (in_all * (in_all - 1) / 2).sum() * chance
    return np.asarray((within >= _OWN_REPEATS) & (pdtrc(within - 1, expected) < _KEEPS_TO_ITSELF_P), np.bool_)


def distance(one: Floats, others: Floats) -> float:
    """How far one unit's payloads (n, 64) may lie from others' (m, 64): excess share of variance at two deviations.

    Near 0 = surely interchangeable. Not the excess itself: of a few exchanges it is small or large by chance.
    """
    both = np.concatenate([one, others])
    label = np.repeat([0, 1], [len(one), len(others)])
    shift = variance_share(scaled_payloads(both), label)
    return shift.excess + 2 * shift.deviation


def variants(matches: NDArray[np.int32]) -> Ints:
    """Group exchanges by which values of the skeleton they carry: a number for each row of `matches`.

    `matches`: (n, slots), the number of the value that a slot holds, from 1, or 0 for none. A job of several steps has
    several wrappers. Leaders: the commonest pattern not yet covered leads all that have at least half of their values
    in common with it; patterns that the `LEADERS_AT_MOST` commonest leave uncovered stay alone.
    """
    if len(matches) == 0:
        return np.empty(0, np.int64)
    _, first, of, counts = np.unique(_row_hashes(matches), return_index=True, return_inverse=True, return_counts=True)
    patterns = matches[first]
    sizes = (patterns != 0).sum(axis=1)
    leader = np.full(len(patterns), -1, np.int64)
    for one in np.argsort(-counts, kind="stable")[:LEADERS_AT_MOST]:
        if leader[one] >= 0:
            continue
        free = np.flatnonzero(leader < 0)
        both = ((patterns[free] == patterns[one]) & (patterns[one] != 0)).sum(axis=1)
        leader[free[both >= _SAME_VARIANT * (sizes[free] + sizes[one] - both)]] = one
        leader[one] = one
    return np.asarray(np.where(leader < 0, np.arange(len(leader)), leader)[of.ravel()], np.int64)


def _row_hashes(rows: NDArray[np.int32]) -> NDArray[np.uint64]:
    """One word for each row: equal for equal rows. Two of 100,000 different rows collide once in 10^9 groups."""
    odd = np.random.default_rng(1).integers(0, 2**63, rows.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    return np.asarray((mix(rows.astype(np.uint64) + odd) * odd).sum(axis=1, dtype=np.uint64), np.uint64)


def without_variants(rows: Payloads) -> Floats:
    """Projections less the mean of their variant, where at least half of the units use that variant.

    What every unit's wrapper says is no subject. A variant that few units use is left in: it may be their own words.
    """
    plain: Floats = rows.projection - rows.projection.mean(axis=0)
    units = len(np.unique(rows.unit))
    for one in np.unique(rows.variant):
        members = rows.variant == one
        if members.sum() >= _VARIANT_ROWS and len(np.unique(rows.unit[members])) >= max(3, units / 2):
            plain[members] = rows.projection[members] - rows.projection[members].mean(axis=0)
    return plain


def scaled_payloads(projection: Floats) -> Floats:
    """Whitened along as many leading directions as the number of rows can support."""
    white = whitened(projection)
    directions = max(2, min(white.shape[1], len(white) // _ROWS_PER_DIRECTION))
    return np.asarray(white[:, -directions:], np.float64)


def _shared_turns(rows: Payloads) -> float:
    """Share of exchanges whose whole last turn was also sent by another unit."""
    if len(rows.payload) == 0:
        return 0.0
    _, item = np.unique(rows.payload, return_inverse=True)
    units = int(rows.unit.max()) + 1
    senders = np.bincount(np.unique(item * units + rows.unit) // units)
    return float((senders[item] > 1).mean())


def _sample(rows: Payloads, rng: np.random.Generator) -> Payloads:
    """At most `UNITS_AT_MOST` units with `ROWS_PER_UNIT` rows each; labels close up."""
    units = np.unique(rows.unit)
    if len(units) > UNITS_AT_MOST:
        units = rng.choice(units, UNITS_AT_MOST, replace=False)
    order = rng.permutation(np.flatnonzero(np.isin(rows.unit, units)))
    order = order[np.argsort(rows.unit[order], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(rows.unit[order], rows.unit[order])
    kept = np.sort(order[place < ROWS_PER_UNIT])
    _, unit = np.unique(rows.unit[kept], return_inverse=True)
    return Payloads(unit.astype(np.int64), rows.projection[kept], rows.payload[kept], rows.variant[kept])
