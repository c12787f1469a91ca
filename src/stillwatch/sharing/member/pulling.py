"""Taking in what the alliance published: everything new, strictly read, ended things deleted, withdrawals acknowledged.

Each pull also keeps the hub's newest signed head, and checks that the head before is still in the record's past where
the caller asks for it (`check_record`). What is not of the vocabulary is counted and not kept: a member acts on what it
understands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import UNSET

from stillwatch.decision.journal import GENESIS, digest_of
from stillwatch.errors import JournalBroken, StillwatchError
from stillwatch.sharing.alliance.acknowledgement import acknowledge
from stillwatch.sharing.governance.head import Head, check_head
from stillwatch.sharing.member.hub_client import HubClient, HubUnreachable, Page
from stillwatch.sharing.member.inbox import Inbox, Received
from stillwatch.sharing.signing import MACHINE
from stillwatch.sharing.stix.bundle import BundleRefused, read_object
from stillwatch.sharing.stix.objects import Indicator, Object, StixObject
from stillwatch.sharing.taxii.strict_json import read_strictly
from stillwatch.sharing.taxii.timestamps import read_us

ADDED_AFTER = "added after"
"""The fact of an inbox that says where a pull goes on."""

MOST_OFF_US = 10 * 60 * 1_000_000
"""What clocks may differ by. What ends is counted in days; a clock far ahead would delete all of it for good."""


class ClockOff(StillwatchError):
    """The clock here and the hub's differ; what ends by a date cannot be judged."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull brought. `refused`: objects that are not of the vocabulary."""

    new: int
    withdrawn: int
    refused: int
    ended: int
    acknowledged: int


def pull(hub: HubClient, inbox: Inbox, member: str, machine: Ed25519PrivateKey, now_us: int) -> Pulled:
    """Take in what is new.

    Raises `HubUnreachable`, `HubRefuses`, and `ClockOff` before anything is deleted or signed by a clock that is off;
    what was taken in before that stays.
    """
    new = withdrawn = refused = hub_us = 0
    for page in _pages(hub, inbox):
        hub_us = page.hub_us
        read = [received(bytes(raw)) for raw in page.objects]
        refused += read.count(None)
        taken = [one for one in read if one is not None and inbox.take(one)]
        withdrawn += sum(one.is_revoked for one in taken)
        new += len(taken)
    _check_clock(now_us, hub_us)
    ended = inbox.purge(now_us)
    inbox.keep_standings(hub.standings(), now_us)
    head = hub.head()
    inbox.keep_head(head.number, msgspec.json.encode(head))
    return Pulled(new, withdrawn, refused, ended, _acknowledge(hub, inbox, member, machine, now_us))


def check_record(hub: HubClient, inbox: Inbox, record_key: bytes) -> int:
    """How many entries the hub's record has, if it is whole and holds every head that we kept.

    Raises `JournalBroken` that names the entry or the head.
    """
    key, seen, number, previous = Ed25519PublicKey.from_public_bytes(record_key), {0: GENESIS}, 0, GENESIS
    for entry in hub.log():
        number += 1
        if entry.number != number or entry.previous != previous or digest_of(entry) != entry.digest:
            raise JournalBroken(f"entry {number} of the hub's record does not follow from the one before it")
        previous = seen[number] = entry.digest
    for body in inbox.heads():
        head = msgspec.json.decode(body, type=Head)
        check_head(head, key)
        if seen.get(head.number) != head.digest:
            raise JournalBroken(f"the hub's record has not the entry {head.number} that it signed for us")
    return number


def _check_clock(now_us: int, hub_us: int) -> None:
    off_minutes = (now_us - hub_us) // 60_000_000
    if hub_us and abs(now_us - hub_us) > MOST_OFF_US:
        way = "ahead of" if off_minutes > 0 else "behind"
        problem = f"the clock here is {abs(off_minutes):,} minutes {way} the hub's; nothing was deleted or acknowledged"
        raise ClockOff(problem, "Set the clock, and pull again")


def _pages(hub: HubClient, inbox: Inbox) -> Iterator[Page]:
    """Page after page; what is done with one and the place behind it become durable together."""
    after, next, more = inbox.fact(ADDED_AFTER), "", True
    while more:
        page = hub.page(after, next)
        with inbox.together():
            yield page
            if page.last:
                inbox.remember(ADDED_AFTER, page.last)
        if page.more and page.next == next:
            raise HubUnreachable("the hub's pages lead nowhere", "Tell its operator")
        next, more = page.next, page.more and bool(page.objects)


def received(raw: bytes) -> Received | None:
    """An object as an inbox keeps it; None for what is not of the vocabulary."""
    try:
        found = read_object(read_strictly(raw))
    except (BundleRefused, ValueError):
        return None
    stored = msgspec.json.format(raw, indent=-1)
    digest = hashlib.sha256(stored).hexdigest()
    if not isinstance(found, Object):
        return Received(found.id, _kind(found), 0, digest, None, False, stored)
    is_revoked = found.revoked is True
    return Received(found.id, _kind(found), read_us(found.modified), digest, _until_us(found), is_revoked, stored)


def _kind(found: StixObject) -> str:
    return str(found.__struct_config__.tag)


def _until_us(found: Object) -> int | None:
    """When it has to be deleted; None for what only names something."""
    if found.extensions is UNSET:
        return None
    ends = [found.extensions.extraction.retention_until]
    return max(map(read_us, [*ends, found.valid_until] if isinstance(found, Indicator) else ends))


def _acknowledge(hub: HubClient, inbox: Inbox, member: str, machine: Ed25519PrivateKey, now_us: int) -> int:
    owed = inbox.owed()
    for digest in owed:
        hub.acknowledge(acknowledge(digest, member, MACHINE, now_us, machine))
        inbox.acknowledged(digest)
    return len(owed)
