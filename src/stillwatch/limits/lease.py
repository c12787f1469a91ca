"""What one node holds of one shared limit: units that are its own to spend until the store says otherwise.

Two numbers matter: `held` is what the store believes this node holds, `credit` what is left of it. Their difference was
spent since the last report. A give-back raises the credit, above `held` even: the difference is then returned.
"""

from __future__ import annotations

from dataclasses import replace

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.limit import Limit, Measure


class Lease:
    """A counted limit's lease; for `CONCURRENT`, `held - credit` is how many requests are open here.

    `left` and `empty_at` are what the store said last: units free for anybody, and when all that was used will have
    drained (the owner's nanoseconds). `owed` was used without a lease, while the store was unreachable.
    """

    __slots__ = (
        "__weakref__",
        "alone",
        "closed_for",
        "closed_until",
        "credit",
        "empty_at",
        "free_at",
        "held",
        "key",
        "left",
        "limit",
        "owed",
        "recent",
        "touched",
    )

    def __init__(self, limit: Limit, key: bytes = b"") -> None:
        self.limit = limit
        self.key = key
        self.credit = self.held = self.owed = self.left = self.recent = 0
        self.empty_at = self.touched = 0
        self.closed_for = self.closed_until = self.free_at = 0
        self.alone: Bucket | None = None

    def remaining(self, now: int) -> int:
        """Units that this node could admit at once, as far as it knows."""
        return max(self.credit, 0) + self.left

    def reset(self, now: int) -> int:
        """Nanoseconds until all that was used has drained, as far as this node knows."""
        return max(self.empty_at - now, 0)

    def due(self, now: int) -> int:
        """The same, below 0 where that was so long ago."""
        return self.empty_at - now

    def overdrawn(self, now: int) -> int:
        """Nanoseconds until no more than the burst of this limit is used, as far as this node knows; 0 for none."""
        limit = self.limit
        ahead = max(self.empty_at - now, 0) - min(self.credit, 0) * limit.window_ns // limit.quantity
        return max(ahead - limit.most_at_once * limit.window_ns // limit.quantity, 0)

    def is_closed(self, cost: int, now: int) -> bool:
        """Did the store say a moment ago that there is no room for so much?"""
        return now < self.closed_until and cost >= self.closed_for

    def close(self, cost: int, wait: int, now: int, for_ns: int) -> None:
        """Remember for `for_ns` that `cost` found no room and would have to wait."""
        self.closed_for, self.closed_until, self.free_at = cost, now + for_ns, now + wait

    def on_its_own(self, share: float) -> Bucket:
        """A bucket of this node's share of the limit, as full as the shared one was when it was last seen."""
        if self.alone is None:
            burst = None if self.limit.burst is None else max(int(self.limit.burst * share), 1)
            quantity = max(int(self.limit.quantity * share), 1)
            self.alone = Bucket(replace(self.limit, quantity=quantity, burst=burst), self.empty_at)
        return self.alone

    def lapse(self, *, is_lost: bool) -> None:
        """Start anew under another number: the store counted all that was held as used, or lost its data.

        Then what was spent and not reported is owed. Either way what was overdrawn is, and what was given back beyond
        the lease comes back.
        """
        if self.limit.measure is Measure.CONCURRENT:
            self.held, self.credit = self.held - self.credit, 0
            return
        spent = self.held - self.credit
        self.owed += spent if is_lost or spent < 0 else max(-self.credit, 0)
        self.held = self.credit = 0

    # What `Reservations` asks of slots. A stream that its own node forgets is settled there; a node that dies is
    # noticed by the others. So the store needs no deadline for each.
    def are_free(self, now: int) -> bool:
        """Has this node a slot to give?"""
        return self.credit > 0

    def are_held(self, now: int) -> bool:
        """Is any request open here?"""
        return self.held > self.credit

    def hold(self, holder: int, until: int) -> None:
        """One more request is open here."""
        self.credit -= 1

    def keep(self, holder: int, until: int) -> None:
        """It goes on: nothing to do, the store sets no deadline."""

    def release(self, holder: int) -> None:
        """One is done."""
        self.credit += 1
