"""One object of each type, and a campaign of a hunt as it is told."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from stillwatch.pseudonym import Secret
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix.extension import Extraction
from stillwatch.sharing.stix.from_findings import Telling, objects_of, read_findings
from stillwatch.sharing.stix.identifiers import agreed, new, observable
from stillwatch.sharing.stix.objects import (
    AutonomousSystem,
    Campaign,
    DomainName,
    Extended,
    IdentifierTag,
    Identity,
    Indicator,
    Infrastructure,
    IntrusionSet,
    Location,
    Note,
    OpinionObject,
    Phase,
    Relationship,
    Report,
    Sighting,
    StixObject,
    ThreatActor,
)
from stillwatch.sharing.stix.patterns import write_domain
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import reference
from stillwatch.sharing.stix.vocabulary import Behaviour, Confidence, InfrastructureType, Nexus, Opinion, VolumeBand
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag

NOW = "2026-11-21T12:00:00.000000Z"
NOW_US = 1_795_262_400_000_000
LATER = "2027-02-19T12:00:00.000000Z"
MEMBER = agreed("identity", "member-07")
EXTRACTION = Extraction(
    nexus=(Nexus.FRAUD, Nexus.PAYMENT_ABUSE),
    legal_basis="gdpr-6-1-f",
    legal_basis_date="2026-11-01",
    retention_until=LATER,
    contest_url="https://contest.example/",
    target_behaviour=(Behaviour.REASONING,),
    volume_band=VolumeBand.TO_100_000,
    template_signature="00a1" * 8,
)
TAGS = [Tag(Kind.EMAIL, 3, bytes([number] * 16)) for number in range(5)]
FINDINGS: dict[str, Any] = {
    "schema": "stillwatch.findings/1",
    "input": {"exchanges": 734_211, "accounts": 18_733, "rejected": 0},
    "alpha": 0.01,
    "campaigns": [
        {
            "id": "C-8be1fa97",
            "accounts": ["acct-0412", "acct-0555"],
            "exchanges": 51_733,
            "first_us": 1_772_325_169_043_569,
            "last_us": 1_772_839_759_729_814,
            "log_e": 9.2,
            "verdict": "campaign",
            "stratum": "batch",
            "objective": "chain of thought",
            "evidence": [
                {
                    "family": "template",
                    "log_e": 9.2,
                    "statement": "40 accounts of 37 organisations",
                    "detail": {"a": 40},
                },
                {"family": "complementarity", "log_e": 4.1, "statement": "The payloads of 37", "detail": {}},
            ],
            "attribution": [{"hypothesis": "operator", "name": "Acme", "probability": 0.9, "would_refute": "x"}],
            "action": "Act on 40 accounts",
        },
        {
            "id": "C-watched",
            "accounts": ["acct-1"],
            "exchanges": 5,
            "first_us": 1,
            "last_us": 2,
            "log_e": 0.0,
            "verdict": "watch",
            "stratum": "batch",
            "objective": "coding",
            "evidence": [],
            "attribution": [],
            "action": "None",
        },
    ],
    "accounts": [],
    "rules": [],
    "drift": [],
}
TELLING = Telling(
    member="member-07",
    secret=Secret(b"a secret for tests only, 32 bytes"),
    nexus=(Nexus.FRAUD,),
    legal_basis="gdpr-6-1-f",
    legal_basis_date=date(2026, 11, 1),
    contest_url="https://contest.example/",
    signature="00a1" * 8,
    tags=TAGS,
)


def told(campaign: str = "C-8be1fa97", telling: Telling = TELLING, now_us: int = NOW_US) -> list[StixObject]:
    """The campaign of the findings above."""
    return objects_of(read_findings(json.dumps(FINDINGS).encode()), campaign, telling, now_us)


def said(kind: str) -> dict[str, Any]:
    """What every object of a member has."""
    return {
        "id": new(kind),
        "created": NOW,
        "modified": NOW,
        "created_by_ref": MEMBER,
        "object_marking_refs": (reference(Tlp.AMBER),),
        "extensions": Extended(EXTRACTION),
    }


def claimed(kind: str) -> dict[str, Any]:
    """What every accusation has besides."""
    return {**said(kind), "confidence": Confidence.MEDIUM, "labels": ("llm-extraction",)}


def one_of_each() -> list[StixObject]:
    """Every type of the vocabulary, hanging together."""
    member = Identity(
        id=MEMBER,
        created=NOW,
        modified=NOW,
        object_marking_refs=(reference(Tlp.GREEN),),
        name="member-07",
        identity_class="organization",
    )
    phase = Phase("llm-extraction", "scale-out")
    campaign = Campaign(**claimed("campaign"), name="Extraction campaign ABCDEF", first_seen=NOW, last_seen=NOW)
    actors = IntrusionSet(**claimed("intrusion-set"), name="One hand behind several campaigns")
    actor = ThreatActor(**claimed("threat-actor"), name="An operator", threat_actor_types=("criminal",))
    infrastructure = Infrastructure(
        **claimed("infrastructure"),
        name="A reseller",
        infrastructure_types=(InfrastructureType.RESELLER,),
        kill_chain_phases=(phase,),
    )
    domain = DomainName(id=observable("domain-name", {"value": "relay.example"}), value="relay.example")
    system = AutonomousSystem(id=observable("autonomous-system", {"number": 64500}), number=64500)
    content: dict[str, str | int] = {
        "scheme": "voprf-ristretto255-sha512",
        "epoch": 3,
        "ident_type": "email",
        "tag": "0a" * 16,
    }
    tag = IdentifierTag(id=observable("identifier-tag", content), epoch=3, ident_type=Kind.EMAIL, tag="0a" * 16)
    indicator = Indicator(
        **claimed("indicator"),
        name="A domain of a reseller",
        description="Requests that come through this domain.",
        indicator_types=("malicious-activity",),
        pattern=write_domain("relay.example"),
        pattern_type="stix",
        pattern_version="2.1",
        valid_from=NOW,
        valid_until=LATER,
    )
    sighting = Sighting(
        **said("sighting"),
        confidence=Confidence.LOW,
        sighting_of_ref=campaign.id,
        count=10,
        where_sighted_refs=(MEMBER,),
    )
    opinion = OpinionObject(**said("opinion"), opinion=Opinion.DISAGREE, object_refs=(campaign.id,))
    note = Note(**said("note"), content="The account holder objected.", object_refs=(campaign.id,))
    relation = Relationship(
        **said("relationship"), relationship_type="uses", source_ref=campaign.id, target_ref=infrastructure.id
    )
    location = Location(
        id=new("location"), created=NOW, modified=NOW, object_marking_refs=(reference(Tlp.GREEN),), country="NL"
    )
    report = Report(
        **said("report"),
        name="A campaign and its reseller",
        report_types=("campaign",),
        published=NOW,
        object_refs=(campaign.id, infrastructure.id),
    )
    technique = attack_pattern("AML.T0024.002")
    return [
        *(member, campaign, actors, actor, infrastructure, domain, system, tag, indicator),
        *(sighting, opinion, note, relation, location, report, technique),
    ]
