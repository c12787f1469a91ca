"""What has ended leaves the store, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stillwatch.sharing.taxii.selection import Selection
from stillwatch.sharing.taxii.status import Fate, Outcome, status_resource
from stillwatch.storage.hub.ending import Ended
from stillwatch.storage.hub.objects import STATUS_KEPT_US
from stillwatch.storage.hub.sqlite import SqliteDatabase
from stillwatch.storage.hub.store import HubStore
from tests.storage.hub import places
from tests.storage.hub.trying import add, collection, entry, listed, prepared

ALL = {"c": 10**15}
"""The only collection, with all that was added to it."""


@pytest.fixture
def store(database: str, tmp_path: Path) -> HubStore:
    """A store with an empty collection."""
    kept = places.kept(tmp_path)
    prepared(kept)
    return kept


def test_what_has_ended_is_deleted_and_the_rest_stays(store: HubStore) -> None:
    """At its microsecond, not before; what has no end stays; what was deleted adds up."""
    add(store, [entry(1, ends_us=50), entry(2, ends_us=51), entry(3)])
    assert store.end(49, ALL).objects == 0
    assert store.end(50, ALL).objects == 1
    assert [row.id for row in listed(store)] == ["indicator--2", "indicator--3"]
    assert store.end(10**9, ALL).objects == 1
    assert [row.id for row in listed(store)] == ["indicator--3"]
    assert store.ended() == Ended(10**9, objects=2)


def test_the_end_of_a_version_is_that_of_those_before_it(store: HubStore) -> None:
    """A withdrawal that ends does not bring back what it withdrew; a newer version that lasts is the newest again."""
    add(store, [entry(1, 1, ends_us=900), entry(1, 2, ends_us=50), entry(2, 1, ends_us=50), entry(2, 2, ends_us=900)])
    assert store.end(60, ALL).objects == 3
    assert [(row.id, row.version) for row in listed(store, Selection())] == [("indicator--2", "2")]


def test_many_end_in_pieces(store: HubStore) -> None:
    """More than one transaction takes."""
    add(store, [entry(number, ends_us=50) for number in range(1_100)])
    assert store.end(60, ALL).objects == 1_100


def test_what_may_not_be_recorded_yet_stays(store: HubStore) -> None:
    """Only named collections, only until the date up to which they are recorded."""
    add(store, [entry(1, ends_us=50)], now_us=1_000)
    assert store.end(60, {}).objects == store.end(60, {"c": 999}).objects == store.end(60, {"d": 10**15}).objects == 0
    assert store.end(60, {"c": 1_000}).objects == 1


def test_what_waits_in_quarantine_ends_too(store: HubStore) -> None:
    """Its status says that nobody decided in time."""
    held = entry(1, ends_us=50, held_for="a person has to look")
    status = status_resource("s", 1, [Outcome(held.id, "1", Fate.PENDING, "a person has to look")])
    store.add(collection(store), [held], 1, "rita", "s", lambda added: status)
    assert store.end(60, {}) == Ended(60, held=1)
    assert store.held() == []
    kept = store.status("r", "s")
    assert kept is not None
    told = msgspec.json.decode(kept[1])
    assert (told["status"], told["failures"][0]["message"]) == ("complete", "It ended before anybody decided about it")


def test_what_is_released_still_ends(store: HubStore) -> None:
    """Quarantine does not make it last longer."""
    add(store, [entry(1, ends_us=50, held_for="a person has to look")], status="")
    store.release(store.held()[0].number, 10)
    assert store.end(60, ALL).objects == 1


def test_old_statuses_go_without_a_post(store: HubStore) -> None:
    """A hub to which nobody posts any more forgets them as well."""
    add(store, [entry(1)], now_us=1)
    assert store.end(STATUS_KEPT_US, {}).statuses == 0
    assert store.end(STATUS_KEPT_US + 2, {}).statuses == 1


def test_nothing_of_it_stays_in_the_file(tmp_path: Path, database: str) -> None:
    """With SQLite: neither in the file nor in the log of writes. PostgreSQL promises less (docs/hub.md)."""
    store = places.kept(tmp_path)
    prepared(store)
    add(store, [entry(4711, ends_us=50), entry(815)])
    store.end(60, ALL)
    if isinstance(store.database, SqliteDatabase):
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b'"number":4711' not in files
        assert b'"number":815' in files
    else:
        vacuumed = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relid = 'objects'::regclass"
        assert store.database.row(vacuumed)[0] == 1
