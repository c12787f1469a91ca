"""Connections to the file, as many as are used at one time, all in write-ahead mode.

Write-ahead, because a page must not wait for a post of a hundred thousand objects. `synchronous=FULL`: what was
answered with 202 is on disk. Writers take turns inside a process by a lock and between processes by SQLite's own.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.sharing.hub.store import StoreBusy
from stillwatch.storage.hub.schema import SCHEMA, VERSION

BUSY_SECONDS = 60.0
"""How long a writer waits for one of another process; a post of 100 MB takes some 20 s."""
_CACHE_KIB = 16_384
_MAPPED_BYTES = 2**31
"""Read through the page cache of the system, which all processes share."""


class Connections:
    """The database of one hub, for any number of threads and processes."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._free: deque[sqlite3.Connection] = deque()
        self._writing = threading.Lock()
        weakref.finalize(self, _close_all, self._free)
        _make(path, busy_seconds)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        return self.rows_named(query, values)

    def rows_named(self, query: str, values: Mapping[str, Any] | Sequence[Any]) -> list[Any]:
        """All rows of a query whose values may have names."""
        with _busy_said(), self._connection() as db:
            return db.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Any:
        """The first row, None if there is none."""
        with _busy_said(), self._connection() as db:
            return db.execute(query, values).fetchone()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All changes made inside become durable together at the end, or none of them."""
        with self._writing, _busy_said(), self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def change(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> int:
        """Execute statements in one transaction; returns how many rows the last one changed."""
        changed = 0
        with self.transaction() as db:
            for statement, values in statements:
                changed = db.execute(statement, values).rowcount
        return changed

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        """One that nobody else uses meanwhile."""
        try:
            db = self._free.pop()
        except IndexError:
            db = _connect(self.path, self._busy_seconds)
        try:
            yield db
        finally:
            self._free.append(db)


def _close_all(connections: deque[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


@contextmanager
def _busy_said() -> Generator[None]:
    """SQLite's word for a lock that was not had in time, and for a full disk."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreBusy(str(error)) from error


def _make(path: Path, busy_seconds: float) -> None:
    """Make the tables, if the file has none; whoever comes first does it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with closing(_connect(path, busy_seconds)) as db:
        db.execute("BEGIN IMMEDIATE")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    if version not in (0, VERSION):
        raise InputError(
            f"the hub's store {path} is of version {version} and this program has version {VERSION}",
            "Use the version of Stillwatch that made it, or begin another store",
        )


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=busy_seconds, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{path} cannot be opened as a hub's store ({error})", "Name another file with --store"
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
