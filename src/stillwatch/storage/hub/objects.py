"""Objects of collections, marking definitions and statuses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from stillwatch.sharing.hub.markings import Meaning, Tlp
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Definition, Entry, Row
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import EVERY, Selection
from stillwatch.storage.hub.adding import Adding, Conclude, add_all
from stillwatch.storage.hub.connections import Connections
from stillwatch.storage.hub.listing import listing
from stillwatch.storage.hub.visibilities import Visibilities

STATUS_KEPT_US = 48 * 3600 * 1_000_000
"""Twice the 24 hours for which a server should answer for a status (TAXII 2.1, 4.3)."""
_MOST_PURGED = 100
"""Statuses that one post throws away at most, so that none has to wait for many."""
_MOST_TOLD = 1000
"""Audiences that one answer lists."""
_HEAD = "o.date_added_us, o.row, o.id, o.version, o.spec"


class Objects:
    """The part of a store that changes with every post."""

    def __init__(self, connections: Connections) -> None:
        self._db = connections
        self._visibilities = Visibilities(connections)

    def page(
        self,
        collection: Collection,
        member: Member,
        selection: Selection,
        after: Place | None,
        limit: int,
        bodies: bool,
    ) -> tuple[list[Row], bool]:
        """At most `limit` rows that this member may see, in order of date added, and whether there are more."""
        columns = f"{_HEAD}, o.body" if bodies else f"{_HEAD}, x''"
        query = listing(collection.number, selection, self._visible(collection, member), after, limit + 1, columns)
        found = self._db.rows(query.sql, *query.values)
        rows = [Row(Place(added_us, row), id, version, spec, body) for added_us, row, id, version, spec, body in found]
        return rows[:limit], len(rows) > limit

    def holds(self, collection: Collection, member: Member, id: str) -> bool:
        """Whether the member may see any version of this object."""
        return bool(
            self.page(collection, member, Selection((id,), versions=EVERY, specs=(20, 21)), None, 1, bodies=False)[0]
        )

    def specs(self, collection: Collection, member: Member) -> set[int]:
        """The STIX versions (20, 21) of what the member may see there."""
        _, seen = self._visibilities.hidden_and_seen(collection.number, member)
        present = self._db.rows("SELECT spec, visibility FROM present WHERE collection = ?", collection.number)
        return {spec for spec, visibility in present if visibility in seen}

    def add(
        self,
        collection: Collection,
        entries: Sequence[Entry],
        now_us: int,
        member: str,
        status_id: str,
        conclude: Conclude,
    ) -> bytes:
        """Add entries and keep the status that `conclude` makes of it, all in one durable step; returns that status."""
        with self._db.transaction() as db:
            adding = Adding(db, self._visibilities, collection.number, collection.root, now_us)
            status = conclude(add_all(adding, entries, status_id))
            adding.conclude(status_id, member, now_us, status)
            _purge(db, now_us)
        return status

    def seed(self, collection: int, root: str, dated: Sequence[tuple[Entry, int | None]], now_us: int) -> int:
        """Add entries of the operator, some with the dates that they are to have; returns how many were new."""
        with self._db.transaction() as db:
            adding = Adding(db, self._visibilities, collection, root, now_us)
            added = [adding.add(entry, "", date_us) for entry, date_us in dated]
            adding.conclude("", "", now_us, b"")
        return sum(not one.was_there for one in added)

    def delete(self, collection: Collection, member: Member, selection: Selection, own_only: bool) -> int:
        """Delete what is selected and the member may see (and contributed, with `own_only`); returns how many rows."""
        visible = self._visible(collection, member)
        query = listing(collection.number, selection, visible, None, -1, "o.row, o.id, o.visibility, o.date_added_us")
        with self._db.transaction() as db:
            found = db.execute(query.sql, query.values).fetchall()
            if own_only:
                found = [row for row in found if _contributor(db, row[2]) == member.name]
            db.executemany("DELETE FROM objects WHERE row = ?", [(row[0],) for row in found])
            for id in {row[1] for row in found}:
                _choose_newest(db, collection.number, id)
        return len(found)

    def definitions(self, root: str, ids: Sequence[str]) -> list[Definition]:
        """Those of these markings that are known to the trust group."""
        query = (
            "SELECT id, level, audience, contributor FROM definitions "
            "WHERE root = ? AND id IN (SELECT value FROM json_each(?))"
        )
        return [_definition(row) for row in self._db.rows(query, root, json.dumps(list(ids)))]

    def definitions_for(self, root: str, member: Member) -> list[tuple[Definition, bytes]]:
        """Definitions that name the member in their audience, or that it made, with their bodies."""
        rows = self._db.rows(
            "SELECT id, level, audience, contributor, body FROM definitions WHERE root = ?1 AND audience IS NOT NULL "
            "AND (contributor = ?2 OR EXISTS (SELECT 1 FROM json_each(audience) WHERE value = ?2)) "
            "ORDER BY id LIMIT ?3",
            root,
            member.name,
            _MOST_TOLD,
        )
        return [(_definition(row[:-1]), row[-1]) for row in rows]

    def status(self, root: str, id: str) -> tuple[str, bytes] | None:
        """Who posted (empty: the operator), and the status resource."""
        row = self._db.row("SELECT member, body FROM statuses WHERE root = ? AND id = ?", root, id)
        return None if row is None else (row[0], row[1])

    def put_status(self, root: str, id: str, body: bytes, now_us: int) -> None:
        """Keep a status of the operator's."""
        self._db.change([("INSERT OR REPLACE INTO statuses VALUES (?, ?, '', ?, ?)", (root, id, now_us, body))])

    def _visible(self, collection: Collection, member: Member) -> list[int] | None:
        hides, seen = self._visibilities.hidden_and_seen(collection.number, member)
        return seen if hides else None


def _purge(db: sqlite3.Connection, now_us: int) -> None:
    db.execute(
        "DELETE FROM statuses WHERE (root, id) IN (SELECT root, id FROM statuses WHERE kept_us < ? LIMIT ?)",
        (now_us - STATUS_KEPT_US, _MOST_PURGED),
    )


def _contributor(db: sqlite3.Connection, visibility: int) -> str:
    (contributor,) = db.execute("SELECT contributor FROM visibilities WHERE number = ?", (visibility,)).fetchone()
    return str(contributor)


def _choose_newest(db: sqlite3.Connection, collection: int, id: str) -> None:
    """After a deletion another row may be the newest of its object."""
    query = (
        "SELECT row, newest FROM objects INDEXED BY by_id WHERE collection = ? AND id = ? "
        "ORDER BY spec DESC, version_us DESC LIMIT 1"
    )
    found = db.execute(query, (collection, id)).fetchone()
    if found is not None and not found[1]:
        db.execute("UPDATE objects SET newest = 1 WHERE row = ?", (found[0],))


def _definition(row: Sequence[Any]) -> Definition:
    id, level, audience, contributor = row
    if level is None:
        return Definition(id, None, contributor)
    names = None if audience is None else frozenset(json.loads(audience))
    return Definition(id, Meaning(Tlp(level), names), contributor)
