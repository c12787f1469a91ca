"""Two people put their names to the exact bytes of what leaves, and neither of them wrote it.

What is approved is a set of objects, as a report and all that it tells. An approval is an Ed25519 signature (RFC 8032)
over the digests of their canonical JSON, the author's name, and the signer's name and role. Change one byte and every
approval is void. The hub knows the members' signers and checks them again, so an object that two people did not approve
is taken from nobody. Names are pseudonyms: what stands behind them is between the member and its people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
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
    """`digests`: of the objects, ascending. `signature`: 64 bytes as hex over all the rest."""

    digests: tuple[str, ...]
    author: str
    signer: str
    role: str
    signature: str


def approve(
    documents: Iterable[Mapping[str, Any]], author: str, name: str, role: str, key: Ed25519PrivateKey
) -> Approval:
    """The approval of these objects by the holder of `key`. Raises `NotApproved` for who may not give it."""
    if role not in ROLES:
        raise NotApproved(f"the role {role} may not approve", f"Roles that may: {', '.join(sorted(ROLES))}")
    if name == author:
        raise NotApproved(f"{author} wrote it and cannot approve it")
    unsigned = Approval(tuple(sorted(map(digest, documents))), author, name, role, "")
    return replace(unsigned, signature=key.sign(_signed(unsigned)).hex())


def check(approval: Approval, signers: Mapping[str, Signer]) -> None:
    """Raises `NotApproved` unless a signer of the register gave exactly this approval and may."""
    signer = signers.get(approval.signer)
    # 1. Somebody whom the register knows, 2. in the role that it knows them in, 3. which may approve.
    if signer is None:
        raise NotApproved(f"{approval.signer} is no registered signer")
    if approval.role != signer.role or signer.role not in ROLES:
        raise NotApproved(f"{approval.signer} may not approve in the role {approval.role}")
    # 4. Nobody approves what they wrote.
    if approval.signer == approval.author:
        raise NotApproved(f"{approval.author} wrote it and cannot approve it")
    # 5. They signed this.
    try:
        key = Ed25519PublicKey.from_public_bytes(signer.public_key)
        key.verify(bytes.fromhex(approval.signature), _signed(approval))
    except (InvalidSignature, ValueError):
        raise NotApproved(f"the signature of {approval.signer} is not of this", "Ask again") from None


def require_approvals(
    document: Mapping[str, Any], approvals: Iterable[Approval], signers: Mapping[str, Signer]
) -> None:
    """Raises `NotApproved` unless `APPROVERS` different signers approved exactly this object of one author."""
    of, by_author = digest(document), defaultdict[str, set[str]](set)
    for approval in approvals:
        if of in approval.digests:
            check(approval, signers)
            by_author[approval.author].add(approval.signer)
    people = max(map(len, by_author.values()), default=0)
    if people < APPROVERS:
        raise NotApproved(f"{people} of {APPROVERS} people approved it", "Ask another signer to approve")


def _signed(approval: Approval) -> bytes:
    return canonical({**asdict(replace(approval, signature="")), "purpose": _PURPOSE})
