"""One node's side of shared limits: what it reports, what it asks for, what it makes of answers. No input or output.

At most one batch is under way. A batch that was not answered is sent again as it was, under its number, and the store
counts a number once; so a lost reply counts nothing twice. A node that the store takes for dead comes back under
another number: its leases were counted as used, so it only reports what it overdrew, or returns.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from stillwatch.limits.ladder import Costs
from stillwatch.limits.lease import Lease
from stillwatch.limits.leased import Contact, LeasedLadder
from stillwatch.limits.limit import NANOSECONDS, Limit, Measure
from stillwatch.limits.sharing import Sharing
from stillwatch.storage import wire
from stillwatch.storage.keys import Keys

MOST_ENTRIES = 500
"""Buckets in one batch. Chosen: the store is busy with it for some 2 ms, and serves nobody else meanwhile."""
IDLE_NS = NANOSECONDS
"""A lease that nobody spent from for so long goes back. Chosen: principals pause between requests for about as long."""
RENEW_NS = 15 * NANOSECONDS
"""What is held is reported at least so often: a quarter of `KEEP` in batch.lua, after which the store forgets it."""
FIRST_SHARE = 4
"""A first request brings a quarter of a slice with it. Chosen: most principals send few requests to one node."""


@dataclass(slots=True, eq=False)
class Want:
    """A request that found its leases short."""

    ladder: LeasedLadder
    costs: Costs


class Report(NamedTuple):
    """What a batch says was spent of a lease of which the store believed that this node held `held`."""

    lease: Lease
    spent: int
    held: int


@dataclass(slots=True)
class Batch:
    """A batch under way: its bytes, and whose leases its answers are for, with what was needed of each."""

    sent: bytes
    built: int
    leases: list[tuple[Lease, int]]
    wants: list[Want]
    reports: list[Report]

    @property
    def answer_bytes(self) -> int:
        """How long its answer has to be."""
        return wire.ANSWER_BYTES * len(self.leases)


@dataclass(slots=True)
class _Draft:
    """Entries while they are put together."""

    entries: list[wire.Entry] = field(default_factory=list)
    leases: list[tuple[Lease, int]] = field(default_factory=list)
    unplanned: dict[Lease, int] = field(default_factory=dict)
    limits: dict[Limit, int] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)


class Node:
    """Reports and asks for one process. Times are in its own nanoseconds, which never go back."""

    def __init__(self, sharing: Sharing, keys: Keys, script: str = wire.BATCH_SCRIPT) -> None:
        self.contact = Contact(sharing)
        self.sharing = sharing
        self.number = 0
        self._keys = keys
        self._script = wire.digest(script)
        self._epoch = b""
        self._sent = 0
        self._under_way: Batch | None = None
        self._wants: list[Want] = []
        self._active: dict[Lease, None] = {}
        self._looked = 0
        self._restoring: set[Lease] = set()
        self._is_leaving = False

    def want(self, ladder: LeasedLadder, costs: Costs) -> Want:
        """Ask for what a request needs, all levels or none, with the next batch."""
        made = Want(ladder, costs)
        self._wants.append(made)
        return made

    @property
    def has_wants(self) -> bool:
        return bool(self._wants)

    def join(self, script: str = wire.JOIN_SCRIPT) -> bytes:
        """The command with which this node gets its number."""
        keys = (self._keys.nodes, self._keys.last, self._keys.joined, self._keys.epoch)
        numbers = (b"%d" % self.sharing.life_us, b"%d" % self.sharing.nodes)
        epoch = secrets.token_hex(8).encode()
        return wire.command(b"EVALSHA", wire.digest(script), b"4", *keys, *numbers, epoch, b"%d" % self.number)

    def joined(self, number: int, epoch: bytes, last: int, built: int, known: Iterable[Lease] = ()) -> None:
        """Start under this number. `last` is the last batch that arrived under the number before.

        `known` are all leases of this node: a store that lost its data hears what each had been used.
        """
        is_lost = bool(self._epoch) and epoch != self._epoch
        self._take_back(arrived=last == self._sent, is_lost=is_lost)
        self.number, self._epoch, self._sent, self._looked = number, epoch, 0, 0
        held = {*self._active, *(lease for ladder in self.contact.changed for lease in ladder.leases)}
        for lease in held:
            lease.lapse(is_lost=is_lost)
            lease.alone = None
        self._restoring = {x for x in known if x.empty_at > built} if is_lost else set()
        self._active = dict.fromkeys([*held, *self._restoring])
        for lease in self._active:
            lease.touched = built - RENEW_NS
        self.contact.until, self.contact.is_down = built + self.sharing.life_ns, False

    def _take_back(self, *, arrived: bool, is_lost: bool) -> None:
        """What the batch under way said is still to be said, unless it arrived, or the lapse of the lease says it."""
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        self._wants = [*under_way.wants, *self._wants]
        for lease, spent, held in [] if arrived and not is_lost else under_way.reports:
            lease.owed += spent if is_lost or spent < 0 else max(spent - held, 0)
            self._active[lease] = None

    def batch(self, now: int) -> Batch:
        """What to send: the batch that was not answered, or a new one of what changed, is wanted or is due."""
        if self._under_way is None:
            self._under_way = self._drafted(now)
        return self._under_way

    def answered(self, reply: bytes, now: int) -> list[Want]:
        """Take the answers to the batch under way; the wants that were part of it, granted or closed."""
        batch, self._under_way = self._under_way, None
        assert batch is not None  # noqa: S101 - the caller sent it
        for (lease, need), answer in zip(batch.leases, wire.answers(reply), strict=True):
            lease.held += answer.granted
            lease.credit += answer.granted
            lease.left = answer.left
            lease.empty_at = now + answer.ahead_us * 1_000 if answer.ahead_us else 0
            if need and not answer.granted and _is_short(lease, need, answer):
                self._close(lease, need, answer, now)
            if lease.held or lease.credit:
                self._active[lease] = None
        self.contact.until, self.contact.is_down = batch.built + self.sharing.life_ns, False
        return batch.wants

    def failed(self) -> list[Want]:
        """The store could not be reached: the wants, to be decided without it."""
        self.contact.is_down = True
        given_up, self._wants = self._wants, []
        if self._under_way is not None:
            given_up += self._under_way.wants
            self._under_way.wants = []
        return given_up

    def leave(self) -> bytes:
        """The command after the last report: what this node still held counts for nobody any more."""
        return wire.command(b"ZREM", self._keys.nodes, b"%d" % self.number)

    def let_go(self) -> None:
        """Return every credit with the next batches."""
        self._is_leaving, self._looked = True, 0

    @property
    def is_dirty(self) -> bool:
        """Is there more to report than one batch could take?"""
        return bool(self._wants or self.contact.changed or (self._is_leaving and self._looked == 0))

    def _close(self, lease: Lease, need: int, answer: wire.Answer, now: int) -> None:
        interval = round(self.sharing.interval_seconds * NANOSECONDS)
        wait = answer.wait_us * 1_000
        lease.close(max(lease.credit, 0) + need, wait, now, min(wait, interval) or interval)

    def _drafted(self, now: int) -> Batch:
        draft, wants = _Draft(), []
        while self._wants and len(draft.entries) < MOST_ENTRIES:
            wants.append(self._wants.pop(0))
            self._ask(draft, wants[-1], now)
        while self.contact.changed and len(draft.entries) < MOST_ENTRIES:
            ladder = self.contact.changed.pop()
            ladder.is_changed = False
            self._report(draft, ladder.leases, now)
        if now - self._looked >= IDLE_NS:
            self._looked = now
            self._report(draft, self._due(now), now)
        self._sent += 1
        numbers = (self.number, self._sent, self.sharing.life_us, 2 * self.sharing.nodes)
        limits = [wire.packed_limit(limit, self.sharing.slice_of(limit)) for limit in draft.limits]
        sent = wire.batch(self._script, (self._keys.nodes, self._keys.last), numbers, limits, draft.entries)
        return Batch(sent, now, draft.leases, wants, draft.reports)

    def _due(self, now: int) -> list[Lease]:
        """Leases that nobody spent from for a while, and those that the store would soon forget."""
        due = []
        for lease in self._active:
            idle = now - lease.touched
            if self._is_leaving or idle >= RENEW_NS or (idle >= IDLE_NS and lease.credit > 0):
                due.append(lease)
        for lease in due[:MOST_ENTRIES]:
            lease.recent = 0
            if lease.limit.measure is Measure.CONCURRENT:
                lease.held, lease.credit = lease.held - max(lease.credit, 0), min(lease.credit, 0)
        return due[:MOST_ENTRIES]

    def _report(self, draft: _Draft, leases: Iterable[Lease], now: int) -> None:
        for lease in leases:
            if lease not in draft.unplanned:
                self._add(draft, lease, wire.FIRST, 0, now)

    def _ask(self, draft: _Draft, want: Want, now: int) -> None:
        flags = wire.FIRST
        for lease, cost in want.ladder.asked(want.costs):
            self._add(draft, lease, flags, cost, now)
            flags = 0

    def _add(self, draft: _Draft, lease: Lease, flags: int, cost: int, now: int) -> None:
        """One entry; a bucket's first in a batch reports what was spent, later ones only ask."""
        place = draft.limits.setdefault(lease.limit, len(draft.limits))
        spent, hold, ask = 0, 0, 0
        if lease in draft.unplanned:
            flags |= wire.AGAIN
        else:
            held = lease.held
            spent, hold, ask = self._reported(lease, cost, now)
            draft.reports.append(Report(lease, spent, held))
            draft.unplanned[lease] = lease.credit
        planned = draft.unplanned[lease]
        need = max(cost - planned, 0)
        draft.unplanned[lease] = max(planned - cost, 0)
        ask = max(ask, need)
        if lease in self._restoring:
            self._restoring.discard(lease)
            flags, ask = flags | wire.RESTORE, max(lease.empty_at - now, 0) // 1_000
        draft.entries.append(wire.Entry(lease.key, place, flags, spent, hold, need, ask))
        draft.leases.append((lease, need))

    def _reported(self, lease: Lease, cost: int, now: int) -> tuple[int, int, int]:
        """What was spent since the last report, what is kept, and what is asked for beyond need."""
        most = self.sharing.slice_of(lease.limit)
        if lease.limit.measure is Measure.CONCURRENT:
            return self._reported_slots(lease, cost, most, now)
        spent = lease.held - lease.credit + lease.owed
        lease.owed = 0
        if spent or cost or not lease.touched:
            lease.touched = now
            lease.recent = max(spent, 0) or (most // FIRST_SHARE if cost else 0)
        target = 0 if self._is_leaving else min(most, 2 * lease.recent)
        lease.credit = lease.held = min(max(lease.credit, 0), max(target, cost))
        if not lease.held:
            self._active.pop(lease, None)
        return spent, lease.held, cost + max(target - lease.credit, 0)

    def _reported_slots(self, lease: Lease, cost: int, most: int, now: int) -> tuple[int, int, int]:
        """Open requests are held for as long as they are open; spare slots only where many are left."""
        used = lease.held - lease.credit
        spare = most if lease.left >= 2 * self.sharing.nodes else 0
        lease.credit = min(max(lease.credit, 0), max(spare, cost))
        lease.held = used + lease.credit
        lease.touched = now
        if not lease.held:
            self._active.pop(lease, None)
        return 0, lease.held, cost + spare


def _is_short(lease: Lease, need: int, answer: wire.Answer) -> bool:
    """Was it this lease that found no room, and not another level of the same request?"""
    if lease.limit.measure is Measure.CONCURRENT:
        return answer.left < need
    return answer.wait_us > 0
