"""All the limits that bind one request, admitted together or not at all.

A ladder holds the buckets of a key, its account, its organisation, and so on up to a campaign. Accounts share the
buckets of the levels that they share: a thousand accounts of one campaign draw on one budget. Admission looks at all
buckets before it takes from any, so a request that one level refuses costs nothing on the others.

Only one task at a time may use a set of ladders (asyncio's event loop is enough); nothing here waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.limit import Limit, Measure
from stillwatch.limits.slots import Slots

COUNTED = (Measure.REQUESTS, Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS, Measure.NEW_INFORMATION)
"""The order of costs; `CONCURRENT` is held, not counted."""
_PLACE = {measure: place for place, measure in enumerate(COUNTED)}
Costs = tuple[int, int, int, int]
"""Requests, input tokens, output tokens and new information, as in `COUNTED`."""
_REQUESTS = _PLACE[Measure.REQUESTS]
OUTPUT = _PLACE[Measure.OUTPUT_TOKENS]
NOTHING: Costs = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit stands in the way, and for how long; for a `CONCURRENT` limit nobody can know, and it is 0."""

    limit: Limit
    wait_ns: int


class Ladder:
    """The buckets and slots that bind one principal.

    `most_output` is the most output tokens that its hard limits can admit at once; None where none of them is hard.
    `telling` is for whoever tells a client of its limits, to be made once: nothing here looks at it.
    """

    __slots__ = ("_counted", "_once", "_rungs", "buckets", "most_output", "slots", "telling")

    def __init__(self, buckets: Sequence[Bucket], slots: Sequence[Slots] = ()) -> None:
        self.buckets = tuple(buckets)
        self.slots = tuple(slots)
        self.telling: object = None
        self.most_output = most_output(bucket.limit for bucket in buckets)
        self._rungs = tuple((b, _PLACE[b.limit.measure], b.window, b.quantity, b.tolerance) for b in buckets)
        self._once = tuple([(b, *_of_one(b)) for b, place, *_ in self._rungs if place == _REQUESTS])
        self._counted = tuple([rung for rung in self._rungs if rung[1] != _REQUESTS])

    def admit(self, costs: Costs, now: int) -> Refusal | None:
        """Count these costs on every level and return None; or change nothing and return the limit that waits longest.

        `Bucket.wait` and `Bucket.take`, written out, since two calls a bucket would treble the time of a decision. What
        one request takes of a limit of requests is worked out once; `_refusal` looks again where one is in the way.
        """
        if costs[_REQUESTS] != 1:
            return self._admit_several(costs, now)
        for bucket, _, most_ahead in self._once:
            if bucket.tat - now > most_ahead:
                return self._refusal(costs, now)
        steps = []
        for bucket, place, window, quantity, tolerance in self._counted:
            step = -(-costs[place] * window // quantity)
            ahead = bucket.tat - now
            if ahead > 0 and ahead + step > tolerance:
                return self._refusal(costs, now)
            steps.append((bucket, step))
        for slots in self.slots:
            if not slots.are_free(now):
                return Refusal(slots.limit, 0)
        for bucket, step, _ in self._once:
            tat = bucket.tat
            bucket.tat = tat + step if tat > now else now + step
        for bucket, step in steps:
            tat = bucket.tat
            bucket.tat = tat + step if tat > now else now + step
        return None

    def _admit_several(self, costs: Costs, now: int) -> Refusal | None:
        """`admit` for what is not one request."""
        refusal = self._refusal(costs, now)
        if refusal is None:
            for bucket, place, *_ in self._rungs:
                bucket.take(costs[place], now)
        return refusal

    def _refusal(self, costs: Costs, now: int) -> Refusal | None:
        """The limit that waits longest, or a slot that is not free; None where nothing is in the way."""
        waits = [(bucket.wait(costs[place], now), bucket.limit) for bucket, place, *_ in self._rungs]
        longest, limit = max(waits, key=_wait, default=(0, None))
        if limit is not None and longest > 0:
            return Refusal(limit, longest)
        return next((Refusal(slots.limit, 0) for slots in self.slots if not slots.are_free(now)), None)

    def settle(self, reserved: Costs, used: Costs, now: int) -> None:
        """Replace what was reserved by what was used: the difference is given back, or taken on top."""
        for bucket, place, window, quantity, _ in self._counted if used[0] == reserved[0] else self._rungs:
            more = used[place] - reserved[place]
            if more < 0:
                bucket.tat -= -more * window // quantity  # `Bucket.give_back`
            elif more > 0:
                bucket.take(more, now)

    def extend(self, tokens: int, now: int) -> int:
        """Take up to so many more output tokens for an answer that comes; how many.

        Hard limits give what they have left, 0 where one has nothing. Others give all of it, and are owed.
        """
        granted = min([tokens, *(b.remaining(now) for b in self.buckets if b.limit.is_hard)])
        if granted > 0:
            self.settle(NOTHING, (0, 0, granted, 0), now)
        return max(granted, 0)

    def is_idle(self, now: int) -> bool:
        """Has all drained, and is nothing open? Then forgetting this ladder forgives nothing."""
        return all(bucket.tat <= now for bucket in self.buckets) and not any(s.are_held(now) for s in self.slots)


def _of_one(bucket: Bucket) -> tuple[int, int]:
    """What one unit moves this bucket ahead, and how far ahead it may be for that."""
    step = -(-bucket.window // bucket.quantity)
    return step, max(bucket.tolerance - step, 0)  # an empty bucket takes what is more than its burst


def _wait(found: tuple[int, Limit]) -> int:
    return found[0]


def most_output(limits: Iterable[Limit]) -> int | None:
    """The most output tokens that the hard ones of these limits can admit at once; None without a hard one."""
    return min((limit.most_at_once for limit in limits if limit.is_hard), default=None)
