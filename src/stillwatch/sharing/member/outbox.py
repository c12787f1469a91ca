"""Proposals: what may leave, what its approvals are, and what became of it. One folder each, written once.

outbox/<first 12 digits of the set's digest>/
    proposal.json        author, when, the objects as they will be posted, byte for byte
    approval-<name>.json one for each signer
    status.json          the hub's, once it was posted
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.errors import UsageError
from stillwatch.sharing.governance.approval import Approval
from stillwatch.sharing.governance.canonical import canonical, digest
from stillwatch.sharing.member.hub_client import Status

_SHOWN = 12


class _Written(msgspec.Struct, frozen=True):
    author: str
    made_us: int
    objects: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A set of objects that is to be approved as one. `digest` is what people compare before they sign."""

    author: str
    made_us: int
    objects: Sequence[dict[str, Any]]
    folder: Path

    @property
    def digest(self) -> str:
        """SHA-256 over the ascending digests of the objects."""
        return hashlib.sha256(canonical({"digests": sorted(map(digest, self.objects))})).hexdigest()

    @property
    def bodies(self) -> list[bytes]:
        """The objects as they are posted."""
        return [canonical(one) for one in self.objects]


class Outbox:
    """The proposals of a member."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def propose(self, author: str, made_us: int, objects: Sequence[dict[str, Any]]) -> Proposal:
        """Keep a proposal; the same objects again are the same proposal."""
        unplaced = Proposal(author, made_us, objects, self._folder)
        folder = self._folder / unplaced.digest[:_SHOWN]
        if not folder.exists():
            _write(folder / "proposal.json", msgspec.json.encode(_Written(author, made_us, list(objects))))
        return self.proposal(folder.name)

    def proposal(self, name: str) -> Proposal:
        """A proposal by the beginning of its digest. Raises `UsageError` if there is none, or it was changed."""
        folder = self._folder / name[:_SHOWN]
        try:
            written = msgspec.json.decode((folder / "proposal.json").read_bytes(), type=_Written)
        except FileNotFoundError:
            raise UsageError(f"there is no proposal {name}", "See: stillwatch share list") from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UsageError(f"the proposal {name} is damaged", "Propose it again") from None
        found = Proposal(written.author, written.made_us, written.objects, folder)
        if not found.digest.startswith(folder.name):
            raise UsageError(f"the proposal {name} was changed after it was made", "Propose it again")
        return found

    def proposals(self) -> list[Proposal]:
        """All, oldest first."""
        names = [one.parent.name for one in self._folder.glob("*/proposal.json")]
        return sorted(map(self.proposal, names), key=lambda one: (one.made_us, one.digest))

    def add_approval(self, proposal: Proposal, approval: Approval) -> None:
        """Keep an approval; a second one of the same signer takes the place of the first."""
        _write(proposal.folder / f"approval-{approval.signer}.json", msgspec.json.encode(approval))

    def approvals(self, proposal: Proposal) -> list[Approval]:
        """The approvals of a proposal, by the signers' names."""
        files = sorted(proposal.folder.glob("approval-*.json"))
        return [msgspec.json.decode(file.read_bytes(), type=Approval) for file in files]

    def set_status(self, proposal: Proposal, status: Status) -> None:
        """Keep what the hub said."""
        _write(proposal.folder / "status.json", msgspec.json.encode(status))

    def status(self, proposal: Proposal) -> Status | None:
        """What the hub said, None if it was not posted."""
        file = proposal.folder / "status.json"
        return msgspec.json.decode(file.read_bytes(), type=Status) if file.exists() else None


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, for the owner's eyes."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as open_file:
        open_file.write(content)
        open_file.flush()
        os.fsync(descriptor)
    part.replace(file)
