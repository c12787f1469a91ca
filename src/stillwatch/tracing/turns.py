"""How orderly the members of a group come: counts that only fall where somebody deals the work out.

- `repeats_too_soon`: cut the group's sequence whenever somebody comes a second time, and count the cuts. A rotation
  over n members is cut once in n exchanges, whatever the order within a round; strangers are cut far more often.
- `coincidences`: exchanges of others in the same short interval. A queue sends one after the other and spaces its
  total flow; superposed strangers collide.
- `hours_alone`: hours in which a member meets nobody to within seconds. A queue that sends in bursts spreads each
  burst over members. Hours are counted, not meetings, so that one lesson or the end of one outage counts once.

All are counts per member that add up over the group, and mean nothing by themselves: a member who is regular by
nature repeats late, too. They are read beside `surrogates`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_HOUR_US = 3_600_000_000


def repeats_too_soon(member: Ints, members: int) -> Ints:
    """(members,) How often each ends a run in which nobody comes twice. `member`: who sends, in order of time.

    Runs follow each other from the first exchange on; where rounds are dealt, they fall into step with them.
    """
    until = _run_ends(member).tolist()
    at, ends = 0, []
    while at < len(member):
        at = until[at]
        ends.append(at)
    return np.bincount(member[ends[:-1]], minlength=members)


def _run_ends(member: Ints) -> Ints:
    """(n,) Where the run that starts at each place ends: at the first one who comes a second time, or at n."""
    order = np.argsort(member, kind="stable")
    comes_again = np.full(len(member), len(member), np.int64)
    same = member[order[1:]] == member[order[:-1]]
    comes_again[order[:-1][same]] = order[1:][same]
    return np.asarray(np.minimum.accumulate(comes_again[::-1])[::-1], np.int64)


def coincidences(ts_us: Ints, member: Ints, members: int, interval_us: int) -> Ints:
    """(members,) Pairs of an exchange of each member and one of another in the same interval of a fixed grid."""
    met = _met(ts_us, member, members, interval_us)
    return np.bincount(member, weights=met, minlength=members).astype(np.int64)


def hours_alone(ts_us: Ints, member: Ints, members: int, interval_us: int) -> Ints:
    """(members,) Hours with an exchange of each member but without another's in the same interval of a fixed grid."""
    hour = ts_us // _HOUR_US
    key = (hour - hour.min()) * members + member
    active = np.unique(key)
    alone = np.setdiff1d(active, key[_met(ts_us, member, members, interval_us) > 0], assume_unique=False)
    return np.bincount(alone % members, minlength=members)


def _met(ts_us: Ints, member: Ints, members: int, interval_us: int) -> Ints:
    """(n,) How many exchanges of others fall into the interval of each."""
    _, interval, held = np.unique(ts_us // interval_us, return_inverse=True, return_counts=True)
    _, both, own = np.unique(interval * members + member, return_inverse=True, return_counts=True)
    return np.asarray(held[interval] - own[both], np.int64)
