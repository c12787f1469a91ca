"""Techniques of MITRE ATLAS as attack patterns: the same object, byte for byte, from every member."""

from __future__ import annotations

from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix.atlas import technique
from stillwatch.sharing.stix.extension import AUTHOR
from stillwatch.sharing.stix.identifiers import agreed
from stillwatch.sharing.stix.objects import AttackPattern, Phase, Reference
from stillwatch.sharing.stix.tlp import reference
from stillwatch.sharing.stix.vocabulary import ATLAS_CHAIN

_CREATED = "2026-11-21T00:00:00.000Z"
"""Fixed, as the object is: its content is public and of no member's."""


def attack_pattern(id: str) -> AttackPattern:
    """The object of a technique, as `AML.T0024.002`. Raises `UsageError` for an id that is not listed."""
    found = technique(id)
    return AttackPattern(
        id=agreed("attack-pattern", found.id),
        created=_CREATED,
        modified=_CREATED,
        created_by_ref=AUTHOR,
        object_marking_refs=(reference(Tlp.CLEAR),),
        name=found.name,
        external_references=(Reference(source_name=ATLAS_CHAIN, external_id=found.id, url=found.url),),
        kill_chain_phases=tuple(Phase(ATLAS_CHAIN, tactic) for tactic in found.tactics),
    )
