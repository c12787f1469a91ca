"""A member's signed word that it has taken note of one version of an object, as of its withdrawal.

Signed by the member's machine, because it says what a machine did: that the version was read and what rested on the one
before it no longer does. It holds digests and no object, so it can stand in a log that everybody reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.errors import StillwatchError
from stillwatch.sharing.governance.approval import Signer
from stillwatch.sharing.governance.canonical import canonical

MACHINE = "machine"
"""The role of a member's own key; it approves nothing (`governance.approval.ROLES`)."""
_PURPOSE = "stillwatch/acknowledgement/1"


class NotAcknowledged(StillwatchError):
    """An acknowledgement that its member's machine did not sign."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`digest`: SHA-256 of the stored bytes of the version. `signature`: 64 bytes as hex over all the rest."""

    digest: str
    member: str
    signer: str
    ts_us: int
    signature: str


def acknowledge(digest: str, member: str, signer: str, ts_us: int, key: Ed25519PrivateKey) -> Acknowledgement:
    """The acknowledgement in the name of `member`."""
    unsigned = Acknowledgement(digest, member, signer, ts_us, "")
    return replace(unsigned, signature=key.sign(_signed(unsigned)).hex())


def check(acknowledgement: Acknowledgement, signers: Mapping[str, Signer]) -> None:
    """Raises `NotAcknowledged` unless a machine among the member's `signers` signed it."""
    signer = signers.get(acknowledgement.signer)
    if signer is None or signer.role != MACHINE:
        raise NotAcknowledged(f"{acknowledgement.signer} is no machine of {acknowledgement.member}")
    try:
        key = Ed25519PublicKey.from_public_bytes(signer.public_key)
        key.verify(bytes.fromhex(acknowledgement.signature), _signed(acknowledgement))
    except (InvalidSignature, ValueError):
        raise NotAcknowledged(f"the signature of {acknowledgement.signer} is not of this") from None


def _signed(acknowledgement: Acknowledgement) -> bytes:
    return canonical({**asdict(replace(acknowledgement, signature="")), "purpose": _PURPOSE})
