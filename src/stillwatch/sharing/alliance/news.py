"""Whether a collection has something new for a member: what the long poll waits for, and what notices are sent of."""

from __future__ import annotations

from stillwatch.sharing.alliance.store import AllianceStore
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Store
from stillwatch.sharing.taxii.selection import EVERY, Selection


class News:
    """Over a hub's store and the alliance's. Blocking, and safe for threads."""

    def __init__(self, objects: Store, store: AllianceStore) -> None:
        self._objects = objects
        self._store = store

    def after(self, collection: Collection, member: Member, after_us: int) -> tuple[bool, int]:
        """Whether something came after a date that the member may see, and the date until which that was looked at.

        What it may not see is no news: its date moves the place to go on from, which the member is not told.
        """
        newest_us = self._store.newest_us(collection.id)
        if newest_us <= after_us:
            return False, after_us
        selection = Selection(specs=(20, 21), versions=EVERY, added_after_us=after_us)
        rows, _ = self._objects.page(collection, member, selection, None, 1, bodies=False)
        return bool(rows), newest_us
