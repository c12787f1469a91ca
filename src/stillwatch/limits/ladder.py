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

    __slots__ = ("_rungs", "buckets", "most_output", "slots", "telling")

    def __init__(self, buckets: Sequence[Bucket], slots: Sequence[Slots] = ()) -> None:
        self.buckets = tuple(buckets)
        self.slots = tuple(slots)
        self.telling: object = None
        self.most_output = most_output(bucket.limit for bucket in buckets)
        self._rungs = tuple((b, _PLACE[b.limit.measure], b.window, b.quantity, b.tolerance) for b in buckets)

    def admit(self, costs: Costs, now: int) -> Refusal | None:
        """Count these costs on every level and return None; or change nothing and return the limit that waits longest.

        `Bucket.wait` and `Bucket.take`, written out: two calls a bucket would treble the time of a decision.
        """
        longest, limit, after = 0, None, []
        for bucket, place, window, quantity, tolerance in self._rungs:
            step = -(-costs[place] * window // quantity)
            tat = bucket.tat
            if tat <= now:
                after.append(now + step)
                continue
            over = tat + step - now - tolerance
            if over > longest and (ahead := tat - now) > longest:
                longest, limit = min(over, ahead), bucket.limit
            after.append(tat + step)
        if limit is not None:
            return Refusal(limit, longest)
        for slots in self.slots:
            if not slots.are_free(now):
                return Refusal(slots.limit, 0)
        for bucket, tat in zip(self.buckets, after, strict=True):
            bucket.tat = tat
        return None

    def settle(self, reserved: Costs, used: Costs, now: int) -> None:
        """Replace what was reserved by what was used: the difference is given back, or taken on top."""
        for bucket, place, window, quantity, _ in self._rungs:
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


def most_output(limits: Iterable[Limit]) -> int | None:
    """The most output tokens that the hard ones of these limits can admit at once; None without a hard one."""
    return min((limit.most_at_once for limit in limits if limit.is_hard), default=None)
