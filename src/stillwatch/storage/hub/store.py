"""The store of a hub: `Directory`, `Objects` and `Holding` on one file."""

from __future__ import annotations

import os
from pathlib import Path

from stillwatch.storage.hub.connections import BUSY_SECONDS, Connections
from stillwatch.storage.hub.directory import Directory
from stillwatch.storage.hub.holding import Holding
from stillwatch.storage.hub.objects import Objects

_KEY_BYTES = 32


class SqliteStore(Directory, Objects, Holding):
    """A hub's store in one SQLite file (mode 600), made if there is none; implements `sharing.hub.store.Store`."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        connections = Connections(path, busy_seconds)
        Directory.__init__(self, connections)
        Objects.__init__(self, connections)
        Holding.__init__(self, connections)
        self._key = _cursor_key(connections)

    def cursor_key(self) -> bytes:
        """The key of cursors, the same for all processes."""
        return self._key


def _cursor_key(connections: Connections) -> bytes:
    """Made once; whoever comes first decides."""
    connections.change([("INSERT OR IGNORE INTO facts VALUES ('cursor key', ?)", (os.urandom(_KEY_BYTES),))])
    return bytes(connections.row("SELECT value FROM facts WHERE name = 'cursor key'")[0])
