"""Objects of collections, marking definitions and statuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from stillwatch.sharing.hub.markings import Meaning, Tlp
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Definition, Entry, Row
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import EVERY, Selection
from stillwatch.storage.hub.adding import Adding, Conclude, add_all
from stillwatch.storage.hub.database import AMONG, Connection, Database, Many
from stillwatch.storage.hub.listing import listing
from stillwatch.storage.hub.visibilities import Seen, Visibilities

STATUS_KEPT_US = 48 * 3600 * 1_000_000
"""Twice the 24 hours for which a server should answer for a status (TAXII 2.1, 4.3)."""
_MOST_PURGED = 100
"""Statuses that one post throws away at most, so that none has to wait for many."""
_MOST_TOLD = 1000
"""Audiences that one answer lists."""
_ALL = 2**62
"""A limit that is none."""
_KINDS = "(SELECT count(*) FROM present WHERE collection = {})"
_HEAD = "o.date_added_us, o.row, o.id, o.version, o.spec"


class Objects:
    """The part of a store that changes with every post."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._visibilities = Visibilities(database)

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
        columns = f"{_HEAD}, {'o.body' if bodies else 'NULL'}, {_KINDS.format(collection.number)}"
        while True:
            seen = self._visibilities.seen(collection.number, member)
            query = listing(collection.number, selection, _visible(seen), after, limit + 1, columns)
            found = self._db.rows(query.sql, *query.values)
            if all(row[-1] == seen.kinds for row in found):
                break  # otherwise something that this member may not see can have come in between
        rows = [
            Row(Place(at_us, row), id, version, spec, body or b"") for at_us, row, id, version, spec, body, _ in found
        ]
        return rows[:limit], len(rows) > limit

    def holds(self, collection: Collection, member: Member, id: str) -> bool:
        """Whether the member may see any version of this object."""
        return bool(
            self.page(collection, member, Selection((id,), versions=EVERY, specs=(20, 21)), None, 1, bodies=False)[0]
        )

    def specs(self, collection: Collection, member: Member) -> set[int]:
        """The STIX versions (20, 21) of what the member may see there."""
        seen = self._visibilities.seen(collection.number, member).numbers
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
            adding = Adding(db, self._visibilities, collection.number, collection.root, now_us, entries)
            status = conclude(add_all(adding, entries, status_id))
            adding.conclude(status_id, member, now_us, status)
            forget_statuses(db, now_us)
        return status

    def seed(self, collection: int, root: str, dated: Sequence[tuple[Entry, int | None]], now_us: int) -> int:
        """Add entries of the operator, some with the dates that they are to have; returns how many were new."""
        with self._db.transaction() as db:
            adding = Adding(db, self._visibilities, collection, root, now_us, [entry for entry, _ in dated])
            added = [adding.add(entry, "", date_us) for entry, date_us in dated]
            adding.conclude("", "", now_us, b"")
        return sum(not one.was_there for one in added)

    def delete(self, collection: Collection, member: Member, selection: Selection, own_only: bool) -> int:
        """Delete what is selected and the member may see (and contributed, with `own_only`); returns how many rows."""
        columns = "o.row, o.id, o.visibility, o.date_added_us"
        with self._db.transaction() as db:
            visible = _visible(self._visibilities.seen(collection.number, member))
            query = listing(collection.number, selection, visible, None, _ALL, columns)
            found = db.execute(query.sql, query.values).fetchall()
            if own_only:
                found = [row for row in found if _contributor(db, row[2]) == member.name]
            db.executemany("DELETE FROM objects WHERE row = ?", [(row[0],) for row in found])
            for id in {row[1] for row in found}:
                choose_newest(db, collection.number, id)
        return len(found)

    def definitions(self, root: str, ids: Sequence[str]) -> list[Definition]:
        """Those of these markings that are known to the trust group."""
        query = f"SELECT id, level, audience, contributor FROM definitions WHERE root = ? AND id {AMONG}"  # noqa: S608 - our own names
        return [_definition(row) for row in self._db.rows(query, root, Many(ids))]

    def definitions_for(self, root: str, member: Member) -> list[tuple[Definition, bytes]]:
        """Definitions that name the member in their audience, or that it made, with their bodies."""
        rows = self._db.rows(
            "SELECT id, level, audience, contributor, body FROM definitions WHERE root = ? AND audience IS NOT NULL "
            "AND (contributor = ? OR EXISTS (SELECT 1 FROM json_each(audience) WHERE value = ?)) ORDER BY id LIMIT ?",
            root,
            member.name,
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
        put = (
            "INSERT INTO statuses VALUES (?, ?, '', ?, ?) "
            "ON CONFLICT (root, id) DO UPDATE SET member = '', kept_us = excluded.kept_us, body = excluded.body"
        )
        self._db.change([(put, (root, id, now_us, body))])


def forget_statuses(db: Connection, now_us: int, most: int = _MOST_PURGED) -> int:
    """Throw away statuses that are too old, at most so many; returns how many."""
    return db.execute(
        "DELETE FROM statuses WHERE (root, id) IN (SELECT root, id FROM statuses WHERE kept_us < ? LIMIT ?)",
        (now_us - STATUS_KEPT_US, most),
    ).rowcount


def _visible(seen: Seen) -> list[int] | None:
    return seen.numbers if seen.hides else None


def _contributor(db: Connection, visibility: int) -> str:
    (contributor,) = db.execute("SELECT contributor FROM visibilities WHERE number = ?", (visibility,)).fetchone()
    return str(contributor)


def choose_newest(db: Connection, collection: int, id: str) -> None:
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
