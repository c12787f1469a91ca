"""How orderly the members of a group come: counts that only fall where somebody deals the work out.

- `repeats_too_soon`: cut the group's sequence whenever somebody comes a second time, and count the cuts. A rotation
  over n members is cut once in n exchanges, whatever the order within a round; strangers are cut far more often.
- `coincidences`: exchanges of others in the same short interval. A queue sends one after the other and spaces its
  total flow; superposed strangers collide.
- `hours_alone`: hours in which a member meets nobody to within seconds. A queue that sends in bursts spreads each
  burst over members. Hours are counted, not meetings, so that one lesson or the end of one outage counts once.

All are counts per member that add up over the group, and mean nothing by themselves: a member who is regular by
nature repeats late, too. They are read beside `surrogates`, and therefore of many sequences at once, each a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_HOUR_US = 3_600_000_000


def repeats_too_soon(member: Ints, members: int) -> Ints:
    """(rows, members) How often each ends a run in which nobody comes twice.

    `member`: (rows, n), who sends, in order of time. Runs follow each other from the first exchange on; where rounds
    are dealt, they fall into step with them.
    """
    return np.stack([_ends(row, until, members) for row, until in zip(member, _run_ends(member), strict=True)])


def _ends(member: Ints, run_ends: Ints, members: int) -> Ints:
    """(members,) How often each ends a run of one sequence."""
    until = run_ends.tolist()
    at, ends = 0, []
    while at < len(member):
        at = until[at]
        ends.append(at)
    return np.bincount(member[ends[:-1]], minlength=members)


def _run_ends(member: Ints) -> Ints:
    """(rows, n) Where the run that starts at each place ends: at the first one who comes a second time, or at n."""
    n = member.shape[1]
    who, place = np.divmod(np.sort(member * n + np.arange(n), axis=1), max(n, 1))
    row, at = np.nonzero(who[:, 1:] == who[:, :-1])
    comes_again = np.full(member.shape, n, np.int64)
    comes_again[row, place[row, at]] = place[row, at + 1]
    return np.asarray(np.minimum.accumulate(comes_again[:, ::-1], axis=1)[:, ::-1], np.int64)


def coincidences(ts_us: Ints, member: Ints, members: int, interval_us: int) -> Ints:
    """(rows, members) Pairs of an exchange of each member and one of another in the same interval of a fixed grid.

    `ts_us`: (rows, n), in any order; `member`: (n,).
    """
    met = _Meetings.within(ts_us // interval_us, member, members)
    pairs = np.bincount(met.who, weights=met.own * met.others, minlength=len(ts_us) * members)
    return pairs.astype(np.int64).reshape(len(ts_us), members)


def hours_alone(ts_us: Ints, member: Ints, members: int, interval_us: int) -> Ints:
    """(rows, members) Hours with an exchange of each member but without another's in the same interval.

    Intervals are counted from the beginning of each hour. Shapes are those of `coincidences`.
    """
    an_hour = -(-_HOUR_US // interval_us)
    hour, within_us = np.divmod(ts_us, _HOUR_US)
    met = _Meetings.within(hour * an_hour + within_us // interval_us, member, members)
    hours = met.interval // an_hour
    place = (hours - hours.min(initial=0)) * (len(ts_us) * members) + met.who
    meets = np.sort(place * 2 + (met.others > 0))  # of each hour and member the meetings come last
    is_last = np.append(meets[1:] >> 1 != meets[:-1] >> 1, np.ones(min(len(meets), 1), bool))
    alone = meets[is_last & (meets % 2 == 0)] // 2
    return np.bincount(alone % (len(ts_us) * members), minlength=len(ts_us) * members).reshape(len(ts_us), members)


@dataclass(frozen=True)
class _Meetings:
    """One for each row, interval and member with exchanges in it: how many are `own`, and how many are others'.

    `who`: row * members + member.
    """

    who: Ints
    interval: Ints
    own: Ints
    others: Ints

    @classmethod
    def within(cls, interval: Ints, member: Ints, members: int) -> _Meetings:
        """`interval`: (rows, n), `member`: (n,)."""
        first = int(interval.min(initial=np.iinfo(np.int64).max))
        span = int(interval.max(initial=first)) - first + 1
        row = np.arange(len(interval))[:, None] * span
        keys = np.sort((row + interval - first) * members + member, axis=1).ravel()
        starts = np.flatnonzero(_is_first(keys))
        place, who = np.divmod(keys[starts], members)
        own = np.diff(starts, append=len(keys))
        of_place = np.flatnonzero(_is_first(place))
        held = np.repeat(np.add.reduceat(own, of_place) if len(of_place) else own, np.diff(of_place, append=len(place)))
        row_of, interval_of = np.divmod(place, span)
        return cls(row_of * members + who, interval_of + first, own, held - own)


def _is_first(ordered: Ints) -> NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
