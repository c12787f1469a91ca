"""What has ended leaves the store: objects whose time is over, quarantined ones too, and old statuses.

An object ends with the newest of its versions that has ended: older ones go with it, even if they would have lasted
longer, so that nothing is brought back by the end of its own withdrawal. A newer version that lasts stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from stillwatch.sharing.taxii.status import Fate
from stillwatch.storage.hub.database import Connection, Database
from stillwatch.storage.hub.directory import PUT_FACT
from stillwatch.storage.hub.holding import settle, take
from stillwatch.storage.hub.objects import choose_newest, forget_statuses

_FACT = "ended"
_MOST = 500
"""Rows that one transaction deletes, so that posts do not wait for long."""
_OVER = "It ended before anybody decided about it"
_ENDED = (
    "SELECT o.collection, o.id, o.spec, o.version_us FROM objects o INDEXED BY by_end "
    "JOIN collections c ON c.number = o.collection "
    "WHERE o.ends_us <= ? AND o.date_added_us <= ? AND c.id = ? ORDER BY o.ends_us LIMIT ?"
)
_DELETE = "DELETE FROM objects WHERE collection = ? AND id = ? AND (spec, version_us) <= (?, ?)"


@dataclass(frozen=True, slots=True)
class Ended:
    """What was deleted since this store was made, and when somebody looked last (microseconds since 1970)."""

    looked_us: int = 0
    objects: int = 0
    held: int = 0
    statuses: int = 0


class Ending:
    """The part of a store that deletes what has ended."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def ended(self) -> Ended:
        """What was deleted so far."""
        row = self._db.row("SELECT value FROM facts WHERE name = ?", _FACT)
        return msgspec.json.decode(row[0], type=Ended) if row else Ended()

    def end(self, now_us: int, added_until_us: Mapping[str, int]) -> Ended:
        """Delete what has ended; returns how much that was.

        Of objects, only those of the collections with these ids, and only what was added until a date: what came
        later may not be in the record yet.
        """
        objects = sum(
            self._some(partial(_end_objects, now_us=now_us, collection=id, until_us=until_us))
            for id, until_us in added_until_us.items()
        )
        held = self._some(partial(_end_held, now_us=now_us))
        statuses = self._some(partial(forget_statuses, now_us=now_us, most=_MOST))
        found = Ended(now_us, objects, held, statuses)
        self._add_up(found)
        if objects or held or statuses:
            self._db.forget_deleted()
        return found

    def _some(self, end: Callable[[Connection], int]) -> int:
        """Delete, in as many transactions as it takes; returns how many rows."""
        deleted = 0
        while True:
            with self._db.transaction() as db:
                now = end(db)
            if not now:
                return deleted
            deleted += now

    def _add_up(self, found: Ended) -> None:
        with self._db.transaction() as db:
            row = db.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
            before = msgspec.json.decode(row[0], type=Ended) if row else Ended()
            total = Ended(
                found.looked_us,
                before.objects + found.objects,
                before.held + found.held,
                before.statuses + found.statuses,
            )
            db.execute(PUT_FACT, (_FACT, msgspec.json.encode(total)))


def _end_objects(db: Connection, now_us: int, collection: str, until_us: int) -> int:
    ended = db.execute(_ENDED, (now_us, until_us, collection, _MOST)).fetchall()
    deleted = sum(db.execute(_DELETE, row).rowcount for row in ended)
    for number, id in {row[:2] for row in ended}:
        choose_newest(db, number, id)
    return deleted


def _end_held(db: Connection, now_us: int) -> int:
    taken = take(db, "h.ends_us <= ? ORDER BY h.number LIMIT ?", (now_us, _MOST))
    for one in taken:
        settle(db, one, Fate.FAILURE, _OVER)
    return len(taken)
