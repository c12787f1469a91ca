"""An alliance in a few lines: what members publish, the hub's standings of it, and one member's inbox."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from stillwatch.pseudonym import Secret
from stillwatch.sharing.alliance.standings import standings
from stillwatch.sharing.alliance.store import Published
from stillwatch.sharing.governance.canonical import canonical
from stillwatch.sharing.member import saying
from stillwatch.sharing.member.heard import Hearing
from stillwatch.sharing.member.hub_client import StandingTold
from stillwatch.sharing.member.inbox import Inbox, Received
from stillwatch.sharing.member.pulling import received
from stillwatch.sharing.rings.signature import Signature
from stillwatch.sharing.stix.from_findings import Findings, Found, Telling, objects_of
from stillwatch.sharing.stix.vocabulary import Confidence, Nexus, Opinion
from stillwatch.sharing.tags.tag_set import Tag

NOW_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
US = "member-01"


def drawn(number: int) -> Signature:
    """A template of 32 slots that hold what no other holds."""
    values = np.random.default_rng(number).integers(1, 256, 32)
    return Signature(np.stack([np.arange(32), values], axis=1).astype(np.uint8))


class Told:
    """What was published, one word after the other, a second apart."""

    def __init__(self) -> None:
        self._published: list[Published] = []
        self._at_us = NOW_US - HOUR_US
        self.last: Mapping[str, Any] = {}  # the campaign that was told of last

    def tell(
        self, member: str, local: str, told: Signature | None = None, tags: Sequence[Tag] = ()
    ) -> Mapping[str, Any]:
        """A campaign with its indicators at high confidence; its campaign object."""
        found = Found(local, 5_000, NOW_US, NOW_US, 20.0, "campaign", "coding")
        telling = Telling(
            member=member,
            secret=Secret(hashlib.sha256(member.encode()).digest()),
            nexus=(Nexus.FRAUD,),
            legal_basis="act",
            legal_basis_date=date(2026, 1, 1),
            contest_url="https://provider.example/contest",
            signature=told.encode() if told else None,
            tags=tags,
        )
        said = [
            msgspec.to_builtins(one)
            for one in objects_of(Findings("stillwatch.findings/1", 0.01, (found,)), local, telling, self._next_us())
        ]
        for document in said:
            self._post(member, document)
        self.last = next(one for one in said if one["type"] == "campaign")
        return self.last

    def see(self, member: str, claim: Mapping[str, Any]) -> None:
        self._post(member, saying.sighting(_received(claim), member, 900, Confidence.MEDIUM, self._next_us()))

    def dispute(self, member: str, claim: Mapping[str, Any]) -> None:
        self._post(member, saying.opinion(_received(claim), member, Opinion.DISAGREE, "", self._next_us()))

    def withdraw(self, member: str, claim: Mapping[str, Any]) -> None:
        self._post(member, saying.withdrawn(dict(claim), self._next_us()))

    def pulled(self, file: Path) -> None:
        """An inbox as a pull at `NOW_US` leaves it."""
        found = standings(self._published)
        told = {
            id: StandingTold(one.score, one.contributors, one.disputes, one.is_suspended) for id, one in found.items()
        }
        with closing(Inbox(file)) as inbox:
            with inbox.together():
                for one in self._published:
                    inbox.take(_received(msgspec.json.decode(one.body)))
            inbox.keep_standings(told, NOW_US)

    def hearing(self, folder: Path, now_us: int = NOW_US, member: str = US) -> Hearing:
        """What the member hears at a time."""
        file = folder / f"inbox-{len(self._published)}.sqlite"
        self.pulled(file)
        with closing(Inbox(file)) as inbox:
            return Hearing(inbox, member, now_us)

    def _post(self, member: str, document: Mapping[str, Any]) -> None:
        body = canonical(document)
        digest = hashlib.sha256(body).hexdigest()
        self._published.append(Published(self._at_us + len(self._published), digest, member, body))

    def _next_us(self) -> int:
        self._at_us += 1_000_000
        return self._at_us


def _received(document: Mapping[str, Any]) -> Received:
    found = received(canonical(document))
    assert found is not None
    return found
