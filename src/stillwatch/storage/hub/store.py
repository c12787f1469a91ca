"""The store of a hub: `Directory`, `Objects`, `Holding` and `Ending` on one database."""

from __future__ import annotations

import os
from pathlib import Path

from stillwatch.storage.hub.database import BUSY_SECONDS, Database
from stillwatch.storage.hub.directory import Directory
from stillwatch.storage.hub.ending import Ending
from stillwatch.storage.hub.holding import Holding
from stillwatch.storage.hub.objects import Objects
from stillwatch.storage.hub.schema import SCHEMA, VERSION
from stillwatch.storage.hub.sqlite import Layout, SqliteDatabase

_KEY_BYTES = 32


class HubStore(Directory, Objects, Holding, Ending):
    """A hub's store in a database; implements `sharing.hub.store.Store`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        Directory.__init__(self, database)
        Objects.__init__(self, database)
        Holding.__init__(self, database)
        Ending.__init__(self, database)
        self._key = _cursor_key(database)

    def counts(self) -> dict[str, int]:
        """How many members, collections, objects and objects in quarantine there are."""
        tables = ("members", "collections", "objects", "held")
        return {table: self.database.row(f"SELECT count(*) FROM {table}")[0] for table in tables}  # noqa: S608 - ours

    def cursor_key(self) -> bytes:
        """The key of cursors, the same for all processes."""
        return self._key


class SqliteStore(HubStore):
    """A hub's store in one SQLite file (mode 600), made if there is none."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(SqliteDatabase(path, Layout(SCHEMA, VERSION), busy_seconds))


def _cursor_key(database: Database) -> bytes:
    """Made once; whoever comes first decides."""
    known = "SELECT value FROM facts WHERE name = 'cursor key'"
    if database.row(known) is None:
        made = "INSERT INTO facts VALUES ('cursor key', ?) ON CONFLICT DO NOTHING"
        database.change([(made, (os.urandom(_KEY_BYTES),))])
    return bytes(database.row(known)[0])
