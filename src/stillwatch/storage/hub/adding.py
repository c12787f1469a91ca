"""Adding objects: one transaction for a whole post, its status included.

Killed at any moment, the store has the post and its complete status, or neither. Each new row gets a date of its own,
later than all before it in its collection, whatever the clock does: pollers that remember the last date they saw miss
nothing. Steps between dates are random, so that a gap does not say that a hidden object lies in it.

What is there already of a post's objects is asked for once, and what is new is written at the end, so that the number
of statements does not grow with the post.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stillwatch.sharing.hub.store import Added, Entry
from stillwatch.sharing.taxii.timestamps import write_us
from stillwatch.storage.hub.database import AMONG, Connection, Many
from stillwatch.storage.hub.visibilities import Visibilities

_LONGEST_STEP_US = 16
"""Ten thousand objects are then some 85 ms of dates, less than it takes to add them: dates stay in the past."""
_STEPS = random.SystemRandom()

_INSERT = (
    "INSERT INTO objects (collection, date_added_us, id, type, spec, version, version_us, newest, visibility, ends_us, "
    "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HOLD = (
    "INSERT INTO held (collection, status, id, type, spec, version, version_us, visibility, reason, ends_us, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_NEWEST = (
    "SELECT id, spec, version_us, version, row FROM objects INDEXED BY by_id "  # noqa: S608 - our own names
    f"WHERE collection = ? AND id {AMONG} AND newest = 1"
)
_SAME = (  # the plus keeps SQLite from looking for each version of the post under each of its ids
    "SELECT id, spec, version_us, version FROM objects INDEXED BY by_id "  # noqa: S608 - our own names
    f"WHERE collection = ? AND id {AMONG} AND +version_us {AMONG}"
)


@dataclass(slots=True)
class _New:
    """A row to be written."""

    entry: Entry
    added_us: int
    version: str
    version_us: int
    visibility: int
    is_newest: bool = True


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest row of an object: one that is there, by its number, or one of this post."""

    rank: tuple[int, int]
    version: str
    row: int | _New


class Adding:
    """One post of these entries into one collection, inside a transaction."""

    def __init__(
        self,
        db: Connection,
        visibilities: Visibilities,
        collection: int,
        root: str,
        now_us: int,
        entries: Sequence[Entry],
    ) -> None:
        self._db = db
        self._visibilities = visibilities
        self._collection = collection
        self._root = root
        (last_us,) = db.execute("SELECT last_added_us FROM collections WHERE number = ?", (collection,)).fetchone()
        self._next_us = max(now_us, last_us + 1)
        self._last_us = last_us
        self._numbers: dict[object, int] = {}
        self._new: list[_New] = []
        self._outdated: list[int] = []
        ids = Many({entry.id for entry in entries})
        versions = Many({entry.version_us for entry in entries if entry.version_us is not None})
        newest = db.execute(_NEWEST, (collection, ids)).fetchall()
        self._newest = {id: _Newest((spec, at_us), version, row) for id, spec, at_us, version, row in newest}
        same = db.execute(_SAME, (collection, ids, versions)).fetchall()
        self._versions: dict[tuple[str, int, int], str] = {(id, spec, at_us): named for id, spec, at_us, named in same}

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
        version_us = added_us if entry.version_us is None else entry.version_us
        new = _New(entry, added_us, entry.version or write_us(added_us), version_us, number)
        self._take(new)
        self._last_us = max(self._last_us, added_us)
        self._next_us = max(self._next_us, self._last_us + _STEPS.randint(1, _LONGEST_STEP_US))
        return Added(new.version, was_there=False)

    def conclude(self, status_id: str, member: str, now_us: int, body: bytes) -> None:
        """Write what is new, the status, and what this post changed of the collection as a whole."""
        db, collection = self._db, self._collection
        db.executemany("UPDATE objects SET newest = 0 WHERE row = ?", [(row,) for row in self._outdated])
        db.executemany(_INSERT, [self._row(new) for new in self._new])
        db.execute("UPDATE collections SET last_added_us = ? WHERE number = ?", (self._last_us, collection))
        kinds = {(collection, new.entry.spec, new.visibility) for new in self._new}
        db.executemany("INSERT INTO present VALUES (?, ?, ?) ON CONFLICT DO NOTHING", sorted(kinds))
        if status_id:
            db.execute("INSERT INTO statuses VALUES (?, ?, ?, ?, ?)", (self._root, status_id, member, now_us, body))

    def _row(self, new: _New) -> tuple[object, ...]:
        one = new.entry
        what = (one.id, one.type, one.spec, new.version, new.version_us)
        return (self._collection, new.added_us, *what, int(new.is_newest), new.visibility, one.ends_us, one.stored)

    def _number(self, entry: Entry) -> int:
        number = self._numbers.get(entry.visibility)
        if number is None:
            number = self._numbers[entry.visibility] = self._visibilities.number(self._db, entry.visibility)
        return number

    def _there(self, entry: Entry) -> str | None:
        """The version, if it is there; of what has no version of its own any one is (STIX 2.1, 3.1: no versioning)."""
        if entry.version_us is not None:
            return self._versions.get((entry.id, entry.spec, entry.version_us))
        newest = self._newest.get(entry.id)
        return newest.version if newest else None

    def _take(self, new: _New) -> None:
        """Remember a row to be written; if it is its object's newest, the one that was is no more."""
        id, rank = new.entry.id, (new.entry.spec, new.version_us)
        self._new.append(new)
        self._versions[id, *rank] = new.version
        before = self._newest.get(id)
        if before is not None and before.rank > rank:
            new.is_newest = False
            return
        self._newest[id] = _Newest(rank, new.version, new)
        if before is None:
            return
        if isinstance(before.row, _New):
            before.row.is_newest = False
        else:
            self._outdated.append(before.row)

    def _define(self, entry: Entry) -> None:
        """What a marking restricts is kept for each contributor, so that nobody can loosen another's."""
        if entry.type != "marking-definition":
            return
        meaning = entry.defines
        level = None if meaning is None else int(meaning.level)
        audience = None if meaning is None or meaning.audience is None else json.dumps(sorted(meaning.audience))
        self._db.execute(
            "INSERT INTO definitions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (self._root, entry.id, entry.visibility.contributor, level, audience, entry.stored),
        )

    def _hold(self, entry: Entry, number: int, version: str, status_id: str) -> None:
        what = (entry.id, entry.type, entry.spec, version, entry.version_us)
        why = (number, entry.held_for, entry.ends_us, entry.stored)
        self._db.execute(_HOLD, (self._collection, status_id, *what, *why))


def add_all(adding: Adding, entries: Sequence[Entry], status_id: str) -> list[Added]:
    """Add entries in their order."""
    return [adding.add(entry, status_id) for entry in entries]


Conclude = Callable[[Sequence[Added]], bytes]
