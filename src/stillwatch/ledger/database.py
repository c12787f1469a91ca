"""Small SQLite files with one rule of durability for all of them: when a transaction ends, it is on disk.

Rollback journal and `synchronous=EXTRA`, not WAL. A commit comes every few seconds from one writer, so WAL's
concurrency buys nothing here, while a rollback journal keeps a database one file that can be copied, and read
from a read-only mount. EXTRA also syncs the directory after the journal is gone: without it a power cut may
bring a committed transaction back to its old state. Connections live for one call, so a reader holds no lock
between calls and an object may be used from any thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_BUSY_SECONDS = 10.0


class Database:
    """One SQLite file that exists. A file that is not writable can still be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._uri = f"{path.absolute().as_uri()}?mode=rw"

    @classmethod
    def create(cls, path: Path, schema: str, *, mode: int = 0o644) -> Database:
        """Make `path` with these tables, or replace what is there."""
        path.unlink(missing_ok=True)
        path.touch(mode)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=EXTRA")
            db.executescript(f"BEGIN; {schema} COMMIT;")
        return cls(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All changes made inside become durable together at the end, or none of them."""
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: str | int | None) -> list[Any]:
        with closing(self._connect()) as db:
            return db.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        db.execute("PRAGMA synchronous=EXTRA")
        db.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten, not only unlisted
        return db
