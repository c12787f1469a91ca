"""What goes wrong with processes: killed while posting, revoked while pulling, two writers at once, a full store."""

from __future__ import annotations

import concurrent.futures
import json
from pathlib import Path

import pytest
import requests

from stillwatch.sharing.hub.admission import OpenAdmission
from stillwatch.sharing.hub.markings import Visibility
from stillwatch.sharing.hub.posting import Posting
from stillwatch.sharing.hub.store import Entry
from stillwatch.sharing.hub.tokens import digest, make_token
from stillwatch.storage.hub.sqlite import SqliteDatabase
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.serving import serving
from tests.sharing.hub.trying import COLLECTION, MANIFEST, NOW_US, OBJECTS, Hub, indicator, seed
from tests.storage.hub import places


def test_killed_while_posting_a_status_never_lies(tmp_path: Path) -> None:
    """Posts of 300 objects, one after the other, and SIGKILL in the middle of one.

    Every status that was answered is there and true; of the post that was not answered there are all objects with its
    status, or nothing at all.
    """
    answered: list[str] = []
    with serving(tmp_path, seed()) as hub:

        def post(number: int) -> str | None:
            try:
                objects = [indicator(1000 * number + one) for one in range(300)]
                return str(hub.post(OBJECTS, "alice", objects).json()["id"])
            except OSError:
                return None

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answered += [str(post(number)) for number in range(3)]
            last = pool.submit(post, 3)
            hub.kill()
            answered += [id for id in [last.result()] if id]
    kept = places.kept(tmp_path).database
    statuses = kept.rows("SELECT id, body FROM statuses")
    rows = kept.row("SELECT count(*) FROM objects")[0]
    assert set(answered) <= {id for id, _ in statuses}
    assert rows == 300 * len(statuses) == sum(json.loads(body)["success_count"] for _, body in statuses)
    if isinstance(kept, SqliteDatabase):
        assert kept.row("PRAGMA integrity_check")[0] == "ok"


@pytest.mark.long
def test_revoked_while_pulling_each_worker_refuses(tmp_path: Path) -> None:
    """Two processes have let alice in, by password and by token; a revocation later, neither answers her."""
    with serving(tmp_path, seed(), "--workers", "2") as hub:
        store, token = places.kept(tmp_path), make_token()
        store.put_token(digest(token), "alice", None, None)
        bearer = {"Authorization": f"Bearer {token}", "Accept": "application/taxii+json"}

        def asked(_: int) -> tuple[int, int]:
            by_token = requests.get(f"{hub.url}{OBJECTS}", headers=bearer, timeout=60).status_code
            return hub.get(OBJECTS, "alice").status_code, by_token

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert set(pool.map(asked, range(24))) == {(200, 200)}
            store.revoke("alice")
            assert set(pool.map(asked, range(8))) == {(401, 401)}
        assert hub.get(OBJECTS, "bob").status_code == 200


@clause("3.3 sorting")
def test_two_writers_at_once_make_one_order(tmp_path: Path) -> None:
    """Two stores on one file, as two processes have them: every object once, dates unique, a poller misses nothing."""
    hub = Hub(tmp_path, seed())
    second = places.kept(tmp_path)
    alice = hub.store.member("alice")
    assert alice is not None
    where = hub.store.collection("alliance", COLLECTION, alice)
    assert where is not None

    def add(number: int) -> None:
        id = indicator(number)["id"]
        entry = Entry(id, "indicator", 21, "2026-01-01T00:00:00Z", NOW_US, Visibility(contributor="alice"), b"{}")
        (hub.store, second)[number % 2].add(where, [entry], NOW_US, "alice", f"s{number}", lambda added: b"{}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(60)))
    dates = [one["date_added"] for one in hub.member("bob").get(MANIFEST).json()["objects"]]
    assert len(set(dates)) == 60
    assert dates == sorted(dates)


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Held by somebody else for too long: 503 and when to come back, nothing stored; reading goes on."""
    hub = Hub(tmp_path, seed(), busy_seconds=0.01)
    alice = hub.member("alice")
    with places.kept(tmp_path).database.transaction():
        refused = alice.post(OBJECTS, indicator(1))
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert hub.member("bob").get(OBJECTS).json() == {}
    assert alice.post(OBJECTS, indicator(1)).json()["success_count"] == 1


def test_a_clock_that_goes_back_does_not(hub: Hub) -> None:
    """Dates added go on from the last one, so that nobody's poll misses what was added meanwhile."""
    hub.member("alice").post(OBJECTS, indicator(1))
    alice = hub.store.member("alice")
    assert alice is not None
    where = hub.store.collection("alliance", COLLECTION, alice)
    assert where is not None
    last = hub.member("bob").get(OBJECTS).headers["X-TAXII-Date-Added-Last"]
    posting = Posting(hub.store, {"open": OpenAdmission()}, lambda: 1)
    posting.post(where, alice, json.dumps({"objects": [indicator(2)]}).encode())
    assert hub.member("bob").ids(added_after=last) == [indicator(2)["id"]]
