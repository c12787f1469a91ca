"""The set of tags that a member downloads holds what it may see and act on, and nothing of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.sharing.alliance.tag_sets import TagSets
from stillwatch.sharing.hub.markings import TLP2_IDS, Tlp
from stillwatch.sharing.stix.patterns import write_tags
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag, TagSet
from tests.sharing.hub.trying import COLLECTION, OBJECTS, Hub, indicator, seed

NOW_S = 1_795_262_400
LAST_DAY = "2027-01-30T12:00:00Z"
LEVELS = {level: id for id, level in TLP2_IDS.items()}


def tag(number: int, width: int = 16, epoch: int = 3) -> Tag:
    return Tag(Kind.EMAIL, epoch, bytes([number]) * width)


def tagged(number: int, *tags: Tag, level: Tlp = Tlp.AMBER, **more: Any) -> dict[str, Any]:
    """An indicator of these tags."""
    said = {"pattern": write_tags(tags), "confidence": 50, "valid_until": LAST_DAY}
    return indicator(number, **said, object_marking_refs=[LEVELS[level]], **more)


class Sets:
    """A hub's sets, as its members get them."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(folder, seed())
        self.now_s = NOW_S
        self.sets = TagSets(self.hub.store, lambda: self.now_s * 1_000_000)

    def post(self, name: str, *objects: dict[str, Any]) -> None:
        status = self.hub.member(name).post(OBJECTS, *objects).json()
        assert status["failure_count"] == 0, status

    def raw(self, name: str, epoch: int = 3, suspended: frozenset[str] = frozenset()) -> bytes:
        member = self.hub.store.member(name)
        assert member is not None
        collection = self.hub.store.collection("alliance", COLLECTION, member)
        assert collection is not None
        return self.sets.of([collection], member, suspended, epoch).encoded

    def numbers(self, name: str, epoch: int = 3, suspended: frozenset[str] = frozenset()) -> list[int]:
        """Of the tags in a member's set, what `tag` made them of."""
        return [int(row[0]) for row in TagSet.decode(self.raw(name, epoch, suspended)).tags]


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path)


def test_a_member_gets_what_it_may_see(sets: Sets) -> None:
    """Red is above bob's clearance: it is in his set as little as in his pages, and in alice's, who said it."""
    sets.post("alice", tagged(1, tag(1), tag(2)), tagged(2, tag(9), level=Tlp.RED))
    assert (sets.numbers("alice"), sets.numbers("bob"), sets.numbers("rita")) == ([1, 2, 9], [1, 2], [1, 2])
    assert sets.raw("bob") == sets.raw("rita")


def test_what_nobody_may_act_on_is_not_in_it(sets: Sets) -> None:
    """Withdrawn, suspended, over, of another epoch, and patterns of something else."""
    sets.post("alice", *(tagged(number, tag(number)) for number in range(1, 5)), indicator(6))
    sets.post("alice", tagged(5, tag(5, epoch=4)), {**indicator(7), "valid_until": LAST_DAY, "confidence": 50})
    sets.post("alice", tagged(1, tag(1), modified="2026-02-01T00:00:00.000Z", revoked=True))
    disputed = frozenset({indicator(2)["id"]})
    assert sets.numbers("bob", suspended=disputed) == [3, 4]
    assert sets.numbers("bob", epoch=4) == [5]
    assert sets.numbers("bob", epoch=99) == []
    sets.now_s += 70 * DAY_SECONDS
    assert sets.numbers("bob") == []


def test_a_new_version_takes_the_place_of_the_old(sets: Sets) -> None:
    """Also in the set that another member has been given before."""
    sets.post("alice", tagged(1, tag(1), tag(2)))
    assert sets.numbers("bob") == [1, 2]
    sets.post("alice", tagged(1, tag(2), modified="2026-02-01T00:00:00.000Z"))
    assert sets.numbers("bob") == [2]


def test_a_tag_of_two_members_stands_once(sets: Sets) -> None:
    """And does not tell that they were two."""
    sets.post("alice", tagged(1, tag(1)))
    alone = sets.raw("rita")
    sets.post("bob", tagged(2, tag(1)))
    assert sets.raw("rita") == alone


def test_where_somebody_has_short_tags_all_are_short(sets: Sets) -> None:
    """A short tag cannot be compared with whole ones, and is not dropped."""
    sets.post("alice", tagged(1, tag(1)), tagged(2, tag(2, width=8)))
    found = TagSet.decode(sets.raw("bob"))
    assert [row.tobytes() for row in found.tags] == [b"\x01" * 8, b"\x02" * 8]
    assert [one.own for one in found.matches([tag(2), tag(3), tag(1)], NOW_S)] == [2, 0]
