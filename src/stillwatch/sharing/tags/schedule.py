"""When a member asks: one batch at each slot, the same slots every day, whether it has something to ask or not.

The number of evaluations would otherwise say how many suspects a provider has, day by day. With a batch at every slot,
a member with 40,000 suspects and one with none look alike on the wire and in the log (`tests/sharing/tags`). What
arrives between two slots waits: at 96 a day, a quarter of an hour at most, and longer only behind a queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.identifier import Identifier

FRUITLESS_FROM = 3_000
"""Own suspects without one match. With none of 3,000 the rate of matches is below 0.1 % at 95 % (rule of three)."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Equal slots of a day, from 00:00 UTC."""

    daily_batches: int

    @property
    def length_s(self) -> float:
        return DAY_SECONDS / self.daily_batches

    def number(self, now_s: float) -> int:
        """Which slot since 1970 this is."""
        return int(now_s // self.length_s)

    def begins_s(self, number: int) -> float:
        return number * self.length_s


class Outbox:
    """Identifiers that wait for their slot, first come, first served; each waits once."""

    def __init__(self) -> None:
        self._waiting: deque[Identifier] = deque()
        self._known: set[Identifier] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, identifiers: Iterable[Identifier]) -> None:
        """What was added before is not evaluated again before the next epoch (`begin`)."""
        for identifier in identifiers:
            if identifier not in self._known:
                self._known.add(identifier)
                self._waiting.append(identifier)

    def take(self, points: int) -> list[Identifier]:
        """At most `points` that go with the next batch."""
        return [self._waiting.popleft() for _ in range(min(points, len(self._waiting)))]

    def put_back(self, taken: list[Identifier]) -> None:
        """What was taken and not evaluated waits in front again."""
        self._waiting.extendleft(reversed(taken))

    def begin(self, still: Iterable[Identifier]) -> None:
        """A new epoch: what the member still stands behind waits again, and nothing else does."""
        self._waiting.clear()
        self._known.clear()
        self.add(still)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The last comparison of a member's own tags of this epoch with the set: what tells guessing from suspecting.

    A member who enumerates asks about identifiers that nobody suspects. Its own client says so, one bit with every
    batch, padded or not; the service puts it into the log that all members read. A changed client can lie: then the
    quota is what is left.
    """

    own: int = 0
    matches: int = 0

    @property
    def is_fruitless(self) -> bool:
        return self.matches == 0 and self.own >= FRUITLESS_FROM
