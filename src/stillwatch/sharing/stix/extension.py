"""Our three extensions of STIX (2.1, 7.3), and the objects that define them.

`llm-extraction` adds properties to campaigns, intrusion sets and indicators. `identifier-tag` is a new observable: a
blind tag (docs/tags.md). Both only add: a consumer that drops them still has pattern, labels, confidence, end and
markings. `alliance-audience` makes a marking one for named members (docs/hub.md). Their JSON schemas are files beside
this one, are checked against the records in tests, and are what `schema` names.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from stillwatch.sharing.hub.definitions import AUDIENCE_EXTENSION
from stillwatch.sharing.stix.identifiers import agreed
from stillwatch.sharing.stix.vocabulary import Behaviour, Nexus, VolumeBand

EXTRACTION = "extension-definition--9c3f8d52-5f0a-4d57-8b8e-2f4c1b7a6e10"
IDENTIFIER_TAG = "extension-definition--4e1a7c64-93d2-4f0e-a5b7-6d0c8e2f9b31"
"""Made once at random; fixed for ever."""
SCHEME = "voprf-ristretto255-sha512"
AUTHOR = agreed("identity", "stillwatch")
_CREATED = "2026-11-21T00:00:00.000Z"
_SCHEMAS = "https://stillwatch.example/schemas"
"""A name, not an address to fetch from: the files come with the package."""

Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Timestamp = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")
]
Url = Annotated[str, msgspec.Meta(pattern=r"^https://[^\s<>\"]{1,500}$")]
BasisName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
Signature = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{4}){8,64}$")]


class Extraction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Properties of `llm-extraction`.

    `template_signature`: slots of a skeleton under the alliance's key, four hexadecimal digits each (docs/stix.md).
    `retention_until`: when receivers delete it. `contest_url`: where a concerned party can object.
    """

    extension_type: Literal["property-extension"] = "property-extension"
    nexus: Annotated[tuple[Nexus, ...], msgspec.Meta(min_length=1)]
    legal_basis: BasisName
    legal_basis_date: Date
    retention_until: Timestamp
    contest_url: Url
    target_behaviour: Annotated[tuple[Behaviour, ...], msgspec.Meta(min_length=1)] | UnsetType = UNSET
    volume_band: VolumeBand | UnsetType = UNSET
    template_signature: Signature | UnsetType = UNSET


class Audience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Properties of `alliance-audience`: who is shown what is marked so, and what they may do with it (IEP 2.0)."""

    extension_type: Literal["property-extension"] = "property-extension"
    audience: (
        Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1, max_length=1_000)]
        | UnsetType
    ) = UNSET
    permitted_actions: (
        Literal[
            "none",
            "contact-for-instruction",
            "internally-visible",
            "externally-visible-indirect",
            "externally-visible-direct",
        ]
        | UnsetType
    ) = UNSET


class NewObservable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an object of a new type says of its definition."""

    extension_type: Literal["new-sco"]


def definitions() -> list[dict[str, object]]:
    """The three extension definitions and the identity that made them, as they travel with a bundle."""
    author: dict[str, object] = {
        "type": "identity",
        "spec_version": "2.1",
        "id": AUTHOR,
        "created": _CREATED,
        "modified": _CREATED,
        "name": "Stillwatch",
        "identity_class": "system",
    }
    return [
        author,
        _definition(EXTRACTION, "llm-extraction", "property-extension", "Extraction of hosted language models"),
        _definition(IDENTIFIER_TAG, "identifier-tag", "new-sco", "An identifier as a blind tag"),
        _definition(AUDIENCE_EXTENSION, "alliance-audience", "property-extension", "A marking for named members"),
    ]


def _definition(id: str, name: str, kind: str, description: str) -> dict[str, object]:
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": id,
        "created": _CREATED,
        "modified": _CREATED,
        "created_by_ref": AUTHOR,
        "name": name,
        "description": description,
        "schema": f"{_SCHEMAS}/{name}.schema.json",
        "version": "1.0.0",
        "extension_types": [kind],
    }


def schema(kind: type[msgspec.Struct]) -> dict[str, object]:
    """The JSON schema of an extension's properties, as its file in `schemas` has it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_on_one_line(msgspec.json.schema(kind))}


def _on_one_line(value: Any) -> Any:
    """Descriptions without line breaks, whose indentation depends on the version of Python."""
    if isinstance(value, dict):
        return {name: _on_one_line(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_on_one_line(inner) for inner in value]
    return " ".join(value.split()) if isinstance(value, str) else value
