"""Objects in quarantine: kept where no member sees them, until a person releases or refuses each.

Either way the status of the post it came with changes in the same transaction, so its counts stay true. A released
object is added as if it had come now; pollers get it as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.errors import UsageError
from stillwatch.sharing.hub.definitions import meaning_of
from stillwatch.sharing.hub.store import Entry
from stillwatch.sharing.taxii.status import Fate, Outcome, settled
from stillwatch.storage.hub.adding import Adding
from stillwatch.storage.hub.database import Connection, Database
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

    def __init__(self, database: Database) -> None:
        self._db = database
        self._visibilities = Visibilities(database)

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
            taken = _take(db, number)
            entry = self._entry(taken)
            adding = Adding(db, self._visibilities, taken.collection, taken.root, now_us, [entry])
            adding.add(entry, taken.status)
            adding.conclude("", "", now_us, b"")
            settle(db, taken, Fate.SUCCESS, "")

    def refuse(self, number: int, reason: str) -> None:
        """Throw the object away; its contributor is told why. Raises `UsageError` likewise."""
        with self._db.transaction() as db:
            settle(db, _take(db, number), Fate.FAILURE, reason)

    def _entry(self, taken: Taken) -> Entry:
        is_definition = taken.type == "marking-definition"
        return Entry(
            taken.id,
            taken.type,
            taken.spec,
            taken.version,
            taken.version_us,
            self._visibilities.of(taken.visibility),
            taken.body,
            meaning_of(msgspec.json.decode(taken.body)) if is_definition else None,
            ends_us=taken.ends_us,
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that has left quarantine."""

    root: str
    collection: int
    status: str
    id: str
    type: str
    spec: int
    version: str
    version_us: int | None
    visibility: int
    ends_us: int | None
    body: bytes


def take(db: Connection, condition: str, values: Sequence[Any]) -> list[Taken]:
    """Take rows that meet a condition on `h` out of quarantine."""
    query = (
        "SELECT h.number, c.root, h.collection, h.status, h.id, h.type, h.spec, h.version, h.version_us, h.visibility, "  # noqa: S608 - our own names
        f"h.ends_us, h.body FROM held h JOIN collections c ON c.number = h.collection WHERE {condition}"
    )
    found = db.execute(query, values).fetchall()
    db.executemany("DELETE FROM held WHERE number = ?", [row[:1] for row in found])
    return [Taken(*row[1:]) for row in found]


def settle(db: Connection, taken: Taken, fate: Fate, message: str) -> None:
    """Let the status of the post that it came with say so; one thrown away for its age needs no change."""
    where = (taken.root, taken.status)
    found = db.execute("SELECT body FROM statuses WHERE root = ? AND id = ?", where).fetchone()
    if found is not None:
        body = settled(found[0], Outcome(taken.id, taken.version, fate, message))
        db.execute("UPDATE statuses SET body = ? WHERE root = ? AND id = ?", (body, *where))


def _take(db: Connection, number: int) -> Taken:
    for taken in take(db, "h.number = ?", (number,)):
        return taken
    raise _unknown(number)


def _unknown(number: int) -> UsageError:
    return UsageError(f"nothing is held under the number {number}", "See `stillwatch hub held list`")
