"""Who is asking: HTTP Basic (RFC 7617), bearer tokens (RFC 6750), and the client certificate under both.

Everything is answered the same way, 401 with both challenges, whether the name, the password, the token or the
certificate is wrong. Who has no more tries gets 429 and when to come back; its password is not looked at.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from stillwatch.sharing.hub.failures import Failures
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.passwords import Passwords
from stillwatch.sharing.hub.store import Store
from stillwatch.sharing.hub.tokens import digest
from stillwatch.sharing.taxii.faults import TaxiiFault

CHALLENGE = 'Basic realm="Stillwatch hub", charset="UTF-8", Bearer realm="Stillwatch hub"'
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """A member that has shown who it is; with a token it may be good for some API roots only."""

    member: Member
    roots: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of its sender. `certificate` is the SHA-256 of a client certificate, empty without one."""

    authorization: str | None
    address: str
    certificate: str = ""


class Authentication:
    """Tells members from strangers; blocking, and safe for threads."""

    def __init__(self, store: Store, failures: Failures, now_us: Callable[[], int]) -> None:
        self._store = store
        self._failures = failures
        self._now_us = now_us
        self._passwords = Passwords()

    def identify(self, caller: Caller) -> Identity:
        """Who it is; raises a fault (401, 429)."""
        scheme, _, rest = (caller.authorization or "").partition(" ")
        if len(rest) > _LONGEST_HEADER:
            raise _unauthorized()
        if scheme.lower() == "basic":
            identity = self._by_password(rest.strip(), caller.address)
        elif scheme.lower() == "bearer":
            identity = self._by_token(rest.strip(), caller.address)
        else:
            raise _unauthorized()
        if identity.member.certificate and identity.member.certificate != caller.certificate:
            self._fail(caller.address, identity.member.name)
        return identity

    def _by_password(self, encoded: str, address: str) -> Identity:
        name, password = _decoded(encoded)
        member = self._store.member(name)
        credential = member.credential if member else ""
        if not (member and self._passwords.is_known(password, credential)):
            self._check_budget(address, name)
            if not self._passwords.verify(password, credential) or member is None:
                self._fail(address, name)
        return Identity(member)

    def _by_token(self, token: str, address: str) -> Identity:
        found = self._store.token_holder(digest(token), self._now_us())
        if found is None:
            self._check_budget(address, "")
            self._fail(address, "")
        return Identity(*found)

    def _check_budget(self, address: str, name: str) -> None:
        seconds = self._failures.wait_seconds(address, name)
        if seconds:
            raise TaxiiFault(429, "Too many logins have failed; come back later", {"Retry-After": str(seconds)})

    def _fail(self, address: str, name: str) -> NoReturn:
        self._failures.record(address, name)
        raise _unauthorized()


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _unauthorized() from None
    if not colon:
        raise _unauthorized()
    return name, password


def _unauthorized() -> TaxiiFault:
    return TaxiiFault(401, "Show who you are: HTTP Basic, or a bearer token", {"WWW-Authenticate": CHALLENGE})
