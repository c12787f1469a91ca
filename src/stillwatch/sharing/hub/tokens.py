"""Bearer tokens: 32 random bytes, of which the store keeps a SHA-256."""

from __future__ import annotations

import hashlib
import secrets

_PREFIX = "swh_"
"""So that scanners for leaked secrets know one when they see it."""


def make_token() -> str:
    """A new token; it is shown once and not kept."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What the store keeps; a fast hash will do, as nobody can guess 256 random bits."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
