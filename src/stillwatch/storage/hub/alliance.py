"""What the alliance keeps, in a file beside the hub's store; implements `sharing.alliance.store.AllianceStore`.

A file of its own, because it holds names of signers, which who reads the objects need not; `published` looks into the
hub's own file, for reading only.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.acknowledgement import Acknowledgement
from stillwatch.sharing.alliance.admission import EXTRACTION
from stillwatch.sharing.alliance.store import Published
from stillwatch.sharing.governance.approval import Approval, Signer
from stillwatch.sharing.hub.store import StoreBusy

_SCHEMA = """
CREATE TABLE IF NOT EXISTS signers (
    member TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, public_key BLOB NOT NULL,
    is_struck_off INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (member, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS approvals (
    number INTEGER PRIMARY KEY, member TEXT NOT NULL, signature TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS approved (
    digest TEXT NOT NULL, approval INTEGER NOT NULL REFERENCES approvals(number), PRIMARY KEY (digest, approval)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acknowledgements (
    digest TEXT NOT NULL, member TEXT NOT NULL, ts_us INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (digest, member)
) WITHOUT ROWID;
"""
_BUSY_SECONDS = 60.0
_KEY_BYTES = 32


class SqliteAlliance:
    """The file is `<hub's store>.alliance` (mode 600), made if there is none. Safe for threads and processes."""

    def __init__(self, hub: Path) -> None:
        self._hub = hub
        self._file = hub.with_name(hub.name + ".alliance")
        self._file.touch(mode=0o600)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(self._file, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def put_signer(self, member: str, signer: Signer) -> None:
        """Register a signer. Raises `UsageError` where the name is taken by another key: keys are never exchanged."""
        if len(signer.public_key) != _KEY_BYTES:
            raise UsageError(f"the public key of {signer.name} is not one of {_KEY_BYTES} bytes", "Give it as hex")
        with self._changing() as db:
            known = db.execute(
                "SELECT public_key FROM signers WHERE member = ? AND name = ?", (member, signer.name)
            ).fetchone()
            if known is not None and known[0] != signer.public_key:
                raise UsageError(f"{signer.name} of {member} has another key already", "Register a new name")
            db.execute(
                "INSERT OR IGNORE INTO signers (member, name, role, public_key) VALUES (?, ?, ?, ?)",
                (member, signer.name, signer.role, signer.public_key),
            )

    def strike_off(self, member: str, name: str) -> None:
        """End a signer's rights; what it signed before stands. Raises `UsageError` if there is none."""
        with self._changing() as db:
            done = db.execute("UPDATE signers SET is_struck_off = 1 WHERE member = ? AND name = ?", (member, name))
            if not done.rowcount:
                raise UsageError(f"{member} has no signer {name}", "See: stillwatch hub signer list")

    def all_signers(self) -> list[tuple[str, Signer, bool]]:
        """Member, signer, and whether it was struck off."""
        query = "SELECT member, name, role, public_key, is_struck_off FROM signers ORDER BY member, name"
        return [(member, Signer(*of), bool(struck)) for member, *of, struck in self._rows(query)]

    def signers(self, member: str) -> Mapping[str, Signer]:
        """A member's signers, by name; without those that were struck off."""
        query = "SELECT name, role, public_key FROM signers WHERE member = ? AND is_struck_off = 0"
        return {row[0]: Signer(*row) for row in self._rows(query, member)}

    def put_approval(self, member: str, approval: Approval) -> bool:
        """Keep an approval for good; False if it was there."""
        with self._changing() as db:
            added = db.execute(
                "INSERT OR IGNORE INTO approvals (member, signature, body) VALUES (?, ?, ?)",
                (member, approval.signature, msgspec.json.encode(approval)),
            )
            if added.rowcount:
                rows = [(digest, added.lastrowid) for digest in set(approval.digests)]
                db.executemany("INSERT INTO approved VALUES (?, ?)", rows)
            return bool(added.rowcount)

    def approvals(self, member: str, digest: str) -> Sequence[Approval]:
        """A member's approvals of the object with this digest."""
        query = (
            "SELECT body FROM approved JOIN approvals ON approval = number WHERE digest = ? AND member = ? "
            "ORDER BY number"
        )
        return [msgspec.json.decode(row[0], type=Approval) for row in self._rows(query, digest, member)]

    def put_acknowledgement(self, acknowledgement: Acknowledgement) -> bool:
        """Keep it; False if the member had acknowledged this version before."""
        said = asdict(acknowledgement)
        row = (said["digest"], said["member"], said["ts_us"], msgspec.json.encode(acknowledgement))
        with self._changing() as db:
            return bool(db.execute("INSERT OR IGNORE INTO acknowledgements VALUES (?, ?, ?, ?)", row).rowcount)

    def acknowledgements(self, digest: str) -> Sequence[Acknowledgement]:
        """Who acknowledged the version with this digest, oldest first."""
        query = "SELECT body FROM acknowledgements WHERE digest = ? ORDER BY ts_us, member"
        return [msgspec.json.decode(row[0], type=Acknowledgement) for row in self._rows(query, digest)]

    def published(self, collection: str, after_us: int, limit: int) -> Sequence[Published]:
        """What was added to a collection after a time, in order of date added, whoever may see it."""
        query = (
            "SELECT o.date_added_us, v.contributor, o.body FROM objects o "
            "JOIN collections c ON c.number = o.collection JOIN visibilities v ON v.number = o.visibility "
            "WHERE c.id = ? AND o.date_added_us > ? ORDER BY o.date_added_us LIMIT ?"
        )
        return [
            Published(added_us, hashlib.sha256(body).hexdigest(), contributor, bytes(body))
            for added_us, contributor, body in self._of_hub(query, collection, after_us, limit)
        ]

    def newest_us(self, collection: str) -> int:
        """When something was added to a collection last; 0 if nothing was."""
        found = self._of_hub("SELECT max(last_added_us) FROM collections WHERE id = ?", collection)
        return int(found[0][0] or 0)

    def governed(self) -> Sequence[str]:
        """Ids of the collections under the alliance's rules."""
        query = "SELECT id FROM collections WHERE profile = ? ORDER BY number"
        return [row[0] for row in self._of_hub(query, EXTRACTION)]

    def _of_hub(self, query: str, *values: Any) -> list[Any]:
        try:
            with closing(sqlite3.connect(f"file:{self._hub}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as db:
                return db.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            raise StoreBusy(str(error)) from error

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _changing(self) -> Generator[sqlite3.Connection]:
        """All changes made inside become durable together, or none."""
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
        except sqlite3.OperationalError as error:
            raise StoreBusy(str(error)) from error
