"""What a client may know of the limits that bind it: its own, and nothing of those of others.

A limit of a campaign, a network or a payment is hidden, and so is the measure of new information, which would teach
what is counted. Where a hidden limit refuses, one of the client's own limits stands for it and says what it would say
if the client had sent as many requests like this one as fill it. Whether a refusal came from a hidden limit can then
not be told from its fields, its body or its times. Two things no form of words could hide: a client that counts its own
requests sees that it was refused early, and one that waits as told is refused again while the hidden limit lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import COUNTED, Costs, Refusal
from stillwatch.limits.limit import NANOSECONDS, Limit, Measure

SHORTEST_WAIT_NS = NANOSECONDS
"""Told where nobody can know the wait (open requests). Chosen: SDKs wait about as long by themselves."""
LONGEST_WAIT_NS = 60 * NANOSECONDS
"""What a client without limits of its own is told at most. Chosen: the window that providers' limits have."""
_ONE_REQUEST: Costs = (1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """One limit of the client's own, at one moment. `reset_ns` is the time until nothing of it is used.

    `due_ns` is the same, and below 0 where that was so long ago.
    """

    limit: Limit
    remaining: int
    reset_ns: int
    due_ns: int

    @property
    def share(self) -> float:
        """How much of it is left, 0 to 1."""
        return self.remaining / self.limit.most_at_once


@dataclass(frozen=True, slots=True)
class Spent:
    """Why a client has to wait: the measure it is told, how long, and its limits as they are shown to it."""

    measure: Measure
    wait_ns: int
    shown: tuple[Shown, ...]


def is_shown(limit: Limit) -> bool:
    """May a client see this limit?"""
    return not limit.is_hidden and limit.measure is not Measure.NEW_INFORMATION


def shown(buckets: Iterable[Bucket], now_ns: int) -> tuple[Shown, ...]:
    """The client's own limits, from all buckets that bind it."""
    return tuple([_seen(bucket, now_ns) for bucket in buckets if is_shown(bucket.limit)])


def _seen(bucket: Bucket, now_ns: int) -> Shown:
    return Shown(bucket.limit, bucket.remaining(now_ns), bucket.reset(now_ns), bucket.due(now_ns))


def spent(refusal: Refusal, buckets: Sequence[Bucket], now_ns: int, costs: Costs = _ONE_REQUEST) -> Spent:
    """How the refusal of a request that may cost so much is told. The limit that is named shows nothing left."""
    own = shown(buckets, now_ns)
    if is_shown(refusal.limit):
        return _by_own(refusal, own)
    named = _stand_in(own, costs)
    if named is None:
        return Spent(Measure.REQUESTS, min(refusal.wait_ns or SHORTEST_WAIT_NS, LONGEST_WAIT_NS), own)
    return _told(named, *_as_if_used_up(named, costs), own)


def tightest(shown: Iterable[Shown], *measures: Measure) -> Shown | None:
    """Of the limits of these measures, the one of which the least is left."""
    return min((one for one in shown if one.limit.measure in measures), key=lambda one: one.share, default=None)


def _by_own(refusal: Refusal, own: Sequence[Shown]) -> Spent:
    named = next((one for one in own if one.limit == refusal.limit), None)
    wait_ns = refusal.wait_ns or SHORTEST_WAIT_NS
    if named is None:  # a limit of open requests, which has no bucket
        return Spent(refusal.limit.measure, min(wait_ns, LONGEST_WAIT_NS), tuple(own))
    return _told(named, wait_ns, max(named.reset_ns, wait_ns), own)


def _told(named: Shown, wait_ns: int, reset_ns: int, own: Sequence[Shown]) -> Spent:
    used_up = Shown(named.limit, 0, reset_ns, reset_ns)
    return Spent(named.limit.measure, wait_ns, tuple([used_up if one is named else one for one in own]))


def _stand_in(own: Sequence[Shown], costs: Costs) -> Shown | None:
    """The client's own limit that is told instead: the one that the fewest more requests like this one would fill."""
    met = [one for one in own if _cost(one, costs) > 0]
    return min(met, key=lambda one: one.remaining // _cost(one, costs), default=None)


def _as_if_used_up(named: Shown, costs: Costs) -> tuple[int, int]:
    """Wait and reset that `named` would tell after the fewest more requests like this one that fill it.

    What `Bucket.wait` computes, from where the client's own bucket stands or would if it drained on: the times fall
    with the clock as those of a limit that is used up do, and begin anew as its do. Never shorter than its own.
    """
    window, quantity, due = named.limit.window_ns, named.limit.quantity, named.due_ns
    step = -(-_cost(named, costs) * window // quantity)
    tolerance = named.limit.most_at_once * window // quantity
    over = due - max(tolerance - step, 0)
    more = 0 if over > 0 else (-over // step + 1) * step
    return min(over, due) + more, due + more


def _cost(one: Shown, costs: Costs) -> int:
    """What the request takes of this limit."""
    return costs[COUNTED.index(one.limit.measure)]
