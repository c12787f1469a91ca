"""What a client may know of the limits that bind it: its own, and nothing of those of others.

A limit of a campaign, a network or a payment is hidden, and so is the measure of new information, which would teach
what is counted. Where a hidden limit refuses, one of the client's own limits stands for it: shown as used up, with a
wait that this limit could have. Whether a refusal came from a hidden limit can then not be told from its fields or its
body. A client that counts its own requests still sees that it was refused early; no form of words could hide that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Refusal
from stillwatch.limits.limit import NANOSECONDS, Limit, Measure

SHORTEST_WAIT_NS = NANOSECONDS
"""Told where nobody can know the wait (open requests). Chosen: SDKs wait about as long by themselves."""
LONGEST_WAIT_NS = 60 * NANOSECONDS
"""What a client without limits of its own is told at most. Chosen: the window that providers' limits have."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One limit of the client's own, at one moment. `reset_ns` is the time until nothing of it is used."""

    limit: Limit
    remaining: int
    reset_ns: int

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
    return tuple([Shown(b.limit, b.remaining(now_ns), b.reset(now_ns)) for b in buckets if is_shown(b.limit)])


def spent(refusal: Refusal, buckets: Sequence[Bucket], now_ns: int) -> Spent:
    """How a refusal is told. The limit that is named shows nothing left, be it the reason or a stand-in for it."""
    own = shown(buckets, now_ns)
    named = _named(refusal.limit, own)
    wait_ns = refusal.wait_ns or SHORTEST_WAIT_NS
    if named is None:
        measure = refusal.limit.measure if is_shown(refusal.limit) else Measure.REQUESTS
        return Spent(measure, min(wait_ns, LONGEST_WAIT_NS), own)
    wait_ns = min(wait_ns, _longest_wait_ns(named.limit))
    used_up = Shown(named.limit, 0, max(named.reset_ns, wait_ns))
    return Spent(named.limit.measure, wait_ns, tuple([used_up if one is named else one for one in own]))


def tightest(shown: Iterable[Shown], *measures: Measure) -> Shown | None:
    """Of the limits of these measures, the one of which the least is left."""
    return min((one for one in shown if one.limit.measure in measures), key=lambda one: one.share, default=None)


def _named(limit: Limit, own: Sequence[Shown]) -> Shown | None:
    if is_shown(limit):
        return next((one for one in own if one.limit == limit), None)
    return tightest(own, limit.measure) or tightest(own, Measure.REQUESTS) or tightest(own, *Measure)


def _longest_wait_ns(limit: Limit) -> int:
    """No cost waits longer: it is admitted when the bucket is empty (`Bucket.wait`)."""
    return limit.most_at_once * limit.window_ns // limit.quantity
