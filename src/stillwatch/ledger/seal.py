"""What only the holder of the deployment's secret can read: AES-256-GCM under a key of its own per purpose.

A sealed text is bound to its context (what it belongs to): moved elsewhere, it does not open. Nonces are
random 96 bits: safe for 2**32 texts under one key (NIST SP 800-38D, 8.3), far above what a ledger seals.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillwatch.errors import LedgerError, SketchMismatch
from stillwatch.ledger.database import Database
from stillwatch.ledger.durable import full_disk_is_storage_full, sync_directory
from stillwatch.pseudonym import Secret

_NONCE_BYTES = 12


class Seal:
    """Closes and opens texts for one purpose."""

    def __init__(self, secret: Secret, purpose: str) -> None:
        self._cipher = AESGCM(secret.derive(purpose, 32))

    def close(self, text: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises `LedgerError` if the text was altered, moved, or sealed under another secret."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise LedgerError(
                "a sealed text does not open: it was altered, or sealed under another secret",
                "Sketch the logs again with the secret at hand",
            ) from None


def open_sealed(path: Path, schema: str, secret: Secret) -> Database:
    """The database at `path` whose texts are sealed under `secret`, made (mode 600) if there is none.

    Raises `SketchMismatch` if it was made under another secret.
    """
    if not path.exists():
        _create_sealed(path, schema, secret)
    database = Database(path)
    ((key_id,),) = database.rows("SELECT key_id FROM sealed_under")
    if key_id != secret.id:
        raise SketchMismatch(
            f"{path} is sealed under the secret {key_id} and this is {secret.id}",
            "Name the secret that the logs were sketched with: --secret FILE",
        )
    return database


def _create_sealed(path: Path, schema: str, secret: Secret) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with full_disk_is_storage_full(path):
        database = Database.create(partial, "CREATE TABLE sealed_under (key_id TEXT NOT NULL);" + schema, mode=0o600)
        with database.transaction() as db:
            db.execute("INSERT INTO sealed_under VALUES (?)", (secret.id,))
        partial.replace(path)
        sync_directory(path.parent)
