"""How far a group is dealt out by one hand: counts of `turns`, beside the same accounts moved against each other.

For each count, z is how many standard deviations of the moved groups the real one lies below their mean, for the group
and for each member; a member's coupling is the standardised sum of both, as a member alone has too few exchanges to
show what its group shows. Of the two ways of moving, the one beside which the group looks less coupled counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing import surrogates
from stillwatch.tracing.turns import coincidences, hours_alone, repeats_too_soon

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STATISTICS = ("turns", "flow", "bursts", "relay")
"""`repeats_too_soon`; `coincidences` within about a gap of the group; `hours_alone`; `coincidences` within an hour."""
_ONLY_BESIDE_DAYS = STATISTICS.index("relay")
"""Some minutes do not move anybody out of his shift, and no honest habit keeps strangers apart by date."""
_FLOW_GAPS = 1.5
"""Chosen: for a renewal flow the power is largest near one mean gap, as shorter intervals hold one exchange at most."""
_BURST_SHARE, _BURST_US = 0.1, (1_000_000, 30_000_000)
"""Who meets within a tenth of the mean gap meets by chance in one exchange of ten; chosen to be no shorter than the
seconds of a coarse log's clock and no longer than a burst of requests sent at once."""
_SLIDE_GAPS, _SLIDE_US = 4.0, (300_000_000, 1_800_000_000)
"""How far `surrogates.dithered` slides: past the next few exchanges of others, so that their order is open; beyond a
burst of requests; and no more than half an hour. In median gaps, which in a class are those of the lesson: sliding out
of it would make strangers of its students, who then seem to have come together."""
_HOUR_US = 3_600_000_000
_DRAWS = 24  # chosen: the standard deviation of the null is then known within a seventh
_DEVIATION_AT_LEAST = 1.0  # of a count: below, the null leaves no room to be surprised


@dataclass(frozen=True)
class Moments:
    """Exchanges of a group, ascending: `account` 0 .. accounts - 1 and `member` 0 .. members - 1 of each."""

    ts_us: Ints
    account: Ints
    member: Ints
    members: int
    days: Ints  # looked at, with or without an exchange of this group, ascending

    def mean_gap_us(self) -> float:
        """In those hours in which the group sends at all."""
        return len(np.unique(self.ts_us // _HOUR_US)) * _HOUR_US / len(self.ts_us)

    def median_gap_us(self) -> float:
        """0 for a single exchange."""
        return float(np.median(np.diff(self.ts_us))) if len(self.ts_us) > 1 else 0.0


@dataclass(frozen=True)
class Beside:
    """Counts of the real group, (statistics, members), and of moved ones, (draws, statistics, members)."""

    real: Ints
    moved: Ints

    def group_z(self) -> Floats:
        """(statistics,) How far below the moved groups the real one is as a whole."""
        return np.asarray(_z(self.real.sum(axis=1)[None], self.moved.sum(axis=2))[0], np.float64)

    def couplings(self) -> Floats:
        """(statistics, members) Group and member together, in standard deviations of the same sum when moved."""
        every = np.concatenate([self.real[None], self.moved])
        both = _z(every.sum(axis=2), self.moved.sum(axis=2))[:, :, None] + _z(every, self.moved)
        return np.asarray(both[0] / np.maximum(both[1:].std(axis=0), 1.0), np.float64)

    def usual(self) -> Floats:
        """(statistics,) What moved groups count on average."""
        return np.asarray(self.moved.sum(axis=2).mean(axis=0), np.float64)


def _z(values: Ints, null: Ints) -> Floats:
    """(m, ...) How far each of `values` is below the mean of `null`, in its standard deviations, along axis 0."""
    deviation = np.maximum(null.std(axis=0), _DEVIATION_AT_LEAST)
    return np.asarray((null.mean(axis=0) - values) / deviation, np.float64)


@dataclass(frozen=True)
class Coupling:
    """A group beside `surrogates.whole_days` and beside `surrogates.dithered`."""

    days: Beside
    minutes: Beside

    def group_z(self) -> Floats:
        """(statistics,)"""
        return _less(self.days.group_z(), self.minutes.group_z())

    def members_z(self) -> Floats:
        """(statistics, members) About standard normal for strangers, or less."""
        return _less(self.days.couplings(), self.minutes.couplings())

    def usual(self) -> Floats:
        """(statistics,) The count of that way of moving which comes closer to the real one's."""
        return _less(self.days.usual(), self.minutes.usual())


def _less(days: Floats, minutes: Floats) -> Floats:
    """The smaller of both, where both tell something."""
    least = np.minimum(days, minutes)
    least[_ONLY_BESIDE_DAYS] = days[_ONLY_BESIDE_DAYS]
    return least


def coupling(seen: Moments, rng: np.random.Generator) -> Coupling:
    """Move the group about, both ways. `seen` holds one exchange at least."""
    gap_us, slide_us = seen.mean_gap_us(), int(np.clip(_SLIDE_GAPS * seen.median_gap_us(), *_SLIDE_US))
    days = surrogates.whole_days(seen.ts_us, seen.account, seen.days, rng, _DRAWS)
    minutes = surrogates.dithered(seen.ts_us, seen.account, slide_us, rng, _DRAWS)
    real, *moved = (_counts(seen, ts_us, gap_us) for ts_us in (seen.ts_us[None], days, minutes))
    return Coupling(*(Beside(real[0], counts) for counts in moved))


def _counts(seen: Moments, ts_us: Ints, gap_us: float) -> Ints:
    """(rows, statistics, members) of the exchanges at other moments. `ts_us`: (rows, n); `gap_us`: the real one's."""
    burst_us = int(np.clip(_BURST_SHARE * gap_us, *_BURST_US))
    return np.stack(
        [
            repeats_too_soon(seen.member[np.argsort(ts_us, axis=1, kind="stable")], seen.members),
            coincidences(ts_us, seen.member, seen.members, max(1, int(_FLOW_GAPS * gap_us))),
            hours_alone(ts_us, seen.member, seen.members, burst_us),
            coincidences(ts_us, seen.member, seen.members, _HOUR_US),
        ],
        axis=1,
    )
