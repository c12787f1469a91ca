"""One object of an envelope, read strictly: what the hub has to know of it, or why it cannot be taken.

Checked is what every STIX 2.0 and 2.1 object has to have: a type, an id of that type, times that are times and in
order, a version of the specification that exists. Custom types and properties are taken as they are; what a collection
with rules of its own wants beyond this is its `Admission`'s to say. Own checks, because the reference library reads
some five hundred objects a second and these read tens of thousands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.sharing.taxii.strict_json import read_strictly
from stillwatch.sharing.taxii.timestamps import read_us

MOST_BYTES = 2**20
"""Of one object. ATT&CK's largest has some 60 kB."""
_TYPE = re.compile(r"[a-z][a-z0-9-]{1,249}")
_ID = re.compile(r"([a-z][a-z0-9-]{1,249})--[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MARKING_ID = re.compile(r"marking-definition--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""In small letters alone, so that no marking goes by two names."""
_LONGEST_SHOWN = 256
_MOST_MARKINGS = 64
_VERSIONED = frozenset(
    [
        "attack-pattern",
        "campaign",
        "course-of-action",
        "grouping",
        "identity",
        "incident",
        "indicator",
        "infrastructure",
        "intrusion-set",
        "location",
        "malware",
        "malware-analysis",
        "note",
        "observed-data",
        "opinion",
        "relationship",
        "report",
        "sighting",
        "threat-actor",
        "tool",
        "vulnerability",
        "extension-definition",
        "language-content",
        "marking-definition",
    ]
)
"""Types that have `created`; without this list one that lacks it would pass for an observable (STIX 2.1, 3.2)."""


class NotStix(ValueError):
    """Why an object cannot be taken, with what of it can be shown in the status."""

    def __init__(self, reason: str, id: str = "", version: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.id = id
        self.version = version


@dataclass(frozen=True, slots=True)
class StixObject:
    """An object that is well formed. `version` and `version_us` are empty where it has no time of its own."""

    id: str
    type: str
    spec: int
    """20 or 21."""
    version: str
    version_us: int | None
    marking_ids: tuple[str, ...]
    document: Mapping[str, Any]
    stored: bytes
    """Compact JSON: the bytes that came, without the white space between tokens."""


def read_object(raw: bytes) -> StixObject:
    """The object of these bytes; raises `NotStix`."""
    if len(raw) > MOST_BYTES:
        raise NotStix(f"larger than {MOST_BYTES} bytes")
    try:
        document = read_strictly(raw)
    except ValueError as error:
        raise NotStix(str(error)) from None
    if not isinstance(document, dict):
        raise NotStix("not a JSON object")
    try:
        return _checked(document, raw)
    except ValueError as error:
        raise NotStix(str(error), _shown(document.get("id")), _shown(_version(document))) from None


def _checked(document: dict[str, Any], raw: bytes) -> StixObject:
    kind, id = document.get("type"), document.get("id")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise ValueError("type is missing or no name of a type")
    if kind == "bundle":
        raise ValueError("a bundle is no object; post what is in it")
    matched = _ID.fullmatch(id) if isinstance(id, str) else None
    if matched is None or matched[1] != kind:
        raise ValueError("id is missing or not the type, two hyphens and a UUID")
    if kind == "marking-definition" and not _MARKING_ID.fullmatch(str(id)):
        raise ValueError("id of a marking-definition has capitals, and what refers to it would not find it")
    version, version_us = _times(document, kind)
    return StixObject(
        str(id),
        kind,
        _spec(document),
        version,
        version_us,
        _markings(document),
        document,
        msgspec.json.format(raw, indent=-1),
    )


def _times(document: Mapping[str, Any], kind: str) -> tuple[str, int | None]:
    """The version and its time: `modified`, else `created`, else none (TAXII 2.1, 3.4.1)."""
    created_us, modified_us = _time(document, "created"), _time(document, "modified")
    if modified_us is not None:
        if created_us is not None and modified_us < created_us:
            raise ValueError("modified is before created")
        return document["modified"], modified_us
    if created_us is not None:
        return document["created"], created_us
    if kind in _VERSIONED:
        raise ValueError("created is missing")
    return "", None


def _time(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is None and name not in document:
        return None
    try:
        return read_us(value if isinstance(value, str) else "")
    except ValueError as error:
        raise ValueError(f"{name} is {error}") from None


def _spec(document: Mapping[str, Any]) -> int:
    """STIX 2.1, 3.2: objects of 2.0 do not say; observables may leave it out, and these have no `created` either."""
    said = document.get("spec_version", "2.0" if "created" in document or "modified" in document else "2.1")
    if said not in ("2.0", "2.1"):
        raise ValueError("spec_version is neither 2.0 nor 2.1")
    return 20 if said == "2.0" else 21


def _markings(document: Mapping[str, Any]) -> tuple[str, ...]:
    refs = _marking_refs(document.get("object_marking_refs", []))
    granular = document.get("granular_markings", [])
    if not isinstance(granular, list) or not all(isinstance(marking, dict) for marking in granular):
        raise ValueError("granular_markings is no list of objects")
    for marking in granular:
        if "marking_ref" in marking:
            refs += _marking_refs([marking["marking_ref"]])
    found = tuple(dict.fromkeys(refs))
    if len(found) > _MOST_MARKINGS:
        raise ValueError(f"more than {_MOST_MARKINGS} markings")
    return found


def _marking_refs(refs: object) -> list[str]:
    if not isinstance(refs, list) or not all(isinstance(ref, str) and _MARKING_ID.fullmatch(ref) for ref in refs):
        raise ValueError("a marking is referred to by no id of a marking-definition")
    return list(refs)


def _version(document: Mapping[str, Any]) -> object:
    return document.get("modified", document.get("created"))


def _shown(value: object) -> str:
    """What the status shows of an id or version that is not one: at most so much of it, and nothing unprintable."""
    return value[:_LONGEST_SHOWN] if isinstance(value, str) and value.isprintable() else ""
