"""The names behind pseudonyms, sealed: whoever holds the secret sees accounts as the log named them.

Beside the ledger lies `names.sqlite`: blocks of up to 4,096 pseudonyms in the clear (the ledger shows those
anyway) and their names sealed together, bound to those pseudonyms. Without the secret a pseudonym is shown as
16 hexadecimal digits. Adding is idempotent, so names are written before the commit whose rows need them: a
crash in between leaves names that nothing uses yet.

Weakness: sizes of blocks are visible, and so is roughly how long names are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from stillwatch.errors import SecretError
from stillwatch.ledger.database import Database
from stillwatch.ledger.durable import full_disk_is_storage_full
from stillwatch.ledger.seal import Seal, open_sealed
from stillwatch.pseudonym import Secret

BLOCK_NAMES = 4_096  # one decryption shows one name in ~0.1 ms; a million names are 245 blocks
_FILE = "names.sqlite"
_SCHEMA = """
CREATE TABLE blocks (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, pseudonyms BLOB NOT NULL, names BLOB NOT NULL);
"""

Pseudonyms = npt.NDArray[np.int64]


def hexadecimal(pseudonym: int) -> str:
    """How a pseudonym is shown to somebody without the secret."""
    return f"{pseudonym:016x}"


class NameTable:
    """Names of accounts and organizations of one ledger; `kind` tells them apart."""

    def __init__(self, database: Database | None, seal: Seal | None) -> None:
        self._database = database
        self._seal = seal
        self._known: dict[str, Pseudonyms] = {}  # sorted

    @classmethod
    def open(cls, ledger: Path, secret: Secret | None = None) -> NameTable:
        """The name table of the ledger directory `ledger`, made if there is none and a secret is given.

        Raises `SketchMismatch` if the names were sealed under another secret.
        """
        path = ledger / _FILE
        if secret is None:
            return cls(Database(path) if path.exists() else None, None)
        return cls(open_sealed(path, _SCHEMA, secret), Seal(secret, "stillwatch/names"))

    def add(self, kind: str, names: Mapping[int, str]) -> int:
        """Seal the names that are not known yet, durably; returns how many were new."""
        database, seal = self._writable()
        known = self._known_pseudonyms(kind)
        given = np.fromiter(names, np.int64, len(names))
        fresh = given[~_contains(known, given) & (given != 0)]
        if len(fresh):
            with full_disk_is_storage_full(database.path), database.transaction() as db:
                new = _take_open_block(db, seal, kind) | {int(p): names[int(p)] for p in fresh}
                items = list(new.items())
                for first in range(0, len(items), BLOCK_NAMES):
                    part = items[first : first + BLOCK_NAMES]
                    pseudonyms = np.array([p for p, _ in part], "<i8").tobytes()
                    sealed = seal.close(_encode([name for _, name in part]), _context(kind, pseudonyms))
                    db.execute(
                        "INSERT INTO blocks (kind, pseudonyms, names) VALUES (?, ?, ?)", (kind, pseudonyms, sealed)
                    )
            self._known[kind] = np.sort(np.concatenate([known, fresh]))
        return len(fresh)

    def names(self, kind: str, pseudonyms: Iterable[int] | None = None) -> dict[int, str]:
        """Names of these pseudonyms, or of all; those that are not known, or stay sealed, are hexadecimal."""
        wanted = None if pseudonyms is None else np.unique(np.fromiter(pseudonyms, np.int64))
        shown = {} if wanted is None else {int(p): hexadecimal(int(p)) for p in wanted}
        for block in self._blocks(kind):
            here = np.frombuffer(block[1], "<i8")
            hits = range(len(here)) if wanted is None else np.flatnonzero(_contains(wanted, here)).tolist()
            if hits:
                names = _open(self._seal, kind, block) if self._seal else [hexadecimal(p) for p in here.tolist()]
                shown |= {int(here[i]): names[i] for i in hits}
        return shown

    def name(self, kind: str, pseudonym: int) -> str:
        """The name of one pseudonym; for more than a few, `names` is cheaper."""
        return self.names(kind, [pseudonym])[pseudonym]

    def _blocks(self, kind: str) -> Iterator[Any]:
        if self._database is not None:
            yield from self._database.rows("SELECT number, pseudonyms, names FROM blocks WHERE kind = ?", kind)

    def _known_pseudonyms(self, kind: str) -> Pseudonyms:
        if kind not in self._known:
            pseudonyms = b"".join(block[1] for block in self._blocks(kind))
            self._known[kind] = np.sort(np.frombuffer(pseudonyms, "<i8").astype(np.int64))
        return self._known[kind]

    def _writable(self) -> tuple[Database, Seal]:
        if self._database is None or self._seal is None:
            raise SecretError("names cannot be sealed without the secret", "Give the deployment's secret file")
        return self._database, self._seal


def _take_open_block(db: sqlite3.Connection, seal: Seal, kind: str) -> dict[int, str]:
    """Remove the last block if it is not full, and return its names: small commits share blocks."""
    row = db.execute(
        "SELECT number, pseudonyms, names FROM blocks WHERE kind = ? ORDER BY number DESC LIMIT 1", (kind,)
    ).fetchone()
    if row is None or len(row[1]) >= 8 * BLOCK_NAMES:
        return {}
    db.execute("DELETE FROM blocks WHERE number = ?", (row[0],))
    return dict(zip(np.frombuffer(row[1], "<i8").tolist(), _open(seal, kind, row), strict=True))


def _open(seal: Seal, kind: str, block: tuple[int, bytes, bytes]) -> list[str]:
    _, pseudonyms, sealed = block
    texts = msgspec.msgpack.decode(seal.open(sealed, _context(kind, pseudonyms)), type=list[bytes])
    return [text.decode("utf-8", "surrogatepass") for text in texts]


def _encode(names: Sequence[str]) -> bytes:
    return msgspec.msgpack.encode([name.encode("utf-8", "surrogatepass") for name in names])


def _context(kind: str, pseudonyms: bytes) -> bytes:
    return kind.encode() + b"\0" + pseudonyms


def _contains(haystack: Pseudonyms, needles: Pseudonyms) -> npt.NDArray[np.bool_]:
    """Which needles are in the sorted haystack."""
    if not len(haystack):
        return np.zeros(len(needles), np.bool_)
    at = np.minimum(np.searchsorted(haystack, needles), len(haystack) - 1)
    found: npt.NDArray[np.bool_] = haystack[at] == needles
    return found
