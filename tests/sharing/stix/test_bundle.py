"""Bundles are written and read by one closed definition: what is not in it is refused with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from stillwatch.sharing.hub.definitions import AUDIENCE_EXTENSION
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix import bundle
from stillwatch.sharing.stix.bundle import BundleRefused
from stillwatch.sharing.stix.extension import EXTRACTION, Audience, Extraction, definitions, schema
from stillwatch.sharing.stix.objects import Campaign, IdentifierTag, StixObject
from stillwatch.sharing.stix.tlp import MARKINGS, reference
from tests.sharing.stix.told import MEMBER, NOW, claimed, one_of_each, told

Change = Callable[[dict[str, Any]], object]


def campaign() -> dict[str, Any]:
    """A campaign as it travels."""
    document: dict[str, Any] = json.loads(bundle.write_object(one_of_each()[1]))
    return document


def test_every_type_comes_back_as_it_was() -> None:
    """Written, read and written again: the same objects, and all sixteen types."""
    objects = one_of_each()
    again = bundle.read(bundle.write(objects))
    assert again.objects == tuple(objects)
    assert again.definitions == ()
    assert {type(one) for one in objects} == set(StixObject.__args__)


def test_what_objects_refer_to_travels_with_them() -> None:
    """Markings and extension definitions stand before the objects, and only those that are named."""
    listed = json.loads(bundle.write(told()))["objects"]
    ids = [one["id"] for one in listed]
    named = {ref for one in listed for ref in one.get("object_marking_refs", ())}
    assert named == {reference(level) for level in (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER)} <= set(ids)
    assert EXTRACTION in ids
    assert len(ids) == len(set(ids))


def put(path: str, value: object) -> Change:
    """A change of one property, given by its path; None takes it away."""

    def change(document: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for name in way:
            document = document[name]
        if value is None:
            del document[last]
        else:
            document[last] = value

    return change


EXTENDED = f"extensions/{EXTRACTION}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("x_price", "12"),
        ("aliases", ["Acme"]),
        ("confidence", 60),
        ("confidence", None),
        ("object_marking_refs", []),
        ("object_marking_refs", None),
        ("created_by_ref", None),
        ("created_by_ref", "campaign--" + MEMBER.partition("--")[2]),
        ("spec_version", "2.0"),
        ("name", ""),
        ("name", "a" * 501),
        ("created", "yesterday"),
        ("modified", "2020-01-01T00:00:00.000Z"),
        ("last_seen", "2020-01-01T00:00:00.000Z"),
        ("id", "indicator--f44e0163-9af8-4c1a-85df-19427d06c405"),
        ("extensions", None),
        (f"{EXTENDED}/nexus", []),
        (f"{EXTENDED}/nexus", ["terms-of-service"]),
        (f"{EXTENDED}/legal_basis", None),
        (f"{EXTENDED}/legal_basis_date", "soon"),
        (f"{EXTENDED}/retention_until", None),
        (f"{EXTENDED}/retention_until", NOW.replace("2026", "2025")),
        (f"{EXTENDED}/contest_url", "http://contest.example"),
        (f"{EXTENDED}/volume_band", "51733"),
        (f"{EXTENDED}/accounts", 40),
        ("extensions/extension-definition--00000000-0000-4000-8000-000000000000", {"extension_type": "new-sdo"}),
    ],
)
def test_a_campaign_that_says_more_or_less_is_refused(path: str, value: object) -> None:
    """Unknown, missing and malformed properties alike, each alone."""
    document = campaign()
    bundle.read_object(document)
    put(path, value)(document)
    with pytest.raises(BundleRefused, match="not of the vocabulary"):
        bundle.read_object(document)


def test_an_observable_s_id_follows_from_its_content() -> None:
    """The specification's own algorithm; a tag under another's id is refused."""
    tag = next(one for one in one_of_each() if isinstance(one, IdentifierTag))
    document = json.loads(bundle.write_object(tag)) | {"tag": "0b" * 16}
    with pytest.raises(BundleRefused, match="follows from its content"):
        bundle.read_object(document)


def test_an_object_that_would_be_refused_is_not_written() -> None:
    """A constructor does not look at every form, so writing does."""
    with pytest.raises(BundleRefused, match="name"):
        bundle.write_object(Campaign(**claimed("campaign"), name="a" * 501))


def changed(change: Change) -> bytes:
    document = json.loads(bundle.write(told()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["objects"].append(d["objects"][-1]), "one id twice"),
        (lambda d: d["objects"].append({"type": "malware"}), r"objects\[\d+\]"),
        (lambda d: d["objects"].append(7), "no object"),
        (lambda d: d.update(spec_version="2.0"), "no bundle"),
        (lambda d: d.update(objects={}), "no bundle"),
        (lambda d: d["objects"][0].update(name="TLP:RED"), "published definition was changed"),
        (lambda d: d["objects"][0].update(id="marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bc"), "forged"),
        (lambda d: d["objects"].append({**definitions()[1], "version": "9.9.9"}), "published definition was changed"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(change: Change, reason: str) -> None:
    """Ids twice, foreign types, changed definitions, and TLP under ids that somebody made up."""
    bundle.read(changed(lambda document: None))
    with pytest.raises(BundleRefused, match=reason):
        bundle.read(changed(change))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"type": "bundle", "type": "bundle"}', b"\xff", b"[" * 100_000, b'{"a": NaN}']
)
def test_what_is_no_bundle_is_refused(raw: bytes) -> None:
    """Cut off, nested without end, with a key twice, and noise."""
    with pytest.raises(BundleRefused):
        bundle.read(raw)


def test_a_bundle_is_bounded_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is one of bytes."""
    monkeypatch.setattr(bundle, "LARGEST_BYTES", 100)
    with pytest.raises(BundleRefused, match="bytes"):
        bundle.read(bundle.write(told()))


def test_the_markings_are_those_that_oasis_published() -> None:
    """Ids, time and names of TLP 2.0, written out here a second time: half the public files have one of them wrong."""
    published = {
        "TLP:CLEAR": "94868c89-83c2-464b-929b-a1a8aa3c8487",
        "TLP:GREEN": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "TLP:AMBER": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "TLP:AMBER+STRICT": "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "TLP:RED": "e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
    assert {one["name"]: one["id"] for one in MARKINGS.values()} == {
        name: f"marking-definition--{id}" for name, id in published.items()
    }
    assert {one["created"] for one in MARKINGS.values()} == {"2022-10-01T00:00:00.000Z"}


def test_what_an_audience_is_travels_with_its_marking() -> None:
    """A consumer that does not know the extension finds its definition in the bundle; one without it finds none."""
    marking = {"id": "marking-definition--6e0f1c52-8a3d-4b9e-9f57-2d41c8a7b0e3", "extensions": {AUDIENCE_EXTENSION: {}}}
    for markings, is_there in (([marking], True), ([], False)):
        listed = json.loads(bundle.write(told(), markings))["objects"]
        assert (AUDIENCE_EXTENSION in {one["id"] for one in listed}) is is_there


@pytest.mark.parametrize(
    ("name", "kind"),
    [("llm-extraction", Extraction), ("identifier-tag", IdentifierTag), ("alliance-audience", Audience)],
)
def test_the_published_schemas_are_those_of_the_records(name: str, kind: type[msgspec.Struct]) -> None:
    """Partners check against the files, we against the records."""
    file = files("stillwatch.sharing.stix") / "schemas" / f"{name}.schema.json"
    assert json.loads(file.read_text("utf-8")) == schema(kind)


def test_everything_that_is_acted_on_survives_without_extensions() -> None:
    """A consumer that drops them keeps pattern, type, confidence, labels, end and marking of each indicator."""
    for one in json.loads(bundle.write(told()))["objects"]:
        if one["type"] == "indicator":
            one.pop("extensions")
            assert {"pattern", "pattern_type", "confidence", "labels", "valid_until", "object_marking_refs"} <= set(one)
            assert re.fullmatch(r"(15|50|85)", str(one["confidence"]))
