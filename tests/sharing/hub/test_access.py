"""Who may do what: collections' rights, roles, trust groups, deletion (TAXII 2.1, 5.1 to 5.8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.sharing.hub.tokens import digest, make_token
from tests.sharing.hub.clauses import clause
from tests.sharing.hub.trying import COLLECTION, MANIFEST, OBJECTS, ROOT, Hub, collection, indicator, seed, user

ONE = f"{OBJECTS}{indicator(1)['id']}/"
READS = [MANIFEST, OBJECTS, ONE, f"{ONE}versions/"]


def with_rights(folder: Path, can_read: bool, can_write: bool) -> Hub:
    """A collection with an object of the operator's and these rights for all."""
    return Hub(folder, seed(collection(can_read=can_read, can_write=can_write, objects=[indicator(1)])))


@clause("5.3 forbidden")
@pytest.mark.parametrize("path", READS)
def test_without_the_right_to_read_nothing_is_read(tmp_path: Path, path: str) -> None:
    """403 at each endpoint that reads, while the collection itself is told."""
    alice = with_rights(tmp_path, can_read=False, can_write=True).member("alice")
    assert alice.get(path).status_code == 403
    assert alice.get(ROOT).json()["can_read"] is False


@clause("5.5 forbidden")
def test_without_the_right_to_write_nothing_is_written(tmp_path: Path) -> None:
    """Neither where the collection forbids it, nor by a reader where it does not."""
    hub = with_rights(tmp_path, can_read=True, can_write=False)
    assert hub.member("alice").post(OBJECTS, indicator(2)).status_code == 403
    (tmp_path / "open").mkdir()
    assert Hub(tmp_path / "open", seed()).member("rita").post(OBJECTS, indicator(2)).status_code == 403


@clause("5.7 rights")
@pytest.mark.parametrize(
    ("can_read", "can_write", "status"),
    [(False, False, 404), (True, False, 403), (False, True, 403), (True, True, 200)],
)
def test_deleting_needs_both_rights(tmp_path: Path, can_read: bool, can_write: bool, status: int) -> None:
    """The standard's table."""
    assert with_rights(tmp_path, can_read, can_write).member("alice").delete(ONE).status_code == status


@clause("5.7 delete", "5.6 not found")
def test_what_is_deleted_is_found_nowhere(hub: Hub) -> None:
    """Not by id, not among objects, not in the manifest, not among versions; and not twice."""
    alice = hub.member("alice")
    alice.post(OBJECTS, indicator(1), indicator(1, modified="2026-02-01T00:00:00.000Z"), indicator(2))
    assert alice.delete(ONE).status_code == 200
    assert [alice.get(path).status_code for path in (ONE, f"{ONE}versions/")] == [404, 404]
    assert alice.ids() == alice.ids(MANIFEST, match_version="all") == [indicator(2)["id"]]
    assert alice.delete(ONE).status_code == 404


@clause("5.7 delete", "5.8 versions", "5.6 object")
def test_a_version_can_be_deleted_alone(hub: Hub) -> None:
    """The others stay, and the one before becomes the latest."""
    alice = hub.member("alice")
    times = [f"2026-0{month}-01T00:00:00.000Z" for month in (1, 2, 3)]
    alice.post(OBJECTS, *(indicator(1, modified=time) for time in times))
    assert alice.get(f"{ONE}versions/").json() == {"more": False, "versions": times}
    assert alice.delete(ONE, match_version=times[2]).status_code == 200
    assert alice.get(ONE, match_version=times[2]).status_code == 404
    assert alice.get(ONE).json()["objects"][0]["modified"] == times[1]
    assert alice.delete(ONE, match_version="first").status_code == 200
    assert alice.get(f"{ONE}versions/").json()["versions"] == [times[1]]


@clause("5.6 object")
def test_one_object_is_filtered_as_all_are(hub: Hub) -> None:
    """By version; what matches nothing is an empty envelope while the object is there."""
    alice = hub.member("alice")
    alice.post(OBJECTS, indicator(1), indicator(1, modified="2026-02-01T00:00:00.000Z"))
    assert len(alice.get(ONE, match_version="all").json()["objects"]) == 2
    assert alice.get(ONE, match_version="first").json()["objects"] == [indicator(1)]
    assert alice.get(ONE, added_after="2100-01-01T00:00:00Z").json() == {}
    assert alice.get(f"{ONE}versions/", match_spec_version="2.0").json() == {}


def test_where_writers_delete_their_own_only_an_admin_deletes_all(tmp_path: Path) -> None:
    """In such a collection bob cannot take back what alice said."""
    hub = Hub(tmp_path, seed(collection(deletes="own")))
    hub.member("alice").post(OBJECTS, indicator(1))
    assert [hub.member(name).delete(ONE).status_code for name in ("bob", "admin")] == [403, 200]
    hub.member("alice").post(OBJECTS, indicator(1))
    assert hub.member("alice").delete(ONE).status_code == 200


def test_a_trust_group_is_for_its_members(tmp_path: Path) -> None:
    """Who does not belong to a root is told neither of it nor of anything in it, by any path."""
    sown = seed(collection(objects=[indicator(1)]), members=["alice"])
    hub = Hub(tmp_path, sown)
    bob = hub.member("bob")
    assert "api_roots" not in bob.get("/taxii2/").json()
    paths = ["/alliance/", "/alliance/collections/", "/alliance/my-markings/", "/alliance/status/x/", ROOT, *READS]
    assert [bob.get(path).status_code for path in paths] == [404] * len(paths)
    assert bob.post(OBJECTS, indicator(2)).status_code == bob.delete(ONE).status_code == 404
    assert [hub.member("alice").get(path).status_code for path in READS] == [200] * 4


def test_a_right_that_is_withdrawn_is_withdrawn_for_the_next_request(hub: Hub) -> None:
    """Collections and rights are read anew each time."""
    alice = hub.member("alice")
    cursor = [alice.post(OBJECTS, indicator(1), indicator(2)), alice.get(OBJECTS, limit="1").json()["next"]][1]
    where = hub.store.collection("alliance", COLLECTION, hub.store.member("alice"))  # type: ignore[arg-type]  # she is one
    assert where is not None
    hub.store.put_collection(where, {"alice": (False, False)})
    assert alice.get(OBJECTS, limit="1", next=cursor).status_code == 403


@clause("5.1 authentication", "1.6.9 challenge")
@pytest.mark.parametrize("path", ["/taxii2/", "/alliance/", "/alliance/collections/", ROOT, *READS, "/nobody/"])
def test_a_stranger_is_told_nothing_but_to_log_in(tmp_path: Path, path: str) -> None:
    """401 with a challenge at every endpoint, whether what was asked for exists or not."""
    answer = Hub(tmp_path, seed(collection(objects=[indicator(1)]))).stranger().get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_member_of_one_root_has_no_use_of_a_token_for_another(tmp_path: Path) -> None:
    """A token for one root opens no other, though its holder belongs to both."""
    sown = seed(users=[user("alice")])
    sown["api_roots"].append({"name": "second", "title": "Second", "collections": [collection()]})
    hub, token = Hub(tmp_path, sown), make_token()
    hub.store.put_token(digest(token), "alice", ["second"], None)
    holder = hub.bearer(token)
    assert holder.get("/taxii2/").json()["api_roots"] == ["http://testserver/second/"]
    assert holder.get(OBJECTS).status_code == 404
    assert holder.get(OBJECTS.replace("alliance", "second")).status_code == 200
    assert hub.member("alice").get(OBJECTS).status_code == 200
