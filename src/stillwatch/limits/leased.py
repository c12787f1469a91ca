"""Admission on shared limits from what this node holds: no round trip, no waiting, the same answer shapes as `Ladder`.

Where a lease is short, the answer is `Unleased`: ask the store and try again. Where the store said a moment ago that
there is no room, the answer is an ordinary refusal, so a principal at its limit cannot make a node ask for each try.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import COUNTED, NOTHING, Costs, Ladder, Refusal, most_output
from stillwatch.limits.lease import Lease
from stillwatch.limits.limit import NANOSECONDS, Measure
from stillwatch.limits.sharing import Sharing
from stillwatch.limits.slots import Slots

_PLACE = {measure: place for place, measure in enumerate(COUNTED)}
NO_STORE_WAIT_NS = NANOSECONDS
"""What a level that fails closed tells a client to wait. Chosen: nodes try the store again about as often."""


@dataclass(frozen=True, slots=True)
class Unleased(Refusal):
    """This node holds too little of the limit; the store may have more. Not for clients."""


@dataclass(frozen=True, slots=True)
class StoreAway(Refusal):
    """The store cannot be reached, and this level fails closed: nobody knows what is left of the limit."""


@dataclass(slots=True)
class Contact:
    """A node's standing with its store. Leases are good until `until`; `is_down` when the last try failed."""

    sharing: Sharing
    until: int = 0
    is_down: bool = False
    changed: list[LeasedLadder] = field(default_factory=list)


class LeasedLadder(Ladder):
    """The leases that bind one principal. One owner at a time, as with any ladder."""

    __slots__ = ("_contact", "_learned", "_places", "_slots", "is_changed", "leases")

    def __init__(self, contact: Contact, leases: Sequence[Lease]) -> None:
        counted = [lease for lease in leases if lease.limit.measure is not Measure.CONCURRENT]
        self._slots = tuple(lease for lease in leases if lease.limit.measure is Measure.CONCURRENT)
        self._places = tuple((lease, _PLACE[lease.limit.measure]) for lease in counted)
        self._learned = tuple(lease for lease in counted if lease.limit.measure is Measure.NEW_INFORMATION)
        self._contact = contact
        self.leases = tuple(leases)
        self.is_changed = False
        self.telling = None
        # Callers read `limit`, `remaining` and `reset` of buckets, and hold and release slots: leases answer to both.
        self.buckets = cast("tuple[Bucket, ...]", tuple(counted))
        self.slots = cast("tuple[Slots, ...]", self._slots)
        self.most_output = most_output(lease.limit for lease in leases)

    def admit(self, costs: Costs, now: int) -> Refusal | None:
        """Spend these costs on every level and return None; or change nothing and say which limit is in the way."""
        if now >= self._contact.until:
            return self._admit_alone(costs, now)
        for lease, place in self._places:
            if lease.credit < costs[place]:
                return self._short(costs, now)
        for slot in self._slots:
            if slot.credit < 1:
                return self._short(costs, now)
        for lease in self._learned:  # nothing of it is asked for beforehand, so no lease can run short
            if wait := lease.overdrawn(now):
                return Refusal(lease.limit, wait)
        for lease, place in self._places:
            lease.credit -= costs[place]
        if not self.is_changed:
            self._mark()
        return None

    def settle(self, reserved: Costs, used: Costs, now: int) -> None:
        """Replace what was reserved by what was used, as `Ladder.settle`."""
        is_alone = now >= self._contact.until
        for lease, place in self._places:
            more = used[place] - reserved[place]
            if not is_alone:
                lease.credit -= more
            elif more:
                self._use_alone(lease, more, now)
        if not self.is_changed:
            self._mark()

    def extend(self, tokens: int, now: int) -> int:
        """As `Ladder.extend`: hard limits give what this node holds, and its share of what the store said is left.

        A stream cannot wait for the store. What others took since then may be given a second time here.
        """
        is_alone = now >= self._contact.until
        granted = tokens
        hard = [lease for lease in self.leases if lease.limit.is_hard]
        for lease in hard:
            granted = min(granted, self._left_alone(lease, now) if is_alone else self._left_here(lease))
        if granted <= 0:
            return 0
        for lease in hard:
            lease.left -= max(granted - max(lease.credit, 0), 0)
        self.settle(NOTHING, (0, 0, granted, 0), now)
        return granted

    def short_of(self, tokens: int) -> LeasedLadder | None:
        """The hard limits of which this node holds less than so many output tokens, to ask for more; None for none."""
        short = [lease for lease in self.leases if lease.limit.is_hard and lease.credit < tokens]
        return LeasedLadder(self._contact, short) if short else None

    def is_idle(self, now: int) -> bool:
        """Nothing is held, owed or known to be used, so forgetting this ladder forgives nothing."""
        return not self.is_changed and not any(
            lease.held or lease.credit or lease.owed or lease.empty_at > now for lease in self.leases
        )

    def asked(self, costs: Costs) -> Iterator[tuple[Lease, int]]:
        """Each lease with what a request of these costs needs of it."""
        for lease in self.leases:
            measure = lease.limit.measure
            yield lease, 1 if measure is Measure.CONCURRENT else costs[_PLACE[measure]]

    def _mark(self) -> None:
        self.is_changed = True
        self._contact.changed.append(self)

    def _short(self, costs: Costs, now: int) -> Refusal | None:
        short = [(lease, cost) for lease, cost in self.asked(costs) if lease.credit < cost]
        closed = [lease for lease, cost in short if lease.is_closed(cost, now)]
        if not closed and self._contact.is_down:
            return self._admit_alone(costs, now)
        if not closed:
            return Unleased(short[0][0].limit, 0)
        last = max(closed, key=lambda lease: lease.free_at)
        return Refusal(last.limit, max(last.free_at - now, 0))

    def _admit_alone(self, costs: Costs, now: int) -> Refusal | None:
        """Without a store: levels that fail open keep to this node's share of the limit, others refuse."""
        if not self.leases:
            return None
        if not self._contact.is_down:
            return Unleased(self.leases[0].limit, 0)
        refusals = [refusal for lease, cost in self.asked(costs) if (refusal := self._alone_refusal(lease, cost, now))]
        if refusals:
            return max(refusals, key=lambda refusal: refusal.wait_ns)
        for lease, place in self._places:
            self._use_alone(lease, costs[place], now)
        if not self.is_changed:
            self._mark()
        return None

    def _alone_refusal(self, lease: Lease, cost: int, now: int) -> Refusal | None:
        sharing, limit = self._contact.sharing, lease.limit
        if limit.level not in sharing.open_levels:
            return StoreAway(limit, NO_STORE_WAIT_NS)
        if limit.measure is Measure.CONCURRENT:
            is_free = lease.held - lease.credit < max(int(limit.quantity * sharing.alone_share), 1)
            return None if is_free else Refusal(limit, 0)
        wait = lease.on_its_own(sharing.alone_share).wait(cost, now)
        return Refusal(limit, wait) if wait else None

    def _left_here(self, lease: Lease) -> int:
        return max(lease.credit, 0) + max(lease.left, 0) // self._contact.sharing.nodes

    def _left_alone(self, lease: Lease, now: int) -> int:
        sharing = self._contact.sharing
        is_open = lease.limit.level in sharing.open_levels
        return lease.on_its_own(sharing.alone_share).remaining(now) if is_open else 0

    def _use_alone(self, lease: Lease, units: int, now: int) -> None:
        lease.owed += units
        bucket = lease.on_its_own(self._contact.sharing.alone_share)
        if units >= 0:
            bucket.take(units, now)
        else:
            bucket.give_back(-units)
