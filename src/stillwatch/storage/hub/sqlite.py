"""A database in one SQLite file, in write-ahead mode, because a page must not wait for a post of 100,000 objects.

`synchronous=FULL`: what was answered with 202 is on disk. `secure_delete`: what is deleted is overwritten.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.storage.hub.database import BUSY_SECONDS, Connection, Database

_CACHE_KIB = 16_384
_MAPPED_BYTES = 2**31
"""Read through the page cache of the system, which all processes share."""
_MOST_CONNECTIONS = 64
"""More than a process has threads that ask."""
_CHECKPOINT_MS = 1_000
"""How long the log of writes is not emptied because somebody reads; the next time will do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of a file and the number of this layout."""

    tables: str
    version: int


class SqliteDatabase(Database):
    """The file (mode 600) is made if there is none. Raises `InputError` if it is something else."""

    begin = "BEGIN IMMEDIATE"
    faults = (sqlite3.OperationalError,)

    def __init__(self, path: Path, layout: Layout, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(_MOST_CONNECTIONS)
        self.path = path
        self._busy_seconds = busy_seconds
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._make(layout)

    def number_on(self, db: Connection, table: str, column: str) -> None:
        """SQLite does so by itself."""

    def forget_deleted(self) -> None:
        """Pages are overwritten as they are freed; here older copies of them leave the log of writes."""
        with closing(self._connect()) as db:
            db.execute(f"PRAGMA busy_timeout={_CHECKPOINT_MS}")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _make(self, layout: Layout) -> None:
        """Make the tables, if the file has none; whoever comes first does it."""
        with self.transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in layout.tables.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={layout.version}")
        if version not in (0, layout.version):
            raise InputError(
                f"the hub's store {self.path} is of version {version} and this program has version {layout.version}",
                "Use the version of Stillwatch that made it, or begin another store",
            )

    def _roll_back(self, db: Any) -> None:
        if db.in_transaction:  # some faults end it
            db.execute("ROLLBACK")

    def _is_sound(self, db: Any) -> bool:
        return True

    def _connect(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, isolation_level=None, timeout=self._busy_seconds, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{self.path} cannot be opened as a hub's store ({error})", "Name another with --store"
            ) from None
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"cache_size=-{_CACHE_KIB}",
            f"mmap_size={_MAPPED_BYTES}",
        ):
            db.execute(f"PRAGMA {pragma}")
        return db
