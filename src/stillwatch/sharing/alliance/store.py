"""What the alliance's part of a hub keeps beside the objects; `storage.hub.alliance` has one on SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stillwatch.sharing.alliance.acknowledgement import Acknowledgement
from stillwatch.sharing.governance.approval import Approval, Signer


@dataclass(frozen=True, slots=True)
class Published:
    """One stored version of an object. `digest`: SHA-256 of its stored bytes, 64 hex digits."""

    date_added_us: int
    digest: str
    contributor: str
    body: bytes


class AllianceStore(Protocol):
    """Signers, approvals, acknowledgements, and what was published, in order.

    Every call may come from any thread and reads what is committed at that moment: a signer who is struck off is so for
    the next request of every process.
    """

    def signers(self, member: str) -> Mapping[str, Signer]:
        """A member's signers, by name; without those that were struck off."""

    def put_approval(self, member: str, approval: Approval) -> bool:
        """Keep an approval for good; False if it was there."""

    def approvals(self, member: str, digest: str) -> Sequence[Approval]:
        """A member's approvals of the object with this digest of its canonical JSON."""

    def put_acknowledgement(self, acknowledgement: Acknowledgement) -> bool:
        """Keep it; False if the member had acknowledged this version before."""

    def acknowledgements(self, digest: str) -> Sequence[Acknowledgement]:
        """Who acknowledged the version with this digest, oldest first."""

    def published(self, collection: str, after_us: int, limit: int) -> Sequence[Published]:
        """What was added to a collection after a time, in order of date added, whoever may see it."""

    def newest_us(self, collection: str) -> int:
        """When something was added to a collection last; 0 if nothing was."""

    def governed(self) -> Sequence[str]:
        """Ids of the collections under the alliance's rules."""
