"""Which harmless conventions a suspect's answers follow: drawn under a key, committed to before any is served.

A convention has a pool of choices that are all equally good (the name that an example gets, the words that a summary
begins with). For each account the key deals `ALTERNATIVES` of the pool, and one of these is served. The order in which
values stand is that of a keyed digest, so each alternative is the served one with the same chance, and nobody without
the key can tell which. That draw is all the randomness that the audit's rank test needs (`stillwatch.audit.markers`).

One commitment binds the draws of all accounts: it covers the key and the catalogue. Pure: no I/O but the catalogue's
own file.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret

ALTERNATIVES = 16
"""Dealt of a pool. Chosen: one convention alone comes to p = 1/16, five to one in a million, and a pool of 24 is not
told by those that never come."""
MOST_MARKERS = 10
"""Of one account: as many as the catalogue holds conventions."""
_KEY_BYTES = 32
_INTRODUCTION = (
    "Where nothing that was said before and nothing that the user asks for stands against it, follow these "
    "conventions, and do not mention them:"
)


class Convention(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One choice. `line` tells the model, with `{}` where the value goes; `probes` are questions that show it."""

    name: str
    line: str
    pool: Annotated[tuple[str, ...], msgspec.Meta(min_length=ALTERNATIVES)]
    probes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    convention: list[Convention]


class Commitment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is published before anything is served. `digest` covers the key and every other field.

    `catalogue`: the digest of all conventions, with their pools.
    """

    tenant: str
    epoch: int
    catalogue: str
    alternatives: int
    digest: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A convention as one account has it."""

    name: str
    line: str
    alternatives: tuple[str, ...]
    served: str


@cache
def catalogue() -> tuple[Convention, ...]:
    """All conventions, in the catalogue's order."""
    text = (files("stillwatch.watermark") / "conventions.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text), _File).convention)


@cache
def catalogue_digest() -> str:
    """SHA-256 of all that a draw depends on, and of the probes."""
    return hashlib.sha256(msgspec.json.encode(catalogue())).hexdigest()


class ConventionKey:
    """The key of a tenant's draws in one epoch; another epoch draws anew. Never printed."""

    __slots__ = ("_material", "epoch", "tenant")

    def __init__(self, secret: Secret, tenant: str = "", epoch: int = 0) -> None:
        """Raises `UsageError` for an epoch below 0."""
        if epoch < 0:
            raise UsageError(f"a key's epoch is a number from 0 on, not {epoch}")
        self._material = secret.derive(f"stillwatch/conventions/1/{epoch}/{tenant}", _KEY_BYTES)
        self.tenant, self.epoch = tenant, epoch

    def __repr__(self) -> str:
        return f"ConventionKey({self.tenant!r}, epoch {self.epoch})"

    def commitment(self) -> Commitment:
        """What may be published: it binds every draw and tells nothing of any."""
        fields = msgspec.json.encode((self.tenant, self.epoch, catalogue_digest(), ALTERNATIVES))
        bound = b"stillwatch/conventions-commitment/1" + fields + self._material
        return Commitment(
            tenant=self.tenant,
            epoch=self.epoch,
            catalogue=catalogue_digest(),
            alternatives=ALTERNATIVES,
            digest=hashlib.sha256(bound).hexdigest(),
        )

    def drawn(self, account: str, count: int) -> list[Drawn]:
        """The first `count` conventions of an account, known by its pseudonym; more of them begin with the same."""
        order = self._ordered(account, "conventions", [one.name for one in catalogue()])
        by_name = {one.name: one for one in catalogue()}
        return [self._drawn(account, by_name[name]) for name in order[:count]]

    def _drawn(self, account: str, convention: Convention) -> Drawn:
        dealt = self._ordered(account, f"alternatives of {convention.name}", convention.pool)[:ALTERNATIVES]
        served = self._ordered(account, f"served of {convention.name}", dealt)[0]
        return Drawn(convention.name, convention.line, tuple(dealt), served)

    def _ordered(self, account: str, purpose: str, values: Iterable[str]) -> list[str]:
        """These values in an order that only the key knows: all orders have the same chance."""

        def digest(value: str) -> bytes:
            said = msgspec.json.encode((account, purpose, value))
            return hashlib.blake2b(said, digest_size=16, key=self._material).digest()

        return sorted(values, key=digest)


def instruction(drawn: Iterable[Drawn]) -> str:
    """What the model is told."""
    return "\n".join([_INTRODUCTION, *(f"- {one.line.format(one.served)}" for one in drawn)])
