"""Blind tags from suspects to a match, each step a command, with the key service and the hub as processes.

Who robs the hub, the key service's register and the logs of both recovers no identifier that a tag was made of.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sharing.alliance.dumps import Planted, dumped, planted, recovered
from tests.sharing.alliance.members import FINDINGS, MEMBERS, Member, command

pytest.importorskip("rbcl", reason="blind tags need rbcl: pip install 'stillwatch[tags]'")

from stillwatch.sharing.tags import key_file
from stillwatch.sharing.tags.oprf import known
from stillwatch.sharing.tags.suite import Suite


@dataclass(frozen=True)
class KeyService:
    """A key service that runs: its folder, its address, its log."""

    home: Path
    url: str
    log: Path

    @property
    def pins(self) -> Path:
        """The file that members pin."""
        return self.home.with_name("pins.json")

    def ask(self, member: Member, name: str, suspects: Sequence[Planted]) -> Path:
        """The member's file of tags, of these suspects."""
        lines = ({"kind": one.normalised.kind, "value": one.raw} for one in suspects)
        (member.folder / "suspects.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (member.folder / "keys.token").write_text(command("tags", "member", self.home, name))
        tags = member.folder / "tags.jsonl"
        service = ("--service", self.url, "--pins", self.pins, "--token", member.folder / "keys.token")
        command("tags", "ask", member.folder / "suspects.jsonl", tags, *service)
        return tags


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyService]:
    """A key service of its own."""
    home, log = tmp_path / "keys", tmp_path / "keys.log"
    command("tags", "init", home)
    (tmp_path / "pins.json").write_text(command("tags", "pins", home, "--operator", "keys.example"))
    serve = ("tags", "serve", str(home), "--port", "0", "--batch", "64", "--daily", "10000")
    with (
        log.open("w") as log_file,
        subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "stillwatch.cli.main", *serve], stdout=subprocess.PIPE, stderr=log_file, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield KeyService(home, process.stdout.readline().split()[-1], log)
        finally:
            process.terminate()


def published(member: Member, tags: Path) -> Any:
    """A campaign with these tags, told by two people."""
    (member.folder / "findings.json").write_text(json.dumps(FINDINGS))
    proposed = member.share(
        "propose", member.folder / "findings.json", "campaign-1", "--nexus", "fraud", "--tags", tags
    )
    member.approve(proposed["digest"], "ana", "ben")
    assert member.share("publish", proposed["digest"])["refused"] == 0
    return proposed


def downloaded(member: Member, *more: str | Path) -> Any:
    return json.loads(command("tags", "download", member.folder / "tags.set", *more, *member.file, "--json"))


def robbed(hub: Path, keys: KeyService) -> bytes:
    """All that lies on the disks of the hub and the key service, but the key."""
    store, register = hub.glob("hub.sqlite*"), keys.home.glob("service.sqlite*")
    return dumped([*store, hub / "alliance", hub / "log", *register, keys.log])


def test_from_suspects_to_a_match(members: list[Member], keys: KeyService) -> None:
    """A tells of what accounts were opened with, B and C compare at home; the second download has no bytes."""
    a, b, c = members
    suspects = planted(27)
    proposed = published(a, keys.ask(a, MEMBERS[0], suspects[:18]))

    pins = ("--pins", keys.pins)
    first = downloaded(b, *pins)
    assert (first["tags"], first["size"], first["is_new"]) == (18, (b.folder / "tags.set").stat().st_size, True)
    assert downloaded(b, *pins)["is_new"] is False
    own = keys.ask(b, MEMBERS[1], suspects[16:])
    matches = [json.loads(line) for line in command("tags", "match", b.folder / "tags.set", own).splitlines()]
    assert sorted((one["line"], one["kind"]) for one in matches) == [(1, "asn"), (2, "handle")]
    assert {one["confidence"] for one in matches} == {85}

    assert downloaded(c, "--epoch", "0")["tags"] == 18
    assert command("tags", "match", c.folder / "tags.set", keys.ask(c, MEMBERS[2], suspects[18:])) == ""

    # Withdrawn, they are in nobody's set any more; a stranger never had one.
    for id in (one for one in proposed["ids"] if one.startswith("indicator--")):
        a.share("revoke", id)
    assert downloaded(b, *pins) == {"epoch": 0, "tags": 0, "size": 41, "is_new": True}
    url = f"{a.served.url}/alliance/alliance/tags/0/"
    assert requests.get(url, auth=("mallory", "mallory"), timeout=60).status_code == 401
    command("tags", "download", b.folder / "tags.set", *b.file, code=2)
    assert recovered(robbed(a.served.store.parent, keys), suspects) == 0


@pytest.mark.long
def test_a_dump_recovers_0_of_100_000_planted_identifiers(members: list[Member], keys: KeyService) -> None:
    """Of all nine kinds, by every way of `dumps`; with the key, as a control, the first hundred are all there."""
    a, b, _ = members
    everyone = planted(100_000)
    published(a, keys.ask(a, MEMBERS[0], everyone))
    b.share("pull")
    assert downloaded(b, "--epoch", "0")["tags"] == 100_000
    dump = robbed(a.served.store.parent, keys)
    assert len(dump) > 100_000 * 36
    assert recovered(dump, everyone) == 0

    suite = Suite()
    secret = key_file.EpochKeys.load(keys.home / key_file.FILE, suite).pair(0).secret
    with_the_key = [known(suite, secret, one.normalised.data)[:16].hex().encode() for one in everyone[:100]]
    assert all(tag in dump for tag in with_the_key)
