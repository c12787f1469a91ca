"""Objects in quarantine: kept where no member sees them, until a person releases or refuses each.

Either way the status of the post it came with changes in the same transaction, so its counts stay true. A released
object is added as if it had come now; pollers get it as any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.errors import UsageError
from stillwatch.sharing.hub.definitions import meaning_of
from stillwatch.sharing.hub.store import Entry
from stillwatch.sharing.taxii.status import Fate, Outcome, settled
from stillwatch.storage.hub.adding import Adding
from stillwatch.storage.hub.connections import Connections
from stillwatch.storage.hub.visibilities import Visibilities

_HELD = (
    "SELECT h.number, c.root, c.id, v.contributor, h.id, h.version, h.reason FROM held h "
    "JOIN collections c ON c.number = h.collection JOIN visibilities v ON v.number = h.visibility"
)


@dataclass(frozen=True, slots=True)
class Held:
    """An object that waits for a person."""

    number: int
    root: str
    collection: str
    contributor: str
    id: str
    version: str
    reason: str


class Holding:
    """The quarantine of a store."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections
        self._visibilities = Visibilities(connections)

    def held(self) -> list[Held]:
        """All that waits, oldest first."""
        return [Held(*row) for row in self._db.rows(f"{_HELD} ORDER BY h.number")]

    def held_body(self, number: int) -> bytes:
        """The object itself, for who has to decide; raises `UsageError` if there is none of this number."""
        row = self._db.row("SELECT body FROM held WHERE number = ?", number)
        if row is None:
            raise _unknown(number)
        return bytes(row[0])

    def release(self, number: int, now_us: int) -> None:
        """Add the object to its collection; raises `UsageError` if there is none of this number."""
        with self._db.transaction() as db:
            row = _take(db, number)
            adding = Adding(db, self._visibilities, row["collection"], row["root"], now_us)
            adding.add(self._entry(row), row["status"])
            adding.conclude("", "", now_us, b"")
            _settle(db, row, Fate.SUCCESS, "")

    def refuse(self, number: int, reason: str) -> None:
        """Throw the object away; its contributor is told why. Raises `UsageError` likewise."""
        with self._db.transaction() as db:
            _settle(db, _take(db, number), Fate.FAILURE, reason)

    def _entry(self, row: dict[str, Any]) -> Entry:
        is_definition = row["type"] == "marking-definition"
        return Entry(
            row["id"],
            row["type"],
            row["spec"],
            row["version"],
            row["version_us"],
            self._visibilities.of(row["visibility"]),
            row["body"],
            meaning_of(msgspec.json.decode(row["body"])) if is_definition else None,
        )


def _take(db: sqlite3.Connection, number: int) -> dict[str, Any]:
    query = "SELECT h.*, c.root FROM held h JOIN collections c ON c.number = h.collection WHERE h.number = ?"
    found = db.execute(query, (number,))
    names: Sequence[str] = [column[0] for column in found.description]
    row = found.fetchone()
    if row is None:
        raise _unknown(number)
    db.execute("DELETE FROM held WHERE number = ?", (number,))
    return dict(zip(names, row, strict=True))


def _settle(db: sqlite3.Connection, row: dict[str, Any], fate: Fate, message: str) -> None:
    """A status that has been thrown away for its age needs no change."""
    where = (row["root"], row["status"])
    found = db.execute("SELECT body FROM statuses WHERE root = ? AND id = ?", where).fetchone()
    if found is not None:
        body = settled(found[0], Outcome(row["id"], row["version"], fate, message))
        db.execute("UPDATE statuses SET body = ? WHERE root = ? AND id = ?", (body, *where))


def _unknown(number: int) -> UsageError:
    return UsageError(f"nothing is held under the number {number}", "See `stillwatch hub held list`")
