"""The query that answers a selection (TAXII 2.1, 3.4), in order of date added.

Which version of an object is its first or last, and which STIX version is its latest, is decided among the rows that
the member may see: what it may not see changes nothing. Both ask of a row that no visible sibling (same id) beats it.
Where a member may see all there is, the default request is answered by the flag `newest` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import LAST, Selection
from stillwatch.storage.hub.database import AMONG, Many


@dataclass(slots=True)
class _Where:
    """Conditions joined by AND, and their values in the order of the question marks."""

    terms: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, term: str, *values: Any) -> None:
        self.terms.append(term)
        self.values += values

    def joined(self) -> str:
        return " AND ".join(self.terms)


@dataclass(frozen=True, slots=True)
class Query:
    """SQL and its values."""

    sql: str
    values: Sequence[Any]


def listing(
    collection: int, selection: Selection, visible: Sequence[int] | None, after: Place | None, limit: int, columns: str
) -> Query:
    """At most `limit` rows of a selection; `visible` are the visibilities that count, None for all."""
    if selection.types is None or selection.ids is not None:
        return _arm(collection, selection, None, visible, after, limit, columns)
    arms = [
        _arm(collection, selection, kind, visible, after, limit, columns) for kind in dict.fromkeys(selection.types)
    ]
    if len(arms) == 1:
        return arms[0]
    union = " UNION ALL ".join(f"SELECT * FROM ({arm.sql}) arm" for arm in arms)  # noqa: S608 - of our own constants
    sql = f"SELECT * FROM ({union}) every ORDER BY date_added_us, row LIMIT ?"  # noqa: S608 - our own names
    return Query(sql, [value for arm in arms for value in arm.values] + [limit])


def _arm(
    collection: int,
    selection: Selection,
    kind: str | None,
    visible: Sequence[int] | None,
    after: Place | None,
    limit: int,
    columns: str,
) -> Query:
    where = _Where()
    where.add("o.collection = ?", collection)
    index = _narrowed(where, selection, kind)
    if visible is not None:
        where.add(f"o.visibility {AMONG}", Many(visible))
    if after is not None:
        where.add("(o.date_added_us, o.row) > (?, ?)", *after)
    elif selection.added_after_us is not None:
        where.add("o.date_added_us > ?", selection.added_after_us)
    if visible is None and selection.specs is None and selection.versions == LAST:
        where.add("o.newest = 1")
        index = "newest_by_date" if index == "by_date" else index
    else:
        _spec(where, selection, visible)
        _version(where, selection, visible)
    sql = (
        f"SELECT {columns} FROM objects o INDEXED BY {index} WHERE {where.joined()} "  # noqa: S608 - of our own constants
        "ORDER BY o.date_added_us, o.row LIMIT ?"
    )
    return Query(sql, [*where.values, limit])


def _narrowed(where: _Where, selection: Selection, kind: str | None) -> str:
    """Conditions that an index answers, and that index."""
    if selection.ids is not None:
        where.add(f"o.id {AMONG}", Many(selection.ids))
        if selection.types is not None:
            where.add(f"o.type {AMONG}", Many(selection.types))
        return "by_id"
    if kind is not None:
        where.add("o.type = ?", kind)
        return "by_type"
    return "by_date"


def _spec(where: _Where, selection: Selection, visible: Sequence[int] | None) -> None:
    if selection.specs is not None:
        where.add(f"o.spec {AMONG}", Many(selection.specs))
        return
    beaten = _Where(["s.spec > o.spec"])
    if (
        selection.versions.is_exact_only
    ):  # the latest that can be provided for what matches the remainder of the request
        beaten.add(f"s.version_us {AMONG}", Many(selection.versions.exactly_us))
    _unbeaten(where, beaten, visible)


def _version(where: _Where, selection: Selection, visible: Sequence[int] | None) -> None:
    if selection.versions.every:
        return
    either = _Where()
    if selection.versions.exactly_us:
        either.add(f"o.version_us {AMONG}", Many(selection.versions.exactly_us))
    for is_wanted, beats in ((selection.versions.last, ">"), (selection.versions.first, "<")):
        if is_wanted:
            beaten = _Where([f"(s.version_us, s.spec) {beats} (o.version_us, o.spec)"])
            if selection.specs is None:
                beaten.add("s.spec = o.spec")
            else:
                beaten.add(f"s.spec {AMONG}", Many(selection.specs))
            _unbeaten(either, beaten, visible)
    where.add(f"({' OR '.join(either.terms)})", *either.values)


def _unbeaten(where: _Where, beaten: _Where, visible: Sequence[int] | None) -> None:
    """No visible row of the same object meets the conditions of `beaten`."""
    sibling = _Where(["s.collection = o.collection", "s.id = o.id", *beaten.terms], list(beaten.values))
    if visible is not None:
        sibling.add(f"s.visibility {AMONG}", Many(visible))
    where.add(f"NOT EXISTS (SELECT 1 FROM objects s INDEXED BY by_id WHERE {sibling.joined()})", *sibling.values)  # noqa: S608 - our own names
