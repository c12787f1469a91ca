"""Signing keys of a member's signers and machine, and of a hub's record: one file each (mode 600).

A key is derived from a secret like all others here (`pseudonym.Secret`); the public half goes to the hub's operator.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.pseudonym import Secret

_PURPOSE = "stillwatch/signing-key/1"
MACHINE = "machine"
"""The name under which the member's machine signs acknowledgements."""


def make_key(file: Path) -> Ed25519PrivateKey:
    """A new key in a new file. Raises `SecretError` where there is one."""
    return _key(Secret.create(file))


def load_key(file: Path) -> Ed25519PrivateKey:
    """The key of a file. Raises `SecretError` if it is missing, damaged or open to others."""
    return _key(Secret.load(file))


def public_hex(key: Ed25519PrivateKey) -> str:
    """What the hub's operator registers."""
    return key.public_key().public_bytes_raw().hex()


def _key(secret: Secret) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret.derive(_PURPOSE))
