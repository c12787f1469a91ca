"""A member's own rings and what partners published, compared by sketches under the alliance's key.

A match says that a ring here carries the template that a partner told of. It raises the priority of a review; it says
nothing against an account by itself, and what a suspended or withdrawn object says is not compared at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sharing.member.hub_client import StandingTold
from stillwatch.sharing.member.inbox import Received
from stillwatch.sharing.rings.match import Match, match
from stillwatch.sharing.rings.signature import Signature, signature
from stillwatch.sharing.rings.traffic import Traffic, shares


class OwnRing(msgspec.Struct, frozen=True):
    """Of a campaign of findings.json, what is compared."""

    id: str
    verdict: str
    exchanges: int
    accounts: list[str]


class OwnFindings(msgspec.Struct, frozen=True):
    """Of findings.json, its campaigns, the watched ones too."""

    campaigns: list[OwnRing]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A ring of ours that is one a partner published. `score`, `contributors`: what the alliance thinks of it."""

    published: str
    ring: OwnRing
    match: Match
    score: int
    contributors: int


class OwnTraffic:
    """All conversations of a ledger, with rings told from the others by the accounts' names."""

    def __init__(self, traffic: Traffic, secret: Secret) -> None:
        self._traffic = traffic
        self._pseudonym = Pseudonymiser(secret, "account")

    def signature_of(self, ring: OwnRing) -> Signature:
        """What the ring has in common and others have not. Raises `NothingInCommon`."""
        inside, others = self._parted(ring)
        return signature(inside, shares(others))

    def compare(self, published: Signature, ring: OwnRing) -> Match:
        """How many accounts of the ring carry a partner's signature, and how many others."""
        inside, others = self._parted(ring)
        return match(published, inside, others)

    def _parted(self, ring: OwnRing) -> tuple[Traffic, Traffic]:
        members = np.isin(self._traffic.account, [self._pseudonym(name) for name in ring.accounts])
        of, slots = self._traffic.account, self._traffic.slots
        return Traffic(of[members], slots[members]), Traffic(of[~members], slots[~members])


def recognised(
    own: OwnTraffic,
    rings: Iterable[OwnRing],
    claims: Iterable[Received],
    standings: Mapping[str, StandingTold],
) -> list[Recognised]:
    """Every ring of ours that carries a signature that stands, the best supported first."""
    of_ours, found = list(rings), []
    for claim in claims:
        told, standing = _signature(claim), standings.get(claim.id)
        if told is None or standing is None or standing.suspended:
            continue
        for ring in of_ours:
            compared = own.compare(told, ring)
            if compared.is_the_ring:
                found.append(Recognised(claim.id, ring, compared, standing.score, standing.contributors))
    return sorted(found, key=lambda one: (-one.score, one.published, one.ring.id))


def _signature(claim: Received) -> Signature | None:
    """The signature of an indicator of a template; a campaign has the same one, so indicators alone are compared."""
    document = msgspec.json.decode(claim.body)
    is_template = document["type"] == "indicator" and document["pattern_type"] == "stillwatch-skeleton"
    return Signature.decode(document["pattern"]) if is_template else None
