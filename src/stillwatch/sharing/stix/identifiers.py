"""Ids of STIX objects: random for what is new, deterministic where two members must make the same, keyed for our own.

A campaign keeps its id from version to version, and nobody may learn our local id from it: it is derived from that
under the deployment's secret. Observables and what everybody refers to (techniques, pseudonymous identities) have ids
that follow from their content (STIX 2.1, 2.9).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from stillwatch.pseudonym import Secret
from stillwatch.sharing.governance.canonical import canonical

OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""STIX 2.1, 2.9: the namespace of observables' ids."""
_OURS = uuid.UUID("b7d0c3ac-0b35-4bd1-9d8f-1c5c0f8f0f5d")
"""Of techniques, identities and locations that members name alike; made once at random."""


def new(kind: str) -> str:
    """A random id."""
    return f"{kind}--{uuid.uuid4()}"


def own(kind: str, secret: Secret, local: str) -> str:
    """The id of our own object: always the same for the same local name, and to others as if random."""
    return f"{kind}--{uuid.UUID(bytes=secret.derive(f'stillwatch/stix/{kind}/{local}', 16), version=4)}"


def agreed(kind: str, name: str) -> str:
    """The id that every member gives to what has this public name, as `identity` of `member-07`."""
    return f"{kind}--{uuid.uuid5(_OURS, f'{kind}/{name}')}"


def observable(kind: str, contributing: Mapping[str, str | int]) -> str:
    """The id that follows from an observable's contributing properties, in canonical JSON (RFC 8785)."""
    return f"{kind}--{uuid.uuid5(OBSERVABLES, canonical(contributing).decode())}"
