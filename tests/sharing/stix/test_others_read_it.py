"""OASIS' library and validator, and MISP's converter, read what we write; what is acted on survives."""

from __future__ import annotations

import json
import re
from typing import Any

from stillwatch.sharing.hub.definitions import AUDIENCE_EXTENSION
from stillwatch.sharing.stix import atlas, bundle
from stillwatch.sharing.stix.extension import definitions
from stillwatch.sharing.stix.objects import Campaign, Indicator, Note, OpinionObject, Sighting, StixObject
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import MARKINGS
from stillwatch.sharing.stix.vocabulary import Confidence, Opinion
from stillwatch.sharing.taxii.timestamps import read_us
from tests.sharing.stix.asking import asked
from tests.sharing.stix.told import MEMBER, one_of_each, said, told

AUDIENCE = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--6e0f1c52-8a3d-4b9e-9f57-2d41c8a7b0e3",
    "created": "2026-11-21T00:00:00.000Z",
    "name": "For two members",
    "extensions": {
        AUDIENCE_EXTENSION: {
            "extension_type": "property-extension",
            "audience": ["member-02", "member-07"],
            "permitted_actions": "internally-visible",
        }
    },
}
CAMPAIGN = bundle.write(told()).decode()


def whole() -> str:
    """One bundle of every type, every technique, marking and definition, and a campaign as it is told."""
    objects = [*one_of_each(), *told(), *map(attack_pattern, atlas.TECHNIQUES)]
    once = {one.id: json.loads(bundle.write_object(one)) for one in objects}
    listed = [*MARKINGS.values(), *definitions(), AUDIENCE, *once.values()]
    return json.dumps({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": listed})


def answered() -> str:
    """The campaign with what another member says of it and of its first indicator."""
    objects = told()
    indicator = next(one for one in objects if isinstance(one, Indicator))
    campaign = next(one for one in objects if isinstance(one, Campaign))
    answers: list[StixObject] = []
    for of in (indicator.id, campaign.id):
        seen: dict[str, Any] = {
            "sighting_of_ref": of,
            "count": 10,
            "where_sighted_refs": (MEMBER,),
            "confidence": Confidence.LOW,
        }
        answers.append(Sighting(**said("sighting"), **seen))
        answers.append(OpinionObject(**said("opinion"), opinion=Opinion.DISAGREE, object_refs=(of,)))
        answers.append(Note(**said("note"), content="The account holder objected.", object_refs=(of,)))
    return bundle.write([*objects, *answers]).decode()


def instants(value: Any) -> Any:
    """Times as numbers: the library writes fewer zeros behind the second."""
    if isinstance(value, dict):
        return {name: instants(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [instants(inner) for inner in value]
    return read_us(value) if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value) else value


def test_the_validator_finds_no_error() -> None:
    """Not one, in any object of any type, its definitions and markings included; in a damaged copy it finds one."""
    damaged = CAMPAIGN.replace("2026-03-01T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z")
    errors, control = asked("validator", f"[{whole()}, {damaged}]")
    assert errors == []
    assert control != []


def test_stix2_reads_and_writes_every_property() -> None:
    """Parsed and written by OASIS' library, each object has the same properties and values, and we read it again."""
    ours = whole()
    again = asked("stix2", ours)
    assert instants(again["objects"]) == instants(json.loads(ours)["objects"])
    assert len(bundle.read(json.dumps(again).encode()).objects) == len(again["objects"]) - len(MARKINGS) - 5


def test_misp_keeps_what_is_acted_on() -> None:
    """MISP's converter makes an event with the campaign's name, its patterns whole, its marking and labels."""
    event = asked("misp", CAMPAIGN)
    assert event["errors"] == {}
    assert re.fullmatch("Extraction campaign [A-Z]{6}", event["name"])
    assert {"tlp:amber", "llm-extraction"} <= set(event["tags"])
    patterns = {one["pattern"] for one in json.loads(CAMPAIGN)["objects"] if one["type"] == "indicator"}
    assert patterns <= set(event["values"])
    assert patterns <= set(event["to look for"])


def test_misp_shows_the_campaign_where_its_indicators_are() -> None:
    """As a galaxy cluster with days, objective and the sentence on evidence; techniques are clusters too."""
    clusters = {one["value"]: one for one in asked("misp", CAMPAIGN)["clusters"]}
    campaign = next(one for name, one in clusters.items() if name.startswith("Extraction campaign"))
    assert campaign["description"].startswith("The fixed parts of prompts agree")
    assert campaign["meta"]["first_seen"] == "2026-03-01T00:00:00Z"
    assert campaign["meta"]["objective"] == "Chain of thought"
    assert "Extract AI Model" in clusters


def test_misp_has_sightings_opinions_and_notes_of_indicators() -> None:
    """With who saw it, and the opinion as MISP's number; of a campaign, which is no attribute there, it has none."""
    event = asked("misp", answered())
    assert {one["Organisation"]["name"] for one in event["sightings"]} == {"member-07"}
    assert [one["opinion"] for one in event["opinions"]] == ["25"]
    assert [one["note"] for one in event["notes"]] == ["The account holder objected."]


def test_opencti_hands_on_everything_but_definitions_and_bare_tags() -> None:
    """Whole, and each object behind what it refers to; tags arrive all the same, in the patterns of indicators."""
    for document in (CAMPAIGN, answered(), whole()):
        objects = {one["id"]: one for one in json.loads(document)["objects"]}
        taken = asked("opencti", document)
        assert {id.partition("--")[0] for id in taken["left out"]} <= {"extension-definition", "identifier-tag"}
        assert {one["id"] for one in taken["objects"]} == objects.keys() - set(taken["left out"])
        assert all(objects[one["id"]].items() <= one.items() for one in taken["objects"])
