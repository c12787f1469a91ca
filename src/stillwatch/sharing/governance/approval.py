"""Two people put their names to the exact bytes of what leaves, and neither of them wrote it.

An approval is an Ed25519 signature (RFC 8032) over the digest of the object's canonical JSON, the signer's name and
role. Change one byte and every approval is void. The hub knows the members' signers and checks them again, so an
object that two people did not approve is not taken from anybody. Names of signers are pseudonyms: what the hub's
register says of them is between it and their employer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.errors import StillwatchError
from stillwatch.sharing.governance.canonical import canonical, digest

APPROVERS = 2
ROLES = frozenset({"security", "trust-and-safety", "legal"})
"""Who may approve. Chosen: not sales, not product; what rivals may not hear is what those two work with."""
_PURPOSE = "stillwatch/approval/1"


class NotApproved(StillwatchError):
    """Not enough valid approvals, or one that must not count. Says which check failed."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One person of a member, as the register knows them."""

    name: str
    role: str
    public_key: bytes  # 32 bytes


@dataclass(frozen=True, slots=True)
class Approval:
    """`signature`: 64 bytes as hex over the digest, the name and the role of who signed."""

    signer: str
    role: str
    signature: str


def approve(document: Mapping[str, Any], name: str, role: str, key: Ed25519PrivateKey) -> Approval:
    """The approval of this object by the holder of `key`. Raises `NotApproved` for a role that may not."""
    if role not in ROLES:
        raise NotApproved(f"the role {role} may not approve", f"Roles that may: {', '.join(sorted(ROLES))}")
    return Approval(name, role, key.sign(_signed(digest(document), name, role)).hex())


def require_approvals(
    document: Mapping[str, Any], author: str, approvals: Sequence[Approval], signers: Mapping[str, Signer]
) -> None:
    """Raises `NotApproved` unless `APPROVERS` signers other than `author` approved exactly this object."""
    of = digest(document)
    for approval in approvals:
        signer = signers.get(approval.signer)
        # 1. Somebody whom the register knows, 2. in the role that it knows them in, 3. which may approve.
        if signer is None:
            raise NotApproved(f"{approval.signer} is no registered signer")
        if approval.role != signer.role or signer.role not in ROLES:
            raise NotApproved(f"{approval.signer} may not approve in the role {approval.role}")
        # 4. Nobody approves what they wrote.
        if signer.name == author:
            raise NotApproved(f"{author} wrote it and cannot approve it")
        # 5. They signed these bytes.
        _verify(approval, signer, of)
    # 6. Enough of them, each counted once.
    people = {approval.signer for approval in approvals}
    if len(people) < APPROVERS:
        raise NotApproved(f"{len(people)} of {APPROVERS} people approved it", "Ask another signer to approve")


def _verify(approval: Approval, signer: Signer, of: str) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(signer.public_key)
        key.verify(bytes.fromhex(approval.signature), _signed(of, approval.signer, approval.role))
    except (InvalidSignature, ValueError):
        raise NotApproved(
            f"the approval of {approval.signer} is not of this text", "It was changed: ask again"
        ) from None


def _signed(of: str, name: str, role: str) -> bytes:
    return canonical({"purpose": _PURPOSE, "digest": of, "signer": name, "role": role})
