"""Signed heads of the hub's log: what every member keeps, so that the hub cannot rewrite what it once said.

The log is a hash chain (`decision.journal`): changing, dropping or moving an entry breaks it there, except for its
newest ones. A head is the number and digest of the newest entry with the hub's signature; who holds one proves with it
that the log was cut or is another one. Two heads of one number that differ prove that the hub showed two logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.decision.journal import Journal, verify
from stillwatch.errors import JournalBroken
from stillwatch.sharing.governance.canonical import canonical

_PURPOSE = "stillwatch/log-head/1"


@dataclass(frozen=True, slots=True)
class Head:
    """`digest` of entry `number`, said at `ts_us`; `signature` as hex."""

    number: int
    digest: str
    ts_us: int
    signature: str


def signed_head(number: int, digest: str, ts_us: int, key: Ed25519PrivateKey) -> Head:
    """The head, in the hub's name."""
    return Head(number, digest, ts_us, key.sign(_signed(number, digest, ts_us)).hex())


def check_head(head: Head, hub: Ed25519PublicKey) -> None:
    """Raises `JournalBroken` if the hub did not sign it."""
    try:
        hub.verify(bytes.fromhex(head.signature), _signed(head.number, head.digest, head.ts_us))
    except (InvalidSignature, ValueError):
        raise JournalBroken(f"head {head.number} is not signed by the hub") from None


def check_log(file: Path, heads: Iterable[Head], hub: Ed25519PublicKey) -> int:
    """How many entries the log has, if it is whole and every head that somebody kept is in its place.

    Raises `JournalBroken` that names the entry or the head.
    """
    entries, _ = verify(file)
    kept: dict[int, str] = {}
    for head in heads:
        check_head(head, hub)
        if kept.setdefault(head.number, head.digest) != head.digest:
            raise JournalBroken(f"the hub signed two heads of number {head.number}", "It showed two different logs")
    digests = {entry.number: entry.digest for entry, _ in Journal(file).read() if entry.number in kept}
    for number, digest in kept.items():
        if digests.get(number) != digest:
            raise JournalBroken(f"{file}: it has not the entry {number} that the hub signed", "It was cut or replaced")
    return entries


def _signed(number: int, digest: str, ts_us: int) -> bytes:
    return canonical({"purpose": _PURPOSE, "number": number, "digest": digest, "ts_us": ts_us})
