"""What a member says of objects: that it saw the same, that it agrees or disputes, that it takes back its own.

Each is an object like others. A withdrawal is a new version of the object with `revoked`, so that whoever polls sees
it; nothing is deleted under anybody's feet.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec
from msgspec import UNSET

from stillwatch.errors import UsageError
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.member.inbox import Received
from stillwatch.sharing.stix.bundle import read_object
from stillwatch.sharing.stix.extension import Extraction
from stillwatch.sharing.stix.identifiers import agreed, new
from stillwatch.sharing.stix.objects import Extended, Object, OpinionObject, Sighting
from stillwatch.sharing.stix.tlp import reference
from stillwatch.sharing.stix.vocabulary import Confidence, Opinion
from stillwatch.sharing.taxii.timestamps import read_us, write_us

_DAY_US = 86_400_000_000
_SIGHTING_DAYS = 180
Decade = Literal[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]


def sighting(of: Received, member: str, exchanges: int, confidence: Confidence, now_us: int) -> dict[str, Any]:
    """That `of` is seen here too; how often, as the decade that it lies in."""
    return _document(
        Sighting(
            **_said("sighting", of, member, now_us, _SIGHTING_DAYS),
            confidence=confidence,
            sighting_of_ref=of.id,
            count=_decade(exchanges),
        )
    )


def opinion(of: Received, member: str, word: Opinion, why: str, now_us: int) -> dict[str, Any]:
    """Agreement or dispute. With a reason it needs approvals, because it is a sentence."""
    said = _said("opinion", of, member, now_us, _SIGHTING_DAYS)
    return _document(OpinionObject(**said, opinion=word, object_refs=(of.id,), explanation=why or UNSET))


def withdrawn(own: dict[str, Any], now_us: int) -> dict[str, Any]:
    """The next version of an object of ours, withdrawn. Raises `UsageError` for what cannot be."""
    if "modified" not in own or own.get("revoked"):
        raise UsageError(f"{own['id']} cannot be withdrawn: it has no versions, or is withdrawn already")
    modified_us = max(now_us, read_us(own["modified"]) + 1_000)
    return {**own, "modified": write_us(modified_us), "revoked": True}


def _said(kind: str, of: Received, member: str, now_us: int, days: int) -> dict[str, Any]:
    """What a saying has in common with what it speaks of: the marking, the ground and where to object."""
    spoken_of = read_object(msgspec.json.decode(of.body))
    if not isinstance(spoken_of, Object) or spoken_of.extensions is UNSET:
        raise UsageError(f"{of.id} claims nothing that could be seen or disputed", "Name a campaign or an indicator")
    theirs, now = spoken_of.extensions.extraction, write_us(now_us)
    ground = Extraction(
        nexus=theirs.nexus,
        legal_basis=theirs.legal_basis,
        legal_basis_date=theirs.legal_basis_date,
        retention_until=write_us(now_us + days * _DAY_US),
        contest_url=theirs.contest_url,
    )
    return {
        "id": new(kind),
        "created": now,
        "modified": now,
        "created_by_ref": agreed("identity", member),
        "object_marking_refs": spoken_of.object_marking_refs or (reference(Tlp.AMBER),),
        "extensions": Extended(ground),
    }


def _decade(number: int) -> Decade:
    return cast("Decade", min(10 ** (len(str(max(number, 1))) - 1), 1_000_000))


def _document(one: Sighting | OpinionObject) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(one)
    read_object(document)
    return document
