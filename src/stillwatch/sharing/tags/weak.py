"""Tags under a key that all members share: HMAC-SHA256. Weak, off by default, here for what it is compared with.

Whoever holds the key, which is every member, every former member and everyone who robs one, tries all IPv4 addresses in
half an hour on one core, and a card's last digits at once; `tests/sharing/tags/test_attacks.py` does a /16 in a second.
Blind tags have no such key anywhere. Use this only between parties who may read each other's lists anyway.
"""

from __future__ import annotations

import hashlib
import hmac

from stillwatch.errors import UsageError
from stillwatch.sharing.tags.identifier import Identifier
from stillwatch.sharing.tags.tag_set import TAG_BYTES, Tag

_SHORTEST_KEY = 32


class UnsafeSharedKeyTags:
    """Tags that every holder of the key can reverse. Raises `UsageError` unless that is accepted in so many words."""

    def __init__(self, key: bytes, *, members_may_read_each_others_lists: bool = False) -> None:
        if not members_may_read_each_others_lists:
            raise UsageError(
                "tags under a shared key hide nothing from members",
                "Use blind tags (docs/tags.md), or say members_may_read_each_others_lists=True",
            )
        if len(key) < _SHORTEST_KEY:
            raise UsageError(f"a shared key has at least {_SHORTEST_KEY} bytes")
        self._key = key

    def tag(self, identifier: Identifier, epoch: int) -> Tag:
        digest = hmac.digest(self._key, b"%d\0" % epoch + identifier.data, hashlib.sha256)
        return Tag(identifier.kind, epoch, digest[:TAG_BYTES])
