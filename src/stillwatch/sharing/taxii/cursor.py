"""Where a page ended, sealed, so that a client can go on from there and learn nothing else (3.5).

A cursor holds the place of the last row in the store's order, (date added, row number), under AES-256-GCM. The place
depends on rows alone, so a cursor stays good while objects come and go and over restarts. It is bound to what it was
given out for: the endpoint, the member and the filters. Changed, made up, or used elsewhere, it does not open (400).
Encrypted, because row numbers would tell how many objects a member may not see. Nonces are random: 2**32 cursors under
one key stay far from a repeat that matters (NIST SP 800-38D, 8.3).
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillwatch.sharing.taxii.faults import malformed

_NONCE_BYTES = 12
_PLACE = struct.Struct(">qq")
_LENGTH = _NONCE_BYTES + _PLACE.size + 16


class Place(NamedTuple):
    """A row in the order of a collection."""

    date_added_us: int
    row: int


class Cursors:
    """Seals and opens places under one key (32 bytes), which all processes of a hub share."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, place: Place, context: bytes) -> str:
        """The place as an opaque string, good for this context alone."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, _PLACE.pack(*place), context)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, context: bytes) -> Place:
        """The place again; raises a fault (400) if the string is not one that `seal` made for this context."""
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:_LENGTH], context)
        except (ValueError, binascii.Error, InvalidTag):
            raise malformed("next is not a value that this query was given; send the same filters with it") from None
        return Place(*_PLACE.unpack(opened))
