"""Who may see what: every TLP level, audience and role against each other, and what a member may not see is nowhere.

The expected answer is worked out here from the words of TLP 2.0, not by the code under test.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from stillwatch.sharing.hub.definitions import AUDIENCE_EXTENSION
from stillwatch.sharing.hub.markings import TLP1_IDS, TLP2_EXTENSION, TLP2_IDS, Tlp
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import MANIFEST, OBJECTS, ROOT, Hub, collection, indicator, seed, user

LEVELS = ["clear", "green", "amber", "amber+strict", "red"]
"""From open to closed."""
MEMBERS = {
    "alice": ("writer", "amber+strict"),
    "bob": ("writer", "amber"),
    "carol": ("writer", "clear"),
    "rita": ("reader", "green"),
    "ruth": ("reader", "red"),
    "admin": ("admin", "amber+strict"),
}
AUDIENCES: list[list[str] | None] = [None, ["bob"], ["rita", "carol"], ["ruth"]]
TLPS = [None, *TLP2_IDS, *TLP1_IDS]
NAMED = {id: level.name.lower().replace("_", "+") for id, level in (TLP2_IDS | TLP1_IDS).items()}


def audience(number: int, *names: str, **more: Any) -> dict[str, Any]:
    """A marking definition for these members."""
    extension = {"extension_type": "property-extension", "audience": list(names), **more}
    return marking(number, extensions={AUDIENCE_EXTENSION: extension})


def marking(number: int, **content: Any) -> dict[str, Any]:
    """A marking definition."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{number:08x}-0000-4000-8000-000000000000",
        "created": "2026-01-01T00:00:00.000Z",
        **content,
    }


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """One open collection and a member of each kind."""
    users = [user(name, role, clearance=clearance) for name, (role, clearance) in MEMBERS.items()]
    return Hub(tmp_path, seed(users=users))


def cases() -> list[tuple[dict[str, Any], set[str]]]:
    """An object for each level and audience, contributed by alice, and who may see it."""
    found = []
    for number, (tlp, names) in enumerate(itertools.product(TLPS, AUDIENCES), start=1):
        refs = [tlp] if tlp else []
        if names:
            refs.append(audience(AUDIENCES.index(names), *names)["id"])
        level = LEVELS.index(NAMED[tlp]) if tlp else 0
        cleared = {name for name, (_, clearance) in MEMBERS.items() if LEVELS.index(clearance) >= level}
        found.append((indicator(number, object_marking_refs=refs), {"alice"} | (cleared & set(names or MEMBERS))))
    return found


@pytest.fixture(scope="module")
def marked(database: None, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub with an object of each case, posted by alice."""
    users = [user(name, role, clearance=clearance) for name, (role, clearance) in MEMBERS.items()]
    hub = Hub(tmp_path_factory.mktemp("marked"), seed(users=users))
    definitions = [audience(number, *names) for number, names in enumerate(AUDIENCES) if names]
    posted = hub.member("alice").post(OBJECTS, *(one for one, _ in cases()), *definitions).json()
    assert posted["success_count"] == len(cases()) + len(definitions)
    return hub


@clause("1.6.9 omission")
@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_is_shown_what_it_may_see_and_not_a_trace_of_the_rest(marked: Hub, name: str) -> None:
    """Forty kinds of marking: in objects, manifest, versions, by id, by filter, in pages, and for deletion."""
    member = marked.member(name)
    seen = [one["id"] for one, who in cases() if name in who]
    hidden = [one["id"] for one, who in cases() if name not in who]
    for path, version in itertools.product((OBJECTS, MANIFEST), ("last", "first", "all")):
        assert member.ids(path, match_type="indicator", match_version=version) == seen
        assert member.ids(path, match_id=",".join(hidden) or "none", match_version=version) == []
    for id in hidden[::3]:
        one = f"{OBJECTS}{id}/"
        assert [member.get(path).status_code for path in (one, f"{one}versions/")] == [404, 404]
        assert member.delete(one).status_code in (403, 404)
    assert pages(marked, name) == seen
    assert marked.member("alice").ids(match_type="indicator") == [one["id"] for one, _ in cases()]


def pages(hub: Hub, name: str) -> list[str]:
    """The indicators that a member gets in small pages; the last one says that there are no more."""
    seen, parameters = [], {"limit": "3", "match_type": "indicator"}
    while True:
        page = hub.member(name).get(OBJECTS, **parameters).json()
        seen += [one["id"] for one in page["objects"]]
        if not page["more"]:
            return seen
        parameters["next"] = page["next"]


def test_the_last_version_that_a_member_may_see_is_its_last(hub: Hub) -> None:
    """A newer one above its clearance changes nothing: neither what it is shown nor how many there are."""
    red = next(id for id, level in TLP2_IDS.items() if level is Tlp.RED)
    newer = indicator(1, modified="2026-02-01T00:00:00.000Z", object_marking_refs=[red])
    hub.member("alice").post(OBJECTS, indicator(1), newer)
    one = f"{OBJECTS}{indicator(1)['id']}/"
    assert hub.member("bob").get(one).json()["objects"] == [indicator(1)]
    assert hub.member("bob").get(f"{one}versions/").json()["versions"] == [indicator(1)["modified"]]
    assert hub.member("ruth").get(one).json()["objects"] == [newer]


def test_what_a_member_may_not_see_does_not_show_in_media_types(hub: Hub) -> None:
    """A hidden object of STIX 2.0 leaves no 2.0 behind."""
    hub.member("alice").post(OBJECTS, audience(1, "bob"))
    old = {**indicator(1), "object_marking_refs": [audience(1)["id"]]}
    del old["spec_version"]
    hub.member("alice").post(OBJECTS, old)
    counts = {name: len(hub.member(name).get(ROOT).json()["media_types"]) for name in ("alice", "bob", "carol")}
    assert counts == {"alice": 2, "bob": 2, "carol": 1}


def test_a_cursor_says_nothing_of_what_is_hidden(hub: Hub) -> None:
    """Its text differs each time and holds no row number in the clear; steps between dates are random."""
    hub.member("alice").post(OBJECTS, *(indicator(number) for number in range(400)))
    bob = hub.member("bob")
    cursors = {bob.get(OBJECTS, limit="1").json()["next"] for _ in range(5)}
    assert len(cursors) == 5
    dates = [int(re.sub(r"\D", "", one["date_added"])) for one in bob.get(MANIFEST).json()["objects"]]
    steps = {after - before for before, after in itertools.pairwise(dates)}
    assert len(steps) > 8, "of 16 lengths, 400 draws miss eight with a chance below 1e-100"


def test_a_marking_that_nobody_defined_keeps_an_object_to_its_contributor(hub: Hub) -> None:
    """It might mean anything; the contributor is told, and not even a member cleared for RED is shown it."""
    posted = hub.member("alice").post(OBJECTS, indicator(1, object_marking_refs=[audience(9)["id"]])).json()
    assert "only you see it" in posted["successes"][0]["message"]
    assert {name for name in MEMBERS if hub.member(name).ids()} == {"alice"}


def test_nobody_can_loosen_the_marking_of_another(hub: Hub) -> None:
    """Bob defines alice's marking for everybody, before or after her; her objects stay with whom she named."""
    for number, order in enumerate(([("bob", "carol"), ("alice", "ruth")], [("alice", "ruth"), ("bob", "carol")])):
        for name, named in order:
            hub.member(name).post(OBJECTS, audience(number + 50, named))
        hub.member("alice").post(OBJECTS, indicator(number, object_marking_refs=[audience(number + 50)["id"]]))
    assert hub.member("carol").ids(match_type="indicator") == []
    assert len(hub.member("ruth").ids(match_type="indicator")) == 2


def test_a_definition_does_not_change(hub: Hub) -> None:
    """Who could widen an audience later would show what was given under the narrow one."""
    alice = hub.member("alice")
    first, wider = audience(1, "bob"), {**audience(1, "bob", "carol"), "created": "2026-05-01T00:00:00.000Z"}
    assert alice.post(OBJECTS, first).json()["failure_count"] == 0
    assert "definitions do not change" in alice.post(OBJECTS, wider).json()["failures"][0]["message"]
    assert alice.post(OBJECTS, audience(2, "bob"), audience(2, "carol")).json()["failure_count"] == 1
    assert alice.post(OBJECTS, first).json()["failure_count"] == 0


@pytest.mark.parametrize(
    "forged",
    [
        {**marking(0), "id": next(iter(TLP2_IDS)), "definition_type": "tlp", "definition": {"tlp": "red"}},
        {**marking(0), "id": list(TLP2_IDS)[4], "extensions": {TLP2_EXTENSION: {"tlp_2_0": "clear"}}},
        {**marking(0), "id": list(TLP2_IDS)[4], "definition_type": "statement", "definition": {"statement": "free"}},
        marking(1, definition_type="tlp", definition={"tlp": "white"}),
        marking(1, extensions={TLP2_EXTENSION: {"tlp_2_0": "green"}}),
        marking(1, definition_type="tlp", definition={"tlp": "ultraviolet"}),
        marking(1, definition_type="tlp", definition={"tlp": ["red"]}),
        marking(1, definition_type="tlp", definition={"tlp": "red"}, extensions={TLP2_EXTENSION: {"tlp_2_0": "clear"}}),
        audience(1),
        audience(1, ""),
        audience(1, "bob", permitted_actions="anything"),
        marking(1, extensions={AUDIENCE_EXTENSION: "everybody"}),
        marking(1, extensions={AUDIENCE_EXTENSION: {"audience": "bob"}}),
    ],
)
def test_a_forged_marking_is_refused(hub: Hub, forged: dict[str, Any]) -> None:
    """An official id with another content, an official level under an id of one's own, an audience of nobody."""
    posted = hub.member("alice").post(OBJECTS, forged).json()
    assert posted["failure_count"] == 1
    assert posted["failures"][0]["message"].startswith("forged marking")


def test_official_definitions_are_taken_as_they_are_published(hub: Hub) -> None:
    """Both versions of TLP, and a statement, which restricts nothing."""
    tlp2 = [
        {
            **marking(0),
            "id": id,
            "extensions": {TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": name}},
        }
        for id, name in zip(TLP2_IDS, LEVELS, strict=True)
    ]
    tlp1 = [
        {**marking(0), "id": id, "definition_type": "tlp", "definition": {"tlp": name}}
        for id, name in zip(TLP1_IDS, ["white", "green", "amber", "red"], strict=True)
    ]
    statement = marking(1, definition_type="statement", definition={"statement": "(c) alice"})
    marked = indicator(1, object_marking_refs=[statement["id"]])
    posted = hub.member("alice").post(OBJECTS, *tlp2, *tlp1, marked, statement).json()
    assert (posted["success_count"], posted["failure_count"]) == (11, 0)
    assert hub.member("carol").ids(match_type="indicator") == [marked["id"]]


def test_a_marking_of_a_part_is_one_of_the_whole(hub: Hub) -> None:
    """A granular marking counts as if it were the object's: objects are handed out whole."""
    red = list(TLP2_IDS)[4]
    hub.member("alice").post(OBJECTS, indicator(1, granular_markings=[{"selectors": ["name"], "marking_ref": red}]))
    assert [name for name in MEMBERS if hub.member(name).ids()] == ["alice", "ruth"]


def test_the_strictest_of_several_markings_counts(hub: Hub) -> None:
    """The highest level, and of audiences what they have in common."""
    green, strict = list(TLP2_IDS)[1], list(TLP2_IDS)[3]
    refs = [green, strict, audience(1)["id"], audience(2)["id"]]
    alice = hub.member("alice")
    alice.post(
        OBJECTS, audience(1, "bob", "ruth"), audience(2, "ruth", "carol"), indicator(1, object_marking_refs=refs)
    )
    assert [name for name in MEMBERS if hub.member(name).ids(match_type="indicator")] == ["alice", "ruth"]


def test_the_operator_s_definitions_hold_for_all(tmp_path: Path) -> None:
    """A seeded marking is understood in every member's objects, and no member can say otherwise."""
    users = [user(name, role, clearance=clearance) for name, (role, clearance) in MEMBERS.items()]
    hub = Hub(tmp_path, seed(collection(objects=[audience(1, "ruth")]), users=users))
    bob = hub.member("bob")
    assert bob.post(OBJECTS, audience(1, "carol")).json()["failure_count"] == 1
    bob.post(OBJECTS, indicator(1, object_marking_refs=[audience(1)["id"]]))
    assert [name for name in MEMBERS if hub.member(name).ids(match_type="indicator")] == ["bob", "ruth"]


def test_a_member_is_told_its_markings(hub: Hub) -> None:
    """Role, clearance, which levels it is shown, and the audiences that name it with what they permit."""
    hub.member("alice").post(OBJECTS, audience(1, "rita", permitted_actions="internally-visible"), audience(2, "bob"))
    told = hub.member("rita").get("/alliance/my-markings/").json()
    assert (told["member"], told["role"], told["clearance"]) == ("rita", "reader", "TLP:GREEN")
    assert {one["name"]: one["shown"] for one in told["tlp"]} == {
        "TLP:CLEAR": True,
        "TLP:GREEN": True,
        "TLP:AMBER": False,
        "TLP:AMBER+STRICT": False,
        "TLP:RED": False,
    }
    assert told["audiences"] == [
        {"id": audience(1)["id"], "defined_by": "alice", "permitted_actions": "internally-visible"}
    ]
