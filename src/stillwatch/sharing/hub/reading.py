"""Pages of objects, manifests and versions, and deletion: what a member is shown, with cursors bound to that member."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from stillwatch.sharing.hub.members import Member, Role
from stillwatch.sharing.hub.store import Collection, Row, Store
from stillwatch.sharing.taxii.cursor import Cursors
from stillwatch.sharing.taxii.envelope import page
from stillwatch.sharing.taxii.faults import forbidden, not_found
from stillwatch.sharing.taxii.media import STIX_BY_SPEC
from stillwatch.sharing.taxii.selection import EVERY, Asked, Selection
from stillwatch.sharing.taxii.timestamps import write_us

MATCH_ALL = ("id", "type", "version", "spec_version")
MATCH_OBJECT = ("version", "spec_version")
MATCH_VERSIONS = ("spec_version",)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page as it goes out: its body, and when its first and its last object were added."""

    body: bytes
    first: str
    last: str


def _stored(row: Row) -> bytes:
    return row.body


def _record(row: Row) -> bytes:
    record = {"id": row.id, "date_added": write_us(row.place.date_added_us), "version": row.version}
    return msgspec.json.encode(record | {"media_type": STIX_BY_SPEC[row.spec]})


def _version(row: Row) -> bytes:
    return msgspec.json.encode(row.version)


class Reading:
    """Answers of the endpoints that list; blocking, and safe for threads."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self._most = most
        self._cursors = Cursors(store.cursor_key())

    def objects(self, collection: Collection, member: Member, asked: Asked) -> Listing:
        """5.4 Get Objects."""
        return self._list("objects", collection, member, asked, _stored)

    def manifest(self, collection: Collection, member: Member, asked: Asked) -> Listing:
        """5.3 Get Object Manifests."""
        return self._list("manifest", collection, member, asked, _record)

    def object(self, collection: Collection, member: Member, id: str, asked: Asked) -> Listing:
        """5.6 Get an Object; 404 if there is none of this id, or not the versions asked for by their times."""
        listing = self._list("objects", collection, member, _of_object(asked, id), _stored)
        if listing.body == b"{}":
            gone = asked.selection.versions.is_exact_only and asked.next is None
            if gone or not self._store.holds(collection, member, id):
                raise not_found("The object")
        return listing

    def versions(self, collection: Collection, member: Member, id: str, asked: Asked) -> Listing:
        """5.8 Get Object Versions."""
        every = replace(asked, selection=replace(asked.selection, versions=EVERY))
        listing = self._list("versions", collection, member, _of_object(every, id), _version)
        if listing.body == b"{}" and not self._store.holds(collection, member, id):
            raise not_found("The object")
        return listing

    def delete(self, collection: Collection, member: Member, id: str, asked: Asked) -> None:
        """5.7 Delete an Object: all its versions, unless the request says which."""
        selection = replace(asked.selection, ids=(id,))
        if not asked.names_version:
            selection = replace(selection, versions=EVERY, specs=selection.specs or (20, 21))
        own_only = collection.deletes_own_only and member.role is not Role.ADMIN
        if self._store.delete(collection, member, selection, own_only):
            return
        if own_only and self._store.holds(collection, member, id):
            raise forbidden("delete what others contributed")
        raise not_found("The object")

    def _list(
        self, kind: str, collection: Collection, member: Member, asked: Asked, item: Callable[[Row], bytes]
    ) -> Listing:
        context = _context(kind, collection, member, asked.selection)
        after = None if asked.next is None else self._cursors.open(asked.next, context)
        limit = min(asked.limit or self._most, self._most)
        bodies = item is _stored
        rows, is_more = self._store.page(collection, member, asked.selection, after, limit, bodies)
        next_ = self._cursors.seal(rows[-1].place, context) if is_more else None
        name = "versions" if kind == "versions" else "objects"
        since = after.date_added_us if after else asked.selection.added_after_us or 0
        return Listing(page(name, [item(row) for row in rows], next_), *_dates(rows, since))


def _dates(rows: Sequence[Row], since_us: int) -> tuple[str, str]:
    """3.2: all answers have both dates. An empty one repeats from when on it looked, so a poller keeps its place."""
    first_us = rows[0].place.date_added_us if rows else since_us
    last_us = rows[-1].place.date_added_us if rows else since_us
    return write_us(first_us), write_us(last_us)


def _of_object(asked: Asked, id: str) -> Asked:
    return replace(asked, selection=replace(asked.selection, ids=(id,), types=None))


def _context(kind: str, collection: Collection, member: Member, selection: Selection) -> bytes:
    """What a cursor is good for: an endpoint, a collection of a root, a member and the filters."""
    bound = repr((kind, collection.root, collection.id, member.name, selection))
    return hashlib.sha256(bound.encode(errors="surrogatepass")).digest()
