"""Visibilities by number, and which of them a member may see.

Numbers are never changed or reused, so what is known of them is kept in memory; new ones are read when a number above
the known ones appears.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.sharing.hub.markings import Tlp, Visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.storage.hub.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Seen:
    """What a member may see of a collection, as it was when `kinds` of its objects were known."""

    numbers: list[int]
    hides: bool
    """There are others."""
    kinds: int
    """Rows of `present`, which grows with the first object of a new visibility and never shrinks."""


class Visibilities:
    """All visibilities that a store knows."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._known: dict[int, Visibility] = {}

    def number(self, db: Connection, visibility: Visibility) -> int:
        """The number of a visibility, which is given one now if it has none; inside a transaction."""
        key = json.dumps(_columns(visibility))
        found = db.execute("SELECT number FROM visibilities WHERE key = ?", (key,)).fetchone()
        if found is None:
            found = db.execute(
                "INSERT INTO visibilities (level, audience, contributor, is_understood, key) VALUES (?, ?, ?, ?, ?) "
                "RETURNING number",
                (*_columns(visibility), key),
            ).fetchone()
        return int(found[0])

    def seen(self, collection: int, member: Member) -> Seen:
        """Which visibilities of a collection's objects this member may see."""
        rows = self._db.rows("SELECT visibility FROM present WHERE collection = ?", collection)
        present = {row[0] for row in rows}
        seen = [number for number in sorted(present) if self.of(number).is_for(member.name, member.clearance)]
        return Seen(seen, len(seen) < len(present), len(rows))

    def of(self, number: int) -> Visibility:
        """The visibility of a number."""
        if number not in self._known:
            query = "SELECT level, audience, contributor, is_understood FROM visibilities WHERE number = ?"
            self._known[number] = _read(self._db.row(query, number))
        return self._known[number]


def _columns(visibility: Visibility) -> tuple[int, str | None, str, int]:
    audience = None if visibility.audience is None else json.dumps(sorted(visibility.audience))
    return int(visibility.level), audience, visibility.contributor, int(visibility.is_understood)


def _read(row: Sequence[Any]) -> Visibility:
    level, audience, contributor, is_understood = row
    names = None if audience is None else frozenset(json.loads(audience))
    return Visibility(Tlp(level), names, contributor, bool(is_understood))
