"""Seed files: what they may say, what is refused, and that sowing twice changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import InputError, StillwatchError
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.hub.seed import read_seed, sow
from tests.sharing.hub.trying import COLLECTION, MANIFEST, NOW_US, OBJECTS, Hub, collection, indicator, seed, user
from tests.storage.hub import places


def refused(folder: Path, sown: dict[str, Any]) -> str:
    """Why a seed is refused."""
    file = folder / "seed.json"
    file.write_text(json.dumps(sown))
    with pytest.raises(StillwatchError) as error:
        sow(read_seed(file), places.kept(folder), NOW_US)
    return str(error.value)


def test_passwords_may_be_plain_or_hashed(tmp_path: Path) -> None:
    """Plain ones are hashed before they are kept, and either logs in."""
    hub = Hub(tmp_path, seed(users=[user("alice"), {"name": "bob", "password": "in the clear"}]))
    assert hub.member("alice").get(OBJECTS).status_code == 200
    assert hub.member("bob", "in the clear").get(OBJECTS).status_code == 200
    assert all(member.credential.startswith("$argon2id$") for member, _ in hub.store.members())


def test_users_may_be_names_and_passwords(tmp_path: Path) -> None:
    """The shortest form: writers, cleared up to AMBER+STRICT; admins up to RED unless the seed says otherwise."""
    hub = Hub(tmp_path, {**seed(), "users": {"alice": user("alice")["password"]}})
    (tmp_path / "other").mkdir()
    admin = Hub(tmp_path / "other", seed()).store.member("admin")
    alice = hub.store.member("alice")
    assert alice is not None
    assert admin is not None
    assert (alice.clearance, admin.clearance) == (Tlp.AMBER_STRICT, Tlp.RED)


def test_dates_of_the_seed_are_kept_and_what_is_posted_comes_after(tmp_path: Path) -> None:
    """Given beside the object or in a manifest; even two that are equal page one by one."""
    dated = {"date_added": "2026-01-01T00:00:00.000000Z", "object": indicator(1)}
    record = {"id": indicator(2)["id"], "date_added": "2026-01-01T00:00:00Z", "version": indicator(2)["modified"]}
    sown = seed(collection(objects=[dated, indicator(2), indicator(3)], manifest=[record]))
    alice = Hub(tmp_path, sown).member("alice")
    alice.post(OBJECTS, indicator(4))
    dates = [one["date_added"] for one in alice.get(MANIFEST).json()["objects"]]
    assert dates[:2] == ["2026-01-01T00:00:00.000000Z"] * 2
    assert dates == sorted(dates)
    first = alice.get(OBJECTS, limit="1").json()
    assert alice.ids(limit="1", next=first["next"]) == [indicator(2)["id"]]


def test_sowing_twice_changes_nothing_and_brings_nobody_back(tmp_path: Path) -> None:
    """Objects stay single, and a member that was revoked stays revoked."""
    sown = seed(collection(objects=[indicator(1)]))
    hub = Hub(tmp_path, sown)
    hub.store.revoke("alice")
    again = sow(read_seed(tmp_path / "seed.json"), hub.store, NOW_US)
    assert (again.members, again.objects) == (0, 0)
    assert hub.member("alice").get(OBJECTS).status_code == 401
    assert hub.member("bob").ids() == [indicator(1)["id"]]


def test_the_data_file_of_the_reference_server_is_read(tmp_path: Path) -> None:
    """Roots as keys, dates in a manifest, statuses, and users beside."""
    status = {
        "id": "s-1",
        "status": "complete",
        "total_count": 0,
        "success_count": 0,
        "failure_count": 0,
        "pending_count": 0,
    }
    record = {
        "id": indicator(1)["id"],
        "date_added": "2016-01-01T00:00:00.000000Z",
        "version": indicator(1)["modified"],
    }
    layout = {
        "/discovery": {
            "title": "Theirs",
            "default": "http://localhost:5000/group/",
            "api_roots": ["http://localhost:5000/group/"],
        },
        "group": {
            "information": {
                "title": "Group",
                "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 9765625,
            },
            "status": [status],
            "collections": [{**collection(), "objects": [indicator(1)], "manifest": [{**record, "media_type": "x"}]}],
        },
        "users": {"admin": user("admin")["password"]},
    }
    admin = Hub(tmp_path, layout).member("admin")
    assert admin.get("/taxii2/").json() == layout["/discovery"]
    assert admin.get("/group/").json()["max_content_length"] == 9765625
    assert admin.get("/group/status/s-1/").json() == status
    assert admin.get(MANIFEST.replace("alliance", "group")).json()["objects"][0]["date_added"] == record["date_added"]


@pytest.mark.parametrize(
    ("sown", "said"),
    [
        ({"user": []}, "unknown field `user`"),
        (seed(collection(canread=True)), "unknown field `canread`"),
        (seed(collection(id="a/b")), "matching regex"),
        (seed(name="two/segments"), "matching regex"),
        (seed(max_content_length=0), ">= 1"),
        (seed(members=["nobody"]), "names 'nobody', who is no user"),
        (seed(collection(rights={"nobody": {"can_read": True, "can_write": True}})), "names 'nobody'"),
        (seed(collection(objects=[{"type": "indicator"}])), f"object 1 of collection {COLLECTION}: id is missing"),
        (seed(collection(objects=[{"date_added": "never", "object": indicator(1)}])), "not a timestamp"),
        (seed(users=[user("a:b")]), "cannot be a member's name"),
        (seed(users=[user("a", "king")]), "'king' is not a valid Role"),
        (seed(users=[user("a", clearance="purple")]), "no level of TLP"),
        ([], "Expected `object`"),
    ],
)
def test_a_seed_that_is_wrong_is_refused_by_name(tmp_path: Path, sown: Any, said: str) -> None:
    """Which key, which user, which object."""
    assert said in refused(tmp_path, sown)


def test_a_seed_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    (tmp_path / "seed.json").write_text("users:\n- alice\n")
    with pytest.raises(InputError, match=r"seed\.json is no seed file"):
        read_seed(tmp_path / "seed.json")
