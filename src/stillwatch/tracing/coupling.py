"""How far a group is dealt out by one hand: counts of `turns`, beside the same accounts moved against each other.

For each count, z is how many standard deviations of the moved groups the real one lies below their mean, for the group
and for each member; a member's coupling is the standardised sum of both, as a member alone has too few exchanges to
show what its group shows. Of the two ways of moving, the one beside which the group looks less dealt counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing import surrogates
from stillwatch.tracing.turns import coincidences, hours_alone, repeats_too_soon

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STATISTICS = ("turns", "fine flow", "coarse flow", "bursts")
_INTERVALS = (1.5, 6.0)
"""Intervals of `coincidences` in mean gaps of the group. Chosen: for a renewal flow the power is largest near one mean
gap, as shorter intervals hold one exchange at most; the longer one is for workers that answer late."""
_BURST_SHARE, _BURST_US = 0.1, (1_000_000, 30_000_000)
"""Who meets within a tenth of the mean gap meets by chance in one exchange of ten; chosen to be no shorter than the
seconds of a coarse log's clock and no longer than a burst of requests sent at once."""
_HOUR_US = 3_600_000_000
_DRAWS = 48  # chosen: the standard deviation of the null is then known within a tenth
_DEVIATION_AT_LEAST = 1.0  # of a count: below, the null leaves no room to be surprised


@dataclass(frozen=True)
class Moments:
    """Exchanges of a group, ascending: `account` 0 .. accounts - 1 and `member` 0 .. members - 1 of each."""

    ts_us: Ints
    account: Ints
    member: Ints
    members: int
    days: Ints  # looked at, with or without an exchange of this group, ascending

    def moved(self, ts_us: Ints) -> Moments:
        """The same exchanges at other moments, which may have any order."""
        order = np.argsort(ts_us, kind="stable")
        return Moments(ts_us[order], self.account[order], self.member[order], self.members, self.days)


@dataclass(frozen=True)
class Beside:
    """Counts of the real group and of moved ones. (statistics, members) and (draws, statistics, members)."""

    real: Ints
    moved: Ints

    def group_z(self) -> Floats:
        """(statistics,) How far below the moved groups the real one is as a whole."""
        return _below(self.real.sum(axis=1), self.moved.sum(axis=2))

    def couplings(self) -> Floats:
        """(statistics, members) Group and member together, in standard deviations of the same sum when moved."""
        every = np.concatenate([self.real[None], self.moved])
        both = _z(every.sum(axis=2), self.moved.sum(axis=2))[:, :, None] + _z(every, self.moved)
        null = both[1:]
        return np.asarray(both[0] / np.maximum(null.std(axis=0), 1.0), np.float64)


def _below(value: Ints, null: Ints) -> Floats:
    return np.asarray(_z(value[None], null)[0], np.float64)


def _z(values: Ints, null: Ints) -> Floats:
    """(m, ...) How far each of `values` is below the mean of `null`, in its standard deviations, along axis 0."""
    deviation = np.maximum(null.std(axis=0), _DEVIATION_AT_LEAST)
    return np.asarray((null.mean(axis=0) - values) / deviation, np.float64)


def beside_moved(seen: Moments, rng: np.random.Generator) -> tuple[Beside, Beside]:
    """The group beside `surrogates.whole_days` and beside `surrogates.dithered`. Needs one exchange at least."""
    gap_us = _mean_gap_us(seen)
    real = _counts(seen, gap_us)
    days, minutes = (
        np.stack([_counts(seen.moved(ts_us), gap_us) for ts_us in drawn])
        for drawn in (_by_days(seen, rng), _by_minutes(seen, rng))
    )
    return Beside(real, days), Beside(real, minutes)


def _by_days(seen: Moments, rng: np.random.Generator) -> Iterator[Ints]:
    return (surrogates.whole_days(seen.ts_us, seen.account, seen.days, rng) for _ in range(_DRAWS))


def _by_minutes(seen: Moments, rng: np.random.Generator) -> Iterator[Ints]:
    return (surrogates.dithered(seen.ts_us, seen.account, rng) for _ in range(_DRAWS))


def _counts(seen: Moments, gap_us: float) -> Ints:
    """(statistics, members) With intervals that follow from the real group's mean gap."""
    intervals = [max(1, int(multiple * gap_us)) for multiple in _INTERVALS]
    flows = [coincidences(seen.ts_us, seen.member, seen.members, interval) for interval in intervals]
    alone = hours_alone(seen.ts_us, seen.member, seen.members, int(np.clip(_BURST_SHARE * gap_us, *_BURST_US)))
    return np.stack([repeats_too_soon(seen.member, seen.members), *flows, alone])


def _mean_gap_us(seen: Moments) -> float:
    """In those hours in which the group sends at all."""
    return len(np.unique(seen.ts_us // _HOUR_US)) * _HOUR_US / len(seen.ts_us)
