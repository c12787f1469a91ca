"""How nodes share a limit, and by how much they may overshoot it: the arithmetic, without a store.

A node spends from a lease and reports within `life_seconds`, or its lease lapses and counts as used in full. With Q the
quantity of a limit, W its window, n the nodes, L the life of a node without contact, T the time-out of one exchange
with the store (and what the node itself stood still meanwhile), and s what one node may hold ahead of demand, any
interval of length t admits at most

    burst + Q * t / W + min(n * s, Q * (L + T) / W)

because what was admitted is on the books (reported, or lapsed with its lease) at most L + T later, and what is on the
books keeps to the limit exactly. Killed nodes add nothing: all that they held counts as used. Concurrency is never
overshot while nodes keep contact, since a slot is leased before it is held. What was admitted while the store was
unreachable (`open_levels`) comes on top: at most `share` of the limit on every node.

Weakness: a killed node takes up to s units with it, which come back at the limit's own rate, after s * W / Q.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stillwatch.errors import UsageError
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure

MOST_OVERSHOOT = 0.01
"""Of a limit's quantity. Prescribed: one per cent at eight nodes."""
MOST_LEASED = 0.02
"""Of a limit's quantity by one node where time keeps the bound. Chosen: a crash costs a principal 2 % for 2 % of W."""
MOST_NODES = 1_000
"""Chosen: a bucket's value grows by 11 bytes a node that holds some of it."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """How many nodes share limits, how they keep in touch, and what happens on each level when they cannot.

    Then they try again after an interval, and twice as long each time, up to `retry_seconds`; `open_levels` go on with
    `share` of each limit on every node (an equal share if not said), and others refuse.
    Raises `UsageError` for times that cannot work together.
    """

    nodes: int = 8
    interval_seconds: float = 0.1
    timeout_seconds: float = 0.1
    life_seconds: float = 0.5
    retry_seconds: float = 1.0
    open_levels: frozenset[Level] = field(default_factory=frozenset)
    share: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= MOST_NODES:
            raise UsageError(f"{self.nodes} nodes are to share limits", f"Say 1 to {MOST_NODES}")
        if min(self.interval_seconds, self.timeout_seconds, self.retry_seconds) <= 0:
            raise UsageError("an interval, a time-out or a retry of shared limits is not positive", "Say 0.1 s, say")
        if self.life_seconds < self.interval_seconds + self.timeout_seconds:
            raise UsageError(
                f"a node would be taken for dead after {self.life_seconds} s, before its next report is due",
                "Let it live longer than an interval and a time-out together",
            )
        if self.share is not None and not 0 < self.share <= 1:
            raise UsageError(f"a node on its own is to have {self.share} of a limit", "Say a share above 0, at most 1")

    @property
    def alone_share(self) -> float:
        """What a node without a store may use of a limit."""
        return 1 / self.nodes if self.share is None else self.share

    @property
    def life_ns(self) -> int:
        return round(self.life_seconds * NANOSECONDS)

    @property
    def life_us(self) -> int:
        return self.life_ns // 1_000

    def slice_of(self, limit: Limit) -> int:
        """The most units that one node may hold ahead of demand; 0: every request asks the store."""
        if limit.measure is Measure.CONCURRENT:
            return max(int(limit.quantity * MOST_LEASED), 1)
        if self._late(limit) <= MOST_OVERSHOOT * limit.quantity:
            return int(min(limit.quantity, limit.most_at_once) * MOST_LEASED)
        return int(min(limit.quantity, limit.most_at_once) * MOST_OVERSHOOT / self.nodes)

    def overshoot(self, limit: Limit) -> float:
        """Units beyond the limit that any interval may admit while the store is there: see above."""
        if limit.measure is Measure.CONCURRENT:
            return 0.0
        return min(self.nodes * self.slice_of(limit), self._late(limit))

    def _late(self, limit: Limit) -> float:
        """What drains before the last of what was admitted is on the books: Q * (L + T) / W."""
        return limit.quantity * (self.life_seconds + self.timeout_seconds) / limit.window_seconds
