"""A hub as a process, three members by their commands: told, seen, disputed, suspended, withdrawn, acknowledged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from tests.sharing.alliance.members import COLLECTION, GROUNDS, MEMBERS, SIGNERS, Member, command
from tests.sharing.hub.serving import serving
from tests.sharing.hub.trying import OBJECTS, TAXII, indicator, seed


def score(member: Member, id: str) -> Any:
    """The standing of a claim, as a member sees it."""
    member.share("pull")
    return next(one for one in member.share("inbox")["claims"] if one["id"] == id)


def test_from_the_first_word_to_the_last_acknowledgement(members: list[Member]) -> None:
    """A tells, B and C take it in, C and B dispute, the score falls, A withdraws, all acknowledge, the record holds."""
    a, b, c = members
    # 1. Nothing leaves before two people approved it.
    proposed = a.propose()
    campaign = next(id for id in proposed["ids"] if id.startswith("campaign--"))
    a.approve(proposed["digest"], "ana")
    assert a.share("publish", proposed["digest"], code=1)["taken"] == 4  # who and what it speaks of, no claim
    a.approve(proposed["digest"], "ben")
    assert a.share("publish", proposed["digest"])["refused"] == 0

    # 2. The others have it at their next pull.
    for member in (a, b, c):
        pulled = member.share("pull")
        assert (pulled["new"], pulled["refused"]) == (len(proposed["ids"]), 0)
    before = score(b, campaign)

    # 3. B sees the same, C disputes: up, then down. A call to refuse somebody does not leave C.
    command("share", "dispute", campaign, "--why", "We should block them everywhere.", *c.file, code=2)
    b.share("sight", campaign, "--exchanges", "4200")
    seen = score(c, campaign)
    c.share("dispute", campaign)
    assert before["score"] < seen["score"] > score(b, campaign)["score"]
    assert not score(b, campaign)["suspended"]
    b.share("dispute", campaign, "--strongly")
    assert score(a, campaign)["suspended"]

    # 4. A withdraws; every member acknowledges at its next pull, and A sees that.
    assert a.share("revoke", campaign)["taken"] == 1
    assert [member.share("pull")["acknowledged"] for member in (a, b, c)] == [1, 1, 1]
    assert a.share("acknowledged", campaign) == {"acknowledged_by": list(MEMBERS)}
    assert campaign not in [one["id"] for one in b.share("inbox")["claims"]]

    # 5. The record is whole for each of them, until somebody takes its end away.
    assert b.share("verify")["heads"] >= 2
    record = b.served.store.parent / "alliance" / "record.jsonl"
    record.write_bytes(b"".join(record.read_bytes().splitlines(keepends=True)[:-3]))
    command("share", "verify", *b.file, code=3)


def test_what_is_posted_is_recorded_before_its_answer(members: list[Member]) -> None:
    """Nobody reads the record in between, and it says what came all the same."""
    a = members[0]
    record = a.served.store.parent / "alliance" / "record.jsonl"
    proposed = a.propose()
    a.approve(proposed["digest"], *dict(SIGNERS))
    assert a.share("publish", proposed["digest"])["refused"] == 0
    kinds = [json.loads(line)["kind"] for line in record.read_bytes().splitlines()]
    assert kinds == ["approved", "approved", "published"]


def test_nothing_is_deleted_where_the_alliance_rules(members: list[Member]) -> None:
    """A member that has an object would never hear of it; without a slash at the end, too."""
    a = members[0]
    proposed = a.propose()
    a.approve(proposed["digest"], *dict(SIGNERS))
    a.share("publish", proposed["digest"])
    objects = f"/alliance/collections/{COLLECTION}/objects/{proposed['ids'][0]}"
    headers = {"Accept": TAXII, "Authorization": f"Bearer {(a.folder / 'hub.token').read_text()}"}
    for path in (f"{objects}/", objects):
        refused = requests.delete(f"{a.served.url}{path}", headers=headers, timeout=60)
        assert refused.status_code == 403, refused.text
        assert "withdraw" in refused.text
    assert a.share("pull")["new"] == len(proposed["ids"])


def test_beside_the_alliance_an_open_collection_deletes(tmp_path: Path) -> None:
    """What rules nothing else has TAXII's own DELETE."""
    alliance = tmp_path / "alliance"
    alliance.mkdir()
    (alliance / "grounds.toml").write_text(GROUNDS)
    with serving(tmp_path, seed(), "--alliance", str(alliance)) as served:
        assert served.post(OBJECTS, "alice", [indicator(1)]).status_code == 202
        path = f"{served.url}{OBJECTS}{indicator(1)['id']}/"
        assert requests.delete(path, headers={"Accept": TAXII}, auth=("alice", "alice"), timeout=60).status_code == 200
        assert served.get(OBJECTS, "alice").json() == {}


def test_what_is_there_at_the_start_is_recorded_whole(tmp_path: Path) -> None:
    """More than one entry holds, at the first question for the record."""
    alliance = tmp_path / "alliance"
    alliance.mkdir()
    (alliance / "grounds.toml").write_text(GROUNDS)
    objects = [indicator(number) for number in range(2_100)]
    collection = {"id": COLLECTION, "title": "Signals", "profile": "extraction", "objects": objects}
    with serving(tmp_path, seed(collection), "--alliance", str(alliance)) as served:
        assert served.get("/alliance/alliance/log/head/", "alice").json()["number"] == 3
        entries = [json.loads(line) for line in (alliance / "record.jsonl").read_bytes().splitlines()]
    assert sum(len(entry["body"]["digests"]) for entry in entries) == len(objects)
