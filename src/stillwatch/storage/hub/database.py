"""What the parts of a hub's store ask of a database, and the connections to it, as many as are used at one time.

SQL is written once, in what SQLite and PostgreSQL both understand, with four forms that are SQLite's own and that
`postgres` puts into PostgreSQL's: `?`, `INDEXED BY`, and `json_each` over a list of values (`AMONG`) or a column.
Writers take turns: a transaction that changes anything has the store for itself, between processes too, and the next
one begins when what it changed is seen by all. So whoever reads a date has seen all dates before it.
"""

from __future__ import annotations

import json
import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from stillwatch.sharing.hub.store import StoreBusy

BUSY_SECONDS = 60.0
"""How long a writer waits for one of another process; a post of 100 MB takes some 20 s."""
AMONG = "IN (SELECT value FROM json_each(?))"
"""Condition on a column whose value is one of a `Many`."""


class Many(list[Any]):
    """A list as one value of a statement, of any length; SQLite is given JSON."""

    def __conform__(self, protocol: object) -> str:
        return json.dumps(self)


class Found(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """A connection, and inside a transaction the transaction."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Found: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object: ...
    def close(self) -> None: ...


class Database(ABC):
    """One database, for any number of threads; raises `StoreBusy` where it does not answer."""

    begin: str
    """The statement that begins a change, and waits until nobody else is at one."""
    faults: tuple[type[Exception], ...]
    """What its library raises where the database is locked, full or away."""

    def __init__(self, most_connections: int) -> None:
        self._free: deque[Any] = deque()
        self._room = threading.BoundedSemaphore(most_connections)
        self._writing = threading.Lock()
        weakref.finalize(self, _close_all, self._free)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """All rows of a query."""
        with self._connection() as db:
            return list(db.execute(query, values).fetchall())

    def row(self, query: str, *values: Any) -> Any:
        """The first row, None if there is none."""
        with self._connection() as db:
            return db.execute(query, values).fetchone()

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """All changes made inside become durable together at the end, or none of them."""
        with self._writing, self._connection() as db:
            try:
                db.execute(self.begin)
                yield db
                db.execute("COMMIT")
            except BaseException:
                self._roll_back(db)
                raise

    def change(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> int:
        """Execute statements in one transaction; returns how many rows the last one changed."""
        changed = 0
        with self.transaction() as db:
            for statement, values in statements:
                changed = db.execute(statement, values).rowcount
        return changed

    @abstractmethod
    def number_on(self, db: Connection, table: str, column: str) -> None:
        """Number the next row of a table behind those that were given with their numbers."""

    @abstractmethod
    def forget_deleted(self) -> None:
        """Leave as little as can be of what was deleted in the database's files."""

    @abstractmethod
    def _connect(self) -> Connection:
        """Another connection."""

    @abstractmethod
    def _roll_back(self, db: Any) -> None:
        """End a transaction that failed."""

    @abstractmethod
    def _is_sound(self, db: Any) -> bool:
        """Whether a connection can still be used."""

    @contextmanager
    def _connection(self) -> Generator[Any]:
        """One that nobody else uses meanwhile."""
        try:
            with self._room:
                db = self._taken()
                try:
                    yield db
                finally:
                    self._give_back(db)
        except self.faults as error:
            raise StoreBusy(f"the hub's store does not answer: {error}") from error

    def _taken(self) -> Any:
        while True:
            try:
                db = self._free.pop()
            except IndexError:
                return self._connect()
            if self._is_sound(db):
                return db
            db.close()

    def _give_back(self, db: Any) -> None:
        if self._is_sound(db):
            self._free.append(db)
        else:
            db.close()


def _close_all(connections: deque[Any]) -> None:
    while connections:
        connections.pop().close()
