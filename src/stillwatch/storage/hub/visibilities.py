"""Visibilities by number, and which of them a member may see.

Numbers are never changed or reused, so what is known of them is kept in memory; new ones are read when a number above
the known ones appears.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from stillwatch.sharing.hub.markings import Tlp, Visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.storage.hub.connections import Connections


class Visibilities:
    """All visibilities that a store knows."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections
        self._known: dict[int, Visibility] = {}

    def number(self, db: sqlite3.Connection, visibility: Visibility) -> int:
        """The number of a visibility, which is given one now if it has none; inside a transaction."""
        key = json.dumps(_columns(visibility))
        found = db.execute("SELECT number FROM visibilities WHERE key = ?", (key,)).fetchone()
        if found is None:
            made = db.execute(
                "INSERT INTO visibilities (level, audience, contributor, is_understood, key) VALUES (?, ?, ?, ?, ?)",
                (*_columns(visibility), key),
            )
            return int(made.lastrowid or 0)
        return int(found[0])

    def hidden_and_seen(self, collection: int, member: Member) -> tuple[bool, list[int]]:
        """Whether the collection holds anything that the member may not see, and the numbers of what it may."""
        present = [
            row[0] for row in self._db.rows("SELECT DISTINCT visibility FROM present WHERE collection = ?", collection)
        ]
        seen = [number for number in present if self.of(number).is_for(member.name, member.clearance)]
        return len(seen) < len(present), seen

    def of(self, number: int) -> Visibility:
        """The visibility of a number."""
        if number not in self._known:
            query = "SELECT level, audience, contributor, is_understood FROM visibilities WHERE number = ?"
            self._known[number] = _read(self._db.row(query, number))
        return self._known[number]


def _columns(visibility: Visibility) -> tuple[int, str | None, str, bool]:
    audience = None if visibility.audience is None else json.dumps(sorted(visibility.audience))
    return int(visibility.level), audience, visibility.contributor, visibility.is_understood


def _read(row: Sequence[Any]) -> Visibility:
    level, audience, contributor, is_understood = row
    names = None if audience is None else frozenset(json.loads(audience))
    return Visibility(Tlp(level), names, contributor, bool(is_understood))
