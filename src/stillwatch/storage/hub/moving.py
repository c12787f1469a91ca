"""Moving a hub's store from one database to another, with everything that members hold on to.

Dates, numbers of rows and the key of cursors stay, so a member that polls goes on where it was, even in the middle of a
page. The store that is left is locked meanwhile and not changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillwatch.errors import UsageError
from stillwatch.storage.hub.database import Connection, Database
from stillwatch.storage.hub.opening import open_alliance, open_store

if TYPE_CHECKING:
    from stillwatch.storage.hub.postgres_url import PostgresUrl

_HUB = {
    "facts": "",
    "members": "",
    "tokens": "",
    "roots": "",
    "root_members": "",
    "collections": "number",
    "rights": "",
    "visibilities": "number",
    "objects": "row",
    "present": "",
    "held": "number",
    "definitions": "",
    "statuses": "",
}
"""Tables, each after those it refers to, and which column the database numbers."""
_ALLIANCE = {"signers": "", "approvals": "number", "approved": "", "acknowledgements": ""}
_BATCH = 2_000


def move(source: Path | PostgresUrl, target: Path | PostgresUrl) -> int:
    """Copy all of a store into an empty one; returns how many rows. Raises `UsageError` where that cannot be meant."""
    if isinstance(source, Path) and not source.is_file():
        raise UsageError(f"there is no store {source}", "Name the one that the hub used")
    old, new = open_store(source), open_store(target)
    parts = (
        (open_alliance(source, old).database, open_alliance(target, new).database, _ALLIANCE),
        (old.database, new.database, _HUB),
    )
    for _, to, tables in parts:
        _check_empty(to, tables)
    return sum(_copied(of, to, tables) for of, to, tables in parts)


def _check_empty(database: Database, tables: dict[str, str]) -> None:
    for table in tables.keys() - {"facts"}:
        if database.row(f"SELECT 1 FROM {table} LIMIT 1"):  # noqa: S608 - our own names
            raise UsageError("the store to move to holds something already", "Name a new file or an empty database")


def _copied(source: Database, target: Database, tables: dict[str, str]) -> int:
    count = 0
    with source.transaction() as of, target.transaction() as to:
        for table, numbered in tables.items():
            for rows in _batches(of, table, numbered):
                values = ", ".join("?" * len(rows[0]))
                to.executemany(f"INSERT INTO {table} VALUES ({values}){_KEEP.get(table, '')}", rows)  # noqa: S608 - our own names
                count += len(rows)
            if numbered:
                target.number_on(to, table, numbered)
    return count


_KEEP = {"facts": " ON CONFLICT (name) DO UPDATE SET value = excluded.value"}
"""A new store has facts: a key of cursors that nobody has seen yet gives way to the old one."""


def _batches(of: Connection, table: str, numbered: str) -> Iterator[list[Any]]:
    """All rows of a table; of one with numbers so many at a time."""
    if not numbered:
        which = " WHERE name <> 'version'" if table == "facts" else ""
        rows = of.execute(f"SELECT * FROM {table}{which}").fetchall()  # noqa: S608 - our own names
        yield from [rows] if rows else []
        return
    last = 0
    query = f"SELECT {numbered}, * FROM {table} WHERE {numbered} > ? ORDER BY {numbered} LIMIT ?"  # noqa: S608 - our own names
    while rows := of.execute(query, (last, _BATCH)).fetchall():
        last = rows[-1][0]
        yield [row[1:] for row in rows]
