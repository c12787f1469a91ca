"""A notice that something is new in a collection: signed by the hub, good for one member and five minutes, once.

{"member": "member-02", "root": "alliance", "collection": "5f4d...", "ts_us": 1795262400000000, "signature": "..."}

It says nothing of what is new. Signed with the key of the hub's record, which members have pinned anyway, so no secret
of a member lies at the hub; the signature covers the member's name, so nobody passes it on to another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from stillwatch.errors import StillwatchError
from stillwatch.sharing.governance.canonical import NotCanonical, canonical

LONGEST_BYTES = 2_000
WINDOW_US = 5 * 60 * 1_000_000
"""How far the clocks of hub and member may differ. A notice is remembered for as long, so that it counts once."""
_PURPOSE = "stillwatch/notice/1"


class NoticeRefused(StillwatchError):
    """What came is no notice of this hub for this member now."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`signature`: 64 bytes as hex over all the rest."""

    member: str
    root: str
    collection: str
    ts_us: int
    signature: str


def notice(member: str, root: str, collection: str, ts_us: int, key: Ed25519PrivateKey) -> bytes:
    """A notice, as it is sent."""
    unsigned = Notice(member, root, collection, ts_us, "")
    return msgspec.json.encode(replace(unsigned, signature=key.sign(_signed(unsigned)).hex()))


class Notices:
    """Reads notices for one member of one root; the hub's key is 32 bytes. Not safe for threads."""

    def __init__(self, member: str, root: str, hub_key: bytes) -> None:
        self._of = member, root
        self._key = Ed25519PublicKey.from_public_bytes(hub_key)
        self._seen: dict[str, int] = {}

    def read(self, body: bytes, now_us: int) -> Notice:
        """Check, in this order: form, addressee, signature, time, and that it did not come before.

        Raises `NoticeRefused`.
        """
        try:
            found = msgspec.json.decode(body, type=Notice) if len(body) <= LONGEST_BYTES else None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            found = None
        if found is None or (found.member, found.root) != self._of:
            raise NoticeRefused("this is no notice for us")
        try:
            self._key.verify(bytes.fromhex(found.signature), _signed(found))
        except (InvalidSignature, ValueError, NotCanonical):
            raise NoticeRefused("the hub did not sign it") from None
        if abs(now_us - found.ts_us) > WINDOW_US:
            raise NoticeRefused("it is not of now", "Are both clocks right?")
        self._seen = {one: ts_us for one, ts_us in self._seen.items() if now_us - ts_us <= WINDOW_US}
        if found.signature.lower() in self._seen:
            raise NoticeRefused("it came before")
        self._seen[found.signature.lower()] = found.ts_us
        return found


def _signed(found: Notice) -> bytes:
    return canonical(
        {
            "purpose": _PURPOSE,
            "member": found.member,
            "root": found.root,
            "collection": found.collection,
            "ts_us": found.ts_us,
        }
    )
