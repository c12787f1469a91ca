"""What a hub takes under the alliance's rules from a partner with any TAXII client, and what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from stillwatch.sharing.alliance.admission import EXTRACTION, ExtractionAdmission
from stillwatch.sharing.governance.basis import Basis, Grounds
from stillwatch.sharing.governance.expiry import LONGEST_DAYS
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix.extension import definitions
from stillwatch.sharing.stix.identifiers import agreed
from stillwatch.sharing.stix.objects import Identity
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import MARKINGS, reference
from stillwatch.storage.hub.opening import open_alliance
from tests.sharing.governance.test_rules import TODAY
from tests.sharing.hub.trying import OBJECTS, Hub, collection, seed, user
from tests.sharing.stix.told import one_of_each

ACT = Basis(
    title="An act", since=TODAY.replace(year=2020), until=TODAY.replace(year=2099), classes=frozenset(LONGEST_DAYS)
)
ALL: dict[str, dict[str, Any]] = {one["type"]: one for one in map(msgspec.to_builtins, one_of_each())}
TECHNIQUE = msgspec.to_builtins(attack_pattern("AML.T0024.002"))


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub whose only collection is under the alliance's rules; nobody has a signer yet."""
    store = open_alliance(tmp_path / "hub.sqlite")
    grounds = Grounds(basis={"gdpr-6-1-f": ACT})
    admission = ExtractionAdmission(store, lambda: grounds, lambda: (), lambda: TODAY)
    sown = seed(collection(profile=EXTRACTION), users=[user("member-07"), user("member-08")])
    return Hub(tmp_path, sown, admissions={EXTRACTION: admission})


def outcome(hub: Hub, *objects: dict[str, Any], name: str = "member-07") -> Any:
    return hub.member(name).post(OBJECTS, *objects).json()


def refusal(hub: Hub, one: dict[str, Any], name: str = "member-07") -> str:
    status = outcome(hub, one, name=name)
    assert (status["failure_count"], status["pending_count"]) == (1, 0), status
    return str(status["failures"][0]["message"])


def test_what_travels_with_every_bundle_is_taken_from_anybody(hub: Hub) -> None:
    """TLP's markings, our extension definitions, their author, techniques: as published, without an approval."""
    published = [*MARKINGS.values(), *definitions(), TECHNIQUE]
    status = outcome(hub, *published)
    assert (status["success_count"], status["failure_count"], status["pending_count"]) == (len(published), 0, 0)
    assert hub.member("member-08").ids(match_type="extension-definition") == [one["id"] for one in definitions()[1:]]


@pytest.mark.parametrize("one", [*definitions(), TECHNIQUE], ids=lambda one: one["name"])
def test_one_of_them_that_says_something_else_is_refused(hub: Hub, one: dict[str, Any]) -> None:
    """By one letter, and by a property of its own."""
    for changed in ({**one, "name": f"{one['name']}."}, {**one, "description": "The price is $40."}):
        assert "published object" in refusal(hub, changed)


def test_an_extension_of_somebody_else_is_refused(hub: Hub) -> None:
    other = {**definitions()[1], "id": "extension-definition--11111111-1111-4111-8111-111111111111"}
    assert "not of the vocabulary" in refusal(hub, other)


def test_words_of_somebodys_own_wait_for_two_people(hub: Hub) -> None:
    """In a technique's name, a country's, and in observables, which can name a customer."""
    own = {**TECHNIQUE, "id": agreed("attack-pattern", "another"), "name": "Their questions are about law"}
    country = {**ALL["location"], "name": "The relay of the ring"}
    for one in (own, country, ALL["domain-name"], ALL["autonomous-system"], ALL["identifier-tag"]):
        assert "0 of 2 people approved it" in refusal(hub, one)
    bare = {name: value for name, value in ALL["location"].items() if name != "name"}
    assert outcome(hub, bare)["success_count"] == 1


def test_a_member_is_called_by_its_pseudonym_alone(hub: Hub) -> None:
    """An identity is not approved by anybody, so its name says who it is and nothing else."""
    own = ALL["identity"]
    assert "pseudonym" in refusal(hub, {**own, "name": "contoso-pays-40"})
    assert "pseudonym" in refusal(hub, own, name="member-08")
    other = Identity(
        id=agreed("identity", "member-08"),
        created=own["created"],
        modified=own["modified"],
        object_marking_refs=(reference(Tlp.GREEN),),
        name="member-07",
        identity_class="organization",
    )
    assert "pseudonym" in refusal(hub, msgspec.to_builtins(other))
    assert outcome(hub, own)["success_count"] == 1
