"""A store with one member and one collection, and entries to put into it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from stillwatch.sharing.hub.markings import Visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Entry, Root, Row
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import EVERY, Selection
from stillwatch.storage.hub.opening import open_store, store_place
from stillwatch.storage.hub.store import HubStore

RITA = Member("rita")
EVERYTHING = Selection(versions=EVERY, specs=(20, 21))


def entry(number: int, version_us: int = 1, **more: object) -> Entry:
    """A small object; a different one for each number."""
    seen_by = Visibility(contributor="rita")
    stored = f'{{"number":{number},"version":{version_us}}}'.encode()
    return Entry(f"indicator--{number}", "indicator", 21, str(version_us), version_us, seen_by, stored, **more)  # type: ignore[arg-type]  # the caller's


def prepared(store: HubStore, profile: str = "open") -> Collection:
    """The store's only collection, made now."""
    store.put_member(RITA)
    store.put_root(Root("r", "t", "", 1), None)
    store.put_collection(Collection(0, "r", "c", "", "t", "", (), profile, True, True, False), {})
    return collection(store)


def collection(store: HubStore) -> Collection:
    """The store's only collection."""
    found = store.collection("r", "c", RITA)
    assert found is not None
    return found


def add(store: HubStore, entries: Iterable[Entry], status: str = "s", now_us: int = 1_000) -> None:
    """Post entries."""
    store.add(collection(store), list(entries), now_us, "rita", status, lambda added: b"{}")


def listed(store: HubStore, selection: Selection = EVERYTHING, after: Place | None = None) -> list[Row]:
    """What a member is shown."""
    return store.page(collection(store), RITA, selection, after, 1_000, bodies=True)[0]


def _write(place: str, writer: int, posts: int) -> None:
    store = open_store(store_place(place))
    for number in range(posts):
        first = 10 * (1_000 * writer + number)
        add(store, map(entry, range(first, first + 3)), f"s{first}")


if __name__ == "__main__":
    _write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
