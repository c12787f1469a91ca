"""Who newly sends a campaign's wrapper is found in the next rows; nobody else is, however the rows came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from end_to_end.worlds import (
    DAY_US,
    DAYS,
    Sender,
    World,
    dealt_out,
    invented,
    invented_chats,
    people,
    seeded,
    vocabulary,
)
from end_to_end.wrappers import MAKE_ITEMS

from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Pseudonymiser
from stillwatch.tracer.members import FEWEST_JOINERS, Members, most_joiners
from stillwatch.tracer.seen import Seen

from .place import RING, SECRET, Place, sketched

PSEUDONYM = Pseudonymiser(SECRET, "account")


def later(senders: Sequence[Sender], seed: int) -> list[dict[str, Any]]:
    """What they send after everything that the look saw."""
    rows = World(tuple(senders)).rows(seed)
    return [{**row, "ts_us": row["ts_us"] + DAYS * DAY_US} for row in rows]


def newcomers(conversations: int, chats: int = 0) -> list[Sender]:
    """Three new accounts of the operator, with some conversations of their own among them."""
    rng = seeded(77)
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 25 * 3)
    made = [replace(sender, account=f"new-{sender.account}") for sender in dealt_out("ring", pool, rng)]
    own = people("cover", invented_chats(rng, 100), 25, rng)
    return [
        replace(one, sends=(*one.sends[:conversations], *(c[:1] for c in other.sends[:chats])))
        for one, other in zip(made, own, strict=False)
    ]


class Watch:
    """Members of the world's one campaign, after the look at it."""

    def __init__(self, place: Place, seen: Seen) -> None:
        self.folder, self.ledger = place.home.folder, place.ledger
        (campaign,) = seen.campaigns
        self.campaign = campaign.id
        self.known = {campaign.id: [PSEUDONYM(name) for name in campaign.acted]}
        self.members = Members(Ledger.open(place.ledger))
        self.members.adopt(seen.wrappers, seen.segments, seen.last_us)
        self.logs = 0

    def add(self, rows: list[dict[str, Any]]) -> None:
        self.logs += 1
        sketched(rows, self.folder / f"later-{self.logs}.jsonl", self.ledger)

    def joins(self) -> dict[int, tuple[int, int]]:
        found = self.members.joining({self.campaign}, self.known)
        return {one.account: (one.matching, one.conversations) for one in found}


@pytest.fixture
def watch(place: Place, seen: Seen) -> Watch:
    return Watch(place, seen)


def pseudonyms(senders: Sequence[Sender]) -> set[int]:
    return {PSEUDONYM(sender.account) for sender in senders}


def test_nothing_new_is_nobody(watch: Watch) -> None:
    assert watch.joins() == {}


def test_new_accounts_that_send_the_wrapper_join_with_the_counts(watch: Watch) -> None:
    senders = newcomers(conversations=5)
    watch.add(later(senders, 1))
    assert watch.joins() == dict.fromkeys(pseudonyms(senders), (5, 5))


def test_two_conversations_are_an_accident_and_the_third_joins(watch: Watch) -> None:
    """Whatever commits they come in."""
    rows = later(newcomers(conversations=3)[:1], 1)
    watch.add(rows[:1])
    assert watch.joins() == {}
    watch.add(rows[1:2])
    assert watch.joins() == {}
    watch.add(rows[2:])
    assert list(watch.joins().values()) == [(3, 3)]


def test_who_mostly_sends_something_else_is_left_to_looks(watch: Watch) -> None:
    watch.add(later(newcomers(conversations=5, chats=6), 1))
    assert watch.joins() == {}


def test_a_past_of_other_conversations_counts_against_joining(watch: Watch) -> None:
    """An account of the world that begins with the wrapper late has been there before."""
    (one, *_) = newcomers(conversations=3)
    watch.add(later([replace(one, account="person-00")], 1))
    assert watch.joins() == {}


def test_nobody_of_the_world_joins_whatever_they_send_again(watch: Watch) -> None:
    """Honest accounts of every kind, once more; the ring is known already."""
    from .place import SEED, a_world

    world = a_world(seeded(SEED))
    watch.add(later([sender for sender in world.senders if sender.account not in RING], 2))
    assert watch.joins() == {}


def test_a_compaction_between_loses_nobody_and_counts_nobody_twice(watch: Watch) -> None:
    rows = later(newcomers(conversations=4)[:1], 1)
    watch.add(rows[:2])
    assert watch.joins() == {}
    watch.add(rows[2:])
    Ledger.open(watch.ledger).compact()
    assert list(watch.joins().values()) == [(4, 4)]


def test_only_campaigns_with_a_verdict_are_watched(watch: Watch) -> None:
    watch.add(later(newcomers(conversations=5), 1))
    assert watch.members.joining(set(), watch.known) == []


def test_who_is_known_is_not_found_again(watch: Watch) -> None:
    senders = newcomers(conversations=5)
    watch.add(later(senders, 1))
    watch.known[watch.campaign] += pseudonyms(senders)
    assert watch.joins() == {}


def test_whom_a_look_saw_sending_it_and_let_go_is_left_alone(place: Place, seen: Seen) -> None:
    """Until a later look has it in the campaign."""
    senders = newcomers(conversations=6)[:1]
    rows = later(senders, 1)
    watch = Watch(place, seen)
    watch.add(rows[:3])
    watch.members.adopt(seen.wrappers, seen.segments, rows[2]["ts_us"])
    watch.add(rows[3:])
    assert watch.joins() == {}
    ring = np.sort(np.append(seen.wrappers[0].ring, PSEUDONYM(senders[0].account)))
    watch.members.adopt([replace(seen.wrappers[0], ring=ring)], seen.segments, rows[2]["ts_us"])
    assert list(watch.joins().values()) == [(6, 6)]


def test_a_damaged_segment_keeps_nobody_else_from_being_found(watch: Watch) -> None:
    """Of five conversations on several days the four in other segments are enough."""
    watch.add(later(newcomers(conversations=5)[:1], 1))
    last = Ledger.open(watch.ledger).segments()[-1]
    file = watch.ledger / "segments" / last.name
    content = bytearray(file.read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)  # pages of every column that is read
    file.write_bytes(bytes(content))
    ((matching, conversations),) = watch.joins().values()
    assert matching == conversations == 5 - last.rows


def test_the_sentence_says_how_often(watch: Watch) -> None:
    watch.add(later(newcomers(conversations=5)[:1], 1))
    (one,) = watch.members.joining({watch.campaign}, watch.known)
    assert one.reason == f"sends the wrapper of campaign {watch.campaign} in 5 of 5 conversations"


def test_no_more_join_between_two_looks_than_a_campaign_has_accounts() -> None:
    assert [most_joiners(ring) for ring in (4, 300)] == [FEWEST_JOINERS, 300]


def test_without_a_look_nobody_joins(place: Place) -> None:
    assert Members(Ledger.open(place.ledger)).joining({"C-1"}, {}) == []
