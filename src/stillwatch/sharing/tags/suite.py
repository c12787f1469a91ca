"""The suite ristretto255-SHA512 of RFC 9497, section 4.1: bytes to elements, to scalars, and to a pair of keys.

Two modes have their own context, so that an output of one is never one of the other: `OPRF`, and `VOPRF`, in which the
holder of the key proves that it used the key it published. Tags are VOPRF; OPRF is there for the RFC's vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha512

from stillwatch.errors import UsageError
from stillwatch.sharing.tags.group import UNIFORM_BYTES, Element, ElementInvalid, Group, Ristretto255, Scalar

IDENTIFIER = b"ristretto255-SHA512"
SEED_BYTES = 32
LONGEST_INPUT = 2**16 - 1
"""Bytes: RFC 9497 writes lengths in two."""
_BLOCK_BYTES = 128  # SHA-512's input block, for RFC 9380, 5.3.1
_KEY_ATTEMPTS = 256  # RFC 9497, 3.2.1; a second one has a chance of 2^-252


class Mode(IntEnum):
    """RFC 9497, 3.1."""

    OPRF = 0
    VOPRF = 1


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A secret scalar and its public element. The secret is never printed."""

    secret: Scalar = field(repr=False)
    public: Element


class Suite:
    """RFC 9497's functions for one mode over one group; `context` separates modes and suites."""

    def __init__(self, mode: Mode = Mode.VOPRF, group: Group | None = None) -> None:
        self.mode = mode
        self.group = group or Ristretto255()
        self.context = b"OPRFV1-" + bytes([mode]) + b"-" + IDENTIFIER

    def element_of(self, data: bytes) -> Element:
        """HashToGroup."""
        return self.group.element_of(expand(data, b"HashToGroup-" + self.context))

    def scalar_of(self, data: bytes, purpose: bytes = b"HashToScalar-") -> Scalar:
        """HashToScalar, under the purpose's own domain."""
        return self.group.scalar_of(expand(data, purpose + self.context))

    def key_pair(self, seed: bytes, info: bytes) -> KeyPair:
        """DeriveKeyPair (3.2.1) of 32 secret bytes and a public name. Raises `UsageError` for another length."""
        if len(seed) != SEED_BYTES:
            raise UsageError(f"a seed has {SEED_BYTES} bytes and this one {len(seed)}")
        for attempt in range(_KEY_ATTEMPTS):
            secret = self.scalar_of(seed + prefixed(info) + bytes([attempt]), b"DeriveKeyPair")
            if any(secret):
                return KeyPair(secret, self.group.base_times(secret))
        raise ElementInvalid("no key can be derived from this seed", "Take another")


def prefixed(data: bytes) -> bytes:
    """`data` behind its length in two bytes. Raises `UsageError` for more than 65,535."""
    if len(data) > LONGEST_INPUT:
        raise UsageError(f"an input has {len(data)} bytes and may have {LONGEST_INPUT}")
    return len(data).to_bytes(2, "big") + data


def expand(message: bytes, domain: bytes) -> bytes:
    """expand_message_xmd with SHA-512 (RFC 9380, 5.3.1), 64 bytes: one block, so b_1 is all of it."""
    tail = domain + bytes([len(domain)])
    first = sha512(bytes(_BLOCK_BYTES) + message + UNIFORM_BYTES.to_bytes(2, "big") + b"\0" + tail).digest()
    return sha512(first + b"\1" + tail).digest()
