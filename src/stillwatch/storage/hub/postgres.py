"""A database of PostgreSQL, by psycopg; what is written in SQLite's way is put into PostgreSQL's.

Posts, like those of SQLite, come one after the other: a transaction begins by an advisory lock, which PostgreSQL gives
back after the changes are seen by all. How statements are answered is not left to statistics, as `INDEXED BY` does not
leave it to SQLite's: each was written to walk an index, and sorting or hashing a table of a million objects for a page
of a thousand would be right as well, but slow. A connection that ended while nobody used it is noticed before it is
used; one that ends in use is a `StoreBusy`, and the next request tries a new one.
"""

from __future__ import annotations

import re
import select
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors

from stillwatch.errors import InputError
from stillwatch.storage.hub.database import AMONG, BUSY_SECONDS, Connection, Database
from stillwatch.storage.hub.postgres_url import PostgresUrl

MOST_CONNECTIONS = 10
"""Of a process: one for each of the hub's threads, and two for the alliance's and for what ends."""
_WAYS = {
    "connect_timeout": "5",  # seconds
    "application_name": "stillwatch-hub",
    "target_session_attrs": "read-write",  # of several servers the one that takes posts
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # milliseconds until a server that is silent counts as away
}
_SETTINGS = (
    "SET synchronous_commit = on; SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0; "
    "SET idle_in_transaction_session_timeout = '60s'; "
    "SET client_min_messages = error; SET lock_timeout = '{milliseconds}ms'"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 0))"
_KNOWN_STATEMENTS = 512
_INDEXED = re.compile(r" INDEXED BY \w+")
_EACH = re.compile(r"json_each\((\w+)\)")


class PostgresDatabase(Database):
    """The tables are made in the first schema of the search path if they are not there.

    Raises `StoreBusy` where the server is away or lets nobody in, `InputError` where the schema holds something else.
    """

    begin = f"BEGIN; {_LOCK}"
    faults = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)

    def __init__(self, url: PostgresUrl, tables: str, version: int, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(MOST_CONNECTIONS)
        self._url = url
        self._settings = _SETTINGS.format(milliseconds=round(busy_seconds * 1000))
        self._make(tables, version)

    def number_on(self, db: Connection, table: str, column: str) -> None:
        """The sequence behind the column goes on from its greatest number."""
        last = f"(SELECT coalesce(max({column}), 0) + 1 FROM {table})"  # noqa: S608 - our own names
        db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {last}, false)")

    def forget_deleted(self) -> None:
        """VACUUM gives the room of what was deleted to what comes; until then its bytes stay in the files."""
        with self._connection() as db:
            db.execute("VACUUM objects, held, statuses")

    def _make(self, tables: str, version: int) -> None:
        """Make the tables if they are not there; whoever comes first does it."""
        try:
            with self.transaction() as db:
                there = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'facts'"
                if db.execute(there).fetchone() is None:
                    for statement in filter(str.strip, _in_postgres(tables).split(";")):
                        db.execute(statement)
                    db.execute("INSERT INTO facts VALUES ('version', ?)", (str(version).encode(),))
                row = db.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
        except psycopg.ProgrammingError as error:
            raise InputError(
                f"the hub's tables cannot be made or read at {self._url} ({error.diag.message_primary})",
                "Give the hub a database or a schema of its own (docs/hub.md)",
            ) from None
        found = row[0].decode() if row else "?"
        if found != str(version):
            raise InputError(
                f"the hub's store {self._url} is of version {found} and this program has version {version}",
                "Use the version of Stillwatch that made it, or begin another store",
            )

    def _roll_back(self, db: Any) -> None:
        if not db.is_closed:
            db.execute("ROLLBACK")

    def _is_sound(self, db: Any) -> bool:
        return not db.is_closed and not db.has_ended

    def _connect(self) -> Session:
        return Session(psycopg.connect(self._url.with_ways(_WAYS), autocommit=True), self._settings)


class Session:
    """A connection that takes SQLite's forms."""

    def __init__(self, connection: psycopg.Connection[Any], settings: str) -> None:
        self._connection = connection
        connection.execute(settings.encode())

    @property
    def is_closed(self) -> bool:
        return self._connection.closed

    @property
    def has_ended(self) -> bool:
        """Whether the server has said something although it was asked nothing: mostly that it is gone."""
        waiting = select.poll()
        waiting.register(self._connection.fileno(), select.POLLIN)
        return bool(waiting.poll(0))

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement. A text with NUL, which PostgreSQL cannot hold, equals nothing that is kept."""
        if not values:
            return self._connection.execute(translated(sql))
        try:
            return self._connection.execute(translated(sql), values, binary=True)
        except psycopg.DataError:
            if sql.startswith("SELECT") and _has_nul(values):
                return self._connection.execute("SELECT WHERE false")
            raise

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each row."""
        with self._connection.cursor() as cursor:
            cursor.executemany(translated(sql), rows)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@lru_cache(_KNOWN_STATEMENTS)
def translated(sql: str) -> bytes:
    """A statement of ours, which holds no `?` and no `%` but for values."""
    plain = _INDEXED.sub("", sql).replace(AMONG, "= ANY(?)")
    return _EACH.sub(r"jsonb_array_elements_text(\1::jsonb) AS each(value)", plain).replace("?", "%s").encode()


def _in_postgres(tables: str) -> str:
    """Tables with the same columns; texts in the order of their bytes, as SQLite has them."""
    named = tables.replace("INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
    typed = named.replace("INTEGER", "BIGINT").replace("BLOB", "BYTEA").replace(" TEXT", ' TEXT COLLATE "C"')
    return typed.replace(" WITHOUT ROWID", "")


def _has_nul(values: Sequence[Any]) -> bool:
    each = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return any("\0" in one for one in each if isinstance(one, str))
