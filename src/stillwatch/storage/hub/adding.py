"""Adding objects: one transaction for a whole post, its status included.

Killed at any moment, the store has the post and its complete status, or neither. Each new row gets a date of its own,
later than all before it in its collection, whatever the clock does: pollers that remember the last date they saw miss
nothing. Steps between dates are random, so that a gap does not say that a hidden object lies in it.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Sequence

from stillwatch.sharing.hub.store import Added, Entry
from stillwatch.sharing.taxii.timestamps import write_us
from stillwatch.storage.hub.visibilities import Visibilities

_LONGEST_STEP_US = 16
"""Ten thousand objects are then some 85 ms of dates, less than it takes to add them: dates stay in the past."""
_STEPS = random.SystemRandom()

_INSERT = (
    "INSERT INTO objects (collection, date_added_us, id, type, spec, version, version_us, newest, visibility, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Adding:
    """One post into one collection, inside a transaction."""

    def __init__(
        self, db: sqlite3.Connection, visibilities: Visibilities, collection: int, root: str, now_us: int
    ) -> None:
        self._db = db
        self._visibilities = visibilities
        self._collection = collection
        self._root = root
        (last_us,) = db.execute("SELECT last_added_us FROM collections WHERE number = ?", (collection,)).fetchone()
        self._next_us = max(now_us, last_us + 1)
        self._last_us = last_us
        self._numbers: dict[object, int] = {}
        self._present: set[tuple[int, int]] = set()

    def add(self, entry: Entry, status_id: str, date_us: int | None = None) -> Added:
        """Add one entry, at `date_us` if it is given (a seed's)."""
        number = self._number(entry)
        if entry.held_for:
            version = entry.version or write_us(self._next_us)
            self._hold(entry, number, version, status_id)
            return Added(version, was_there=False)
        self._define(entry)
        there = self._there(entry)
        if there is not None:
            return Added(there, was_there=True)
        added_us = self._next_us if date_us is None else date_us
        version = entry.version or write_us(added_us)
        version_us = added_us if entry.version_us is None else entry.version_us
        is_newest = self._take_newest(entry, version_us)
        self._db.execute(
            _INSERT,
            (
                self._collection,
                added_us,
                entry.id,
                entry.type,
                entry.spec,
                version,
                version_us,
                is_newest,
                number,
                entry.stored,
            ),
        )
        self._present.add((entry.spec, number))
        self._last_us = max(self._last_us, added_us)
        self._next_us = max(self._next_us, self._last_us + _STEPS.randint(1, _LONGEST_STEP_US))
        return Added(version, was_there=False)

    def conclude(self, status_id: str, member: str, now_us: int, body: bytes) -> None:
        """Keep the status, and what this post changed of the collection as a whole."""
        self._db.execute("UPDATE collections SET last_added_us = ? WHERE number = ?", (self._last_us, self._collection))
        self._db.executemany(
            "INSERT OR IGNORE INTO present VALUES (?, ?, ?)", [(self._collection, *both) for both in self._present]
        )
        if status_id:
            self._db.execute(
                "INSERT INTO statuses VALUES (?, ?, ?, ?, ?)", (self._root, status_id, member, now_us, body)
            )

    def _number(self, entry: Entry) -> int:
        number = self._numbers.get(entry.visibility)
        if number is None:
            number = self._numbers[entry.visibility] = self._visibilities.number(self._db, entry.visibility)
        return number

    def _there(self, entry: Entry) -> str | None:
        """The version, if it is there; of what has no version of its own any one is (STIX 2.1, 3.1: no versioning)."""
        if entry.version_us is None:
            query = "SELECT version FROM objects INDEXED BY by_id WHERE collection = ? AND id = ?"
            found = self._db.execute(query, (self._collection, entry.id)).fetchone()
        else:
            query = (
                "SELECT version FROM objects INDEXED BY by_id "
                "WHERE collection = ? AND id = ? AND spec = ? AND version_us = ?"
            )
            found = self._db.execute(query, (self._collection, entry.id, entry.spec, entry.version_us)).fetchone()
        return None if found is None else str(found[0])

    def _take_newest(self, entry: Entry, version_us: int) -> bool:
        """Whether the entry is its object's newest row; the one that was is no more."""
        query = (
            "SELECT row, spec, version_us FROM objects INDEXED BY by_id "
            "WHERE collection = ? AND id = ? AND spec IN (20, 21) AND newest = 1"
        )
        found = self._db.execute(query, (self._collection, entry.id)).fetchone()
        if found is None:
            return True
        if (found[1], found[2]) > (entry.spec, version_us):
            return False
        self._db.execute("UPDATE objects SET newest = 0 WHERE row = ?", (found[0],))
        return True

    def _define(self, entry: Entry) -> None:
        """What a marking restricts is kept for each contributor, so that nobody can loosen another's."""
        if entry.type != "marking-definition":
            return
        meaning = entry.defines
        level = None if meaning is None else int(meaning.level)
        audience = None if meaning is None or meaning.audience is None else json.dumps(sorted(meaning.audience))
        self._db.execute(
            "INSERT OR IGNORE INTO definitions VALUES (?, ?, ?, ?, ?, ?)",
            (self._root, entry.id, entry.visibility.contributor, level, audience, entry.stored),
        )

    def _hold(self, entry: Entry, number: int, version: str, status_id: str) -> None:
        self._db.execute(
            "INSERT INTO held (collection, status, id, type, spec, version, version_us, visibility, reason, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._collection,
                status_id,
                entry.id,
                entry.type,
                entry.spec,
                version,
                entry.version_us,
                number,
                entry.held_for,
                entry.stored,
            ),
        )


def add_all(adding: Adding, entries: Sequence[Entry], status_id: str) -> list[Added]:
    """Add entries in their order."""
    return [adding.add(entry, status_id) for entry in entries]


Conclude = Callable[[Sequence[Added]], bytes]
