"""The generic cell rate algorithm: a limit kept in one number.

A bucket remembers its theoretical arrival time (TAT): the moment at which everything that was taken would have drained
at the limit's rate. A cost of n units moves it n * window / quantity ahead; what would move it further than the burst
ahead of now is refused. A TAT in the past is an empty bucket, so a bucket nobody used for a while can be forgotten.

Times are whole nanoseconds: a day's budget of 10^12 tokens drains a token in 86 ns, and rounding up at every step
errs by less than one nanosecond a request, to the stricter side.

Source: ITU-T I.371 (2004), annex A; the virtual-scheduling form.
"""

from __future__ import annotations

from stillwatch.limits.limit import Limit


class Bucket:
    """What one principal took of one limit. `tat` is in nanoseconds of the clock that its owner passes in."""

    __slots__ = ("__weakref__", "limit", "quantity", "tat", "tolerance", "window")

    def __init__(self, limit: Limit, tat: int = 0) -> None:
        self.limit = limit
        self.tat = tat
        self.quantity = limit.quantity
        self.window = limit.window_ns
        self.tolerance = limit.most_at_once * self.window // self.quantity

    def wait(self, cost: int, now: int) -> int:
        """Nanoseconds until `cost` units would be admitted, 0 for at once. Changes nothing.

        A cost above `most_at_once` is admitted when the bucket is empty: it would otherwise never be.
        """
        ahead = self.tat - now
        if ahead < 0:
            ahead = 0
        step = -(-cost * self.window // self.quantity)
        over = ahead + step - self.tolerance
        return 0 if over <= 0 else min(over, ahead)

    def take(self, cost: int, now: int) -> None:
        """Count `cost` units, admitted or not: what was delivered was delivered."""
        start = self.tat
        if start < now:
            start = now
        self.tat = start - (-cost * self.window // self.quantity)

    def give_back(self, cost: int) -> None:
        """Return units that were taken and not used. Never leaves more than an empty bucket: see `wait`."""
        self.tat -= cost * self.window // self.quantity

    def remaining(self, now: int) -> int:
        """Whole units that would be admitted at once."""
        room = self.tolerance - max(self.tat - now, 0)
        return max(room * self.quantity // self.window, 0)

    def reset(self, now: int) -> int:
        """Nanoseconds until the bucket is empty."""
        return max(self.tat - now, 0)

    def due(self, now: int) -> int:
        """The same, below 0 where it has been empty for so long."""
        return self.tat - now
