"""A hub as a process, three members by their commands: told, seen, disputed, suspended, withdrawn, acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from stillwatch.cli.app import app
from stillwatch.errors import StillwatchError
from stillwatch.pseudonym import Secret
from stillwatch.running.alliance import prepare
from tests.sharing.governance.test_rules import FINDINGS
from tests.sharing.hub.serving import Served, serving
from tests.sharing.hub.trying import OBJECTS, TAXII, indicator, seed, user

COLLECTION = "5f4d7b1e-0c8a-4f3b-9b7d-2a6c1e8f9d30"
MEMBERS = ("member-01", "member-02", "member-03")
SIGNERS = (("ana", "security"), ("ben", "legal"))
GROUNDS = """
[basis.act]
title = "An act for tests"
from = 2020-01-01
until = 2099-01-01
classes = ["campaign", "indicator", "report", "relationship", "sighting", "opinion", "note"]
"""


def command(*arguments: str | Path, code: int = 0) -> str:
    """What a command printed; it has to end with `code`."""
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(app(words), words)
    wrong = done.exception
    assert (wrong.exit_code if isinstance(wrong, StillwatchError) else done.exit_code) == code, (done.output, wrong)
    return done.stdout


@dataclass
class Member:
    """A member with its folder, at a hub."""

    folder: Path
    served: Served

    def share(self, *arguments: str | Path, code: int = 0) -> Any:
        """The JSON of `stillwatch share ...`."""
        printed = command("share", *arguments, *self.file, "--json", code=code)
        return json.loads(printed[: printed.rindex("}") + 1]) if "}" in printed else printed

    @property
    def file(self) -> tuple[str | Path, ...]:
        """The option that names its file."""
        return "--member", self.folder / "share.toml"

    def approve(self, digest: str, *names: str) -> None:
        """These signers put their names to a proposal."""
        for name in names:
            role = dict(SIGNERS)[name]
            key = self.folder / f"{name}.key"
            said = ("--as", name, "--role", role, "--key", key, "--digest", digest, *self.file)
            command("share", "approve", digest[:12], *said)

    def propose(self) -> Any:
        """The campaign of the findings, proposed."""
        (self.folder / "findings.json").write_text(json.dumps(FINDINGS))
        return self.share("propose", self.folder / "findings.json", "campaign-1", "--nexus", "fraud")


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Member]]:
    """Three members of one hub, with two signers and a machine each."""
    alliance = tmp_path / "alliance"
    alliance.mkdir()
    (alliance / "grounds.toml").write_text(GROUNDS)
    sown = seed(
        {"id": COLLECTION, "title": "Signals", "profile": "extraction", "can_read": True, "can_write": True},
        users=[user(name) for name in MEMBERS],
    )
    with ExitStack() as open_until_the_end:
        served = open_until_the_end.enter_context(serving(tmp_path, sown, "--alliance", str(alliance)))
        yield [joined(tmp_path / name, name, served, alliance) for name in MEMBERS]


def joined(folder: Path, name: str, served: Served, alliance: Path) -> Member:
    """A member's folder, and what the operator registers of it."""
    folder.mkdir()
    store = str(served.store)
    for signer, role in (*SIGNERS, ("machine", "machine")):
        key = command("share", "key", signer, folder / f"{signer}.key").split()[-1]
        command("hub", "signer", "add", name, signer, role, key, "--store", store)
    token = json.loads(
        command("hub", "member", "add", name, "--token", "--json", "--root", "alliance", "--store", store)
    )
    (folder / "hub.token").write_text(token["token"])
    (folder / "hub.token").chmod(0o600)
    Secret.create(folder / "deployment.key")
    (folder / "grounds.toml").write_text(GROUNDS)
    (folder / "share.toml").write_text(
        f'hub = "{served.url}"\nroot = "alliance"\ncollection = "{COLLECTION}"\nmember = "{name}"\n'
        f'credential = "hub.token"\nsecret = "deployment.key"\nrecord_key = "{prepare(alliance)}"\n'
        'contest_url = "https://provider.example/contest"\nlegal_basis = "act"\nlegal_basis_date = 2026-01-01\n'
        'grounds = "grounds.toml"\nnames = ["Contoso"]\n'
    )
    return Member(folder, served)


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
