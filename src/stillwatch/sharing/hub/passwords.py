"""Passwords: hashed with Argon2id, and verified once for each process rather than once for each request.

Argon2 takes 64 MiB and some 50 ms on purpose. A process remembers that a password fitted a hash, as a keyed digest of
both, so a memory image holds no password and no digest that could be guessed elsewhere. The hash is read from the store
at each request, so a password that was changed or revoked is not remembered for.

Source: RFC 9106; parameters are argon2-cffi's defaults, RFC 9106's second recommendation.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING

from stillwatch.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_REMEMBERED = 10_000
"""Fits kept; a hub has tens of members."""
_LONGEST_PASSWORD = 1024


def hashed(password: str) -> str:
    """The hash to keep; a hash stays as it is."""
    return password if password.startswith("$argon2") else _hasher().hash(password)


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError:
        raise UsageError("a hub needs argon2-cffi", "Run: pip install 'stillwatch[hub]'") from None
    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash(os.urandom(16))


class Passwords:
    """Verifies passwords against hashes; safe for threads."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._fits: OrderedDict[bytes, None] = OrderedDict()

    def is_known(self, password: str, credential: str) -> bool:
        """Whether this process has seen this password fit this hash; costs microseconds."""
        return bool(credential) and self._mark(password, credential) in self._fits

    def verify(self, password: str, credential: str) -> bool:
        """Whether the password fits the hash. Takes as long for an empty hash, so that no name is given away."""
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            _hasher().verify(credential or _nobodys(), password[:_LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        if not credential:
            return False
        self._fits[self._mark(password, credential)] = None
        while len(self._fits) > _REMEMBERED:
            self._fits.popitem(last=False)
        return True

    def _mark(self, password: str, credential: str) -> bytes:
        both = f"{len(credential)}:{credential}{password}".encode(errors="surrogatepass")
        return hashlib.blake2b(both, key=self._key).digest()
