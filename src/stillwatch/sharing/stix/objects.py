"""One record for each type that is shared, closed: an unknown property is refused, not dropped.

A record is built by its constructor and read by `bundle`; both check the same rules. What a foreign consumer acts on is
in standard properties, and mandatory where the standard leaves it open: a marking, a confidence on what is claimed, an
end on what is acted on (`valid_until`; elsewhere the extension's `retention_until`).

Source: STIX 2.1 (OASIS Standard, 2021), sections 3.2, 4, 5, 6.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from stillwatch.sharing.stix.extension import (
    EXTRACTION,
    IDENTIFIER_TAG,
    Extraction,
    NewObservable,
    Timestamp,
    Url,
)
from stillwatch.sharing.stix.identifiers import observable
from stillwatch.sharing.stix.vocabulary import Confidence, InfrastructureType, Opinion
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.taxii.timestamps import read_us

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
Id = Annotated[str, msgspec.Meta(pattern=f"^[a-z][a-z0-9-]{{2,60}}--{_UUID}$")]
MarkingId = Annotated[str, msgspec.Meta(pattern=f"^marking-definition--{_UUID}$")]
IdentityId = Annotated[str, msgspec.Meta(pattern=f"^identity--{_UUID}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
"""Chosen: who needs more has something to tell that is no signal."""
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Words = Annotated[tuple[Word, ...], msgspec.Meta(min_length=1, max_length=32)]
Markings = Annotated[tuple[MarkingId, ...], msgspec.Meta(min_length=1, max_length=16)]
Ids = Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=1_000)]
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
Decade = Literal[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{16}|[0-9a-f]{32})$")]


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One phase of a kill chain."""

    kill_chain_name: Word
    phase_name: Word


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something is described outside."""

    source_name: Word
    external_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | UnsetType = UNSET
    url: Url | UnsetType = UNSET


class Extended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one extension of objects."""

    extraction: Extraction = msgspec.field(name=EXTRACTION)


class NewType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an identifier tag's object says of its definition."""

    definition: NewObservable = msgspec.field(name=IDENTIFIER_TAG)


class Object(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What all types have. Times are RFC 3339 in UTC; an object that is withdrawn comes once more, with `revoked`."""

    id: Id
    spec_version: Literal["2.1"] = "2.1"
    created: Timestamp
    modified: Timestamp
    created_by_ref: IdentityId | UnsetType = UNSET
    object_marking_refs: Markings
    revoked: bool | UnsetType = UNSET
    confidence: Confidence | UnsetType = UNSET
    labels: Words | UnsetType = UNSET
    external_references: tuple[Reference, ...] | UnsetType = UNSET
    extensions: Extended | UnsetType = UNSET

    def __post_init__(self) -> None:
        kind = self.__struct_config__.tag
        if not self.id.startswith(f"{kind}--"):
            raise ValueError(f"the id of a {kind} begins with {kind}--")
        in_order("modified before it was created", self.created, self.modified)


class Claim(Object, frozen=True, kw_only=True):
    """What accuses or is acted on: somebody said it, with a confidence, on a ground and until a time."""

    created_by_ref: IdentityId
    confidence: Confidence
    extensions: Extended

    def __post_init__(self) -> None:
        super().__post_init__()
        in_order("deleted before it was created", self.created, self.extensions.extraction.retention_until)


class Saying(Object, frozen=True, kw_only=True):
    """What is said of other objects: by whom, on a ground and until a time."""

    created_by_ref: IdentityId
    extensions: Extended


class Identity(Object, frozen=True, kw_only=True, tag="identity"):
    """A member by its pseudonym in this alliance; the name of the company is in no object."""

    name: Word
    identity_class: Literal["organization", "group", "system"]


class Campaign(Claim, frozen=True, kw_only=True, tag="campaign"):
    """One extraction run across accounts. No number of accounts, no name; the volume as a band of the extension."""

    name: Text
    description: Text | UnsetType = UNSET
    objective: Text | UnsetType = UNSET
    first_seen: Timestamp | UnsetType = UNSET
    last_seen: Timestamp | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        in_order("last seen before it was first seen", self.first_seen, self.last_seen)


class IntrusionSet(Claim, frozen=True, kw_only=True, tag="intrusion-set"):
    """Campaigns that one hand seems to run, without saying whose."""

    name: Text
    description: Text | UnsetType = UNSET
    first_seen: Timestamp | UnsetType = UNSET
    last_seen: Timestamp | UnsetType = UNSET
    resource_level: Literal["individual", "club", "contest", "team", "organization", "government"] | UnsetType = UNSET


class ThreatActor(Claim, frozen=True, kw_only=True, tag="threat-actor"):
    """Who seems to be behind it: the riskiest thing to say, never made from a hunt, only by people."""

    name: Text
    description: Text | UnsetType = UNSET
    threat_actor_types: Words | UnsetType = UNSET


class Infrastructure(Claim, frozen=True, kw_only=True, tag="infrastructure"):
    """A reseller, a network of accounts, a pool of proxies. Its addresses are observables that it consists of."""

    name: Text
    infrastructure_types: Annotated[tuple[InfrastructureType, ...], msgspec.Meta(min_length=1)]
    description: Text | UnsetType = UNSET
    kill_chain_phases: tuple[Phase, ...] | UnsetType = UNSET


class Indicator(Claim, frozen=True, kw_only=True, tag="indicator"):
    """What to look for, and until when. `pattern_type` is `stix`, or `stillwatch-skeleton` (`patterns`)."""

    name: Text
    indicator_types: Annotated[
        tuple[Literal["malicious-activity", "anomalous-activity", "attribution"], ...], msgspec.Meta(min_length=1)
    ]
    pattern: Pattern
    pattern_type: Literal["stix", "stillwatch-skeleton"]
    pattern_version: Literal["2.1", "1"] | UnsetType = UNSET
    valid_from: Timestamp
    valid_until: Timestamp
    description: Text | UnsetType = UNSET
    kill_chain_phases: tuple[Phase, ...] | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if read_us(self.valid_until) <= read_us(self.valid_from):
            raise ValueError("it ends before it begins")


class AttackPattern(Object, frozen=True, kw_only=True, tag="attack-pattern"):
    """A technique of MITRE ATLAS, with the id that every member gives it (`techniques`)."""

    name: Text
    external_references: Annotated[tuple[Reference, ...], msgspec.Meta(min_length=1)]
    kill_chain_phases: tuple[Phase, ...] | UnsetType = UNSET


class Location(Object, frozen=True, kw_only=True, tag="location"):
    """A country, and nothing finer. Never evidence (docs/attribution.md)."""

    name: Text | UnsetType = UNSET
    country: Country


class Report(Saying, frozen=True, kw_only=True, tag="report"):
    """What is approved as one: everything that is told of one campaign."""

    name: Text
    report_types: Words
    published: Timestamp
    object_refs: Ids
    description: Text | UnsetType = UNSET


class Note(Saying, frozen=True, kw_only=True, tag="note"):
    """A remark on objects, as on one that is contested."""

    content: Text
    object_refs: Ids
    abstract: Text | UnsetType = UNSET


class OpinionObject(Saying, frozen=True, kw_only=True, tag="opinion"):
    """Agreement or dispute with objects."""

    opinion: Opinion
    object_refs: Ids
    explanation: Text | UnsetType = UNSET


class Sighting(Saying, frozen=True, kw_only=True, tag="sighting"):
    """Seen here too. `count` is the decade it lies in, by its lower end: 30 is told as 10."""

    confidence: Confidence
    sighting_of_ref: Id
    count: Decade | UnsetType = UNSET
    first_seen: Timestamp | UnsetType = UNSET
    last_seen: Timestamp | UnsetType = UNSET
    where_sighted_refs: Annotated[tuple[IdentityId, ...], msgspec.Meta(min_length=1)] | UnsetType = UNSET


class Relationship(Saying, frozen=True, kw_only=True, tag="relationship"):
    """One object to another, in the words of STIX 2.1, appendix B."""

    relationship_type: Literal[
        "uses", "indicates", "attributed-to", "related-to", "consists-of", "targets", "located-at", "originates-from"
    ]
    source_ref: Id
    target_ref: Id


class Observable(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What all observables have. They have no times and no author, and an id that follows from their content."""

    id: Id
    spec_version: Literal["2.1"] = "2.1"
    object_marking_refs: Markings | UnsetType = UNSET

    def contributing(self) -> dict[str, str | int]:
        """The properties that make the id."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        if self.id != observable(str(self.__struct_config__.tag), self.contributing()):
            raise ValueError("the id of an observable follows from its content (STIX 2.1, 2.9), and this one does not")


class AutonomousSystem(Observable, frozen=True, kw_only=True, tag="autonomous-system"):
    """A network of infrastructure, in clear."""

    number: Annotated[int, msgspec.Meta(ge=1, lt=2**32)]

    def contributing(self) -> dict[str, str | int]:
        return {"number": self.number}


class DomainName(Observable, frozen=True, kw_only=True, tag="domain-name"):
    """A name of infrastructure, in clear: a reseller's, not a customer's."""

    value: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$", max_length=253)]

    def contributing(self) -> dict[str, str | int]:
        return {"value": self.value}


class IdentifierTag(Observable, frozen=True, kw_only=True, tag="identifier-tag"):
    """A blind tag (docs/tags.md), of 16 bytes or its first 8, in hexadecimal."""

    scheme: Literal["voprf-ristretto255-sha512"] = "voprf-ristretto255-sha512"
    epoch: Annotated[int, msgspec.Meta(ge=0)]
    ident_type: Kind
    tag: Hex
    extensions: NewType = NewType(NewObservable(extension_type="new-sco"))

    def contributing(self) -> dict[str, str | int]:
        return {"scheme": self.scheme, "epoch": self.epoch, "ident_type": str(self.ident_type), "tag": self.tag}


StixObject = (
    Identity
    | Campaign
    | IntrusionSet
    | ThreatActor
    | Infrastructure
    | Indicator
    | AttackPattern
    | Location
    | Report
    | Note
    | OpinionObject
    | Sighting
    | Relationship
    | AutonomousSystem
    | DomainName
    | IdentifierTag
)


def in_order(fault: str, before: str | UnsetType, after: str | UnsetType) -> None:
    """Raises `ValueError` with the fault where both times are given and `after` is the earlier."""
    if isinstance(before, str) and isinstance(after, str) and read_us(after) < read_us(before):
        raise ValueError(f"it was {fault}")
