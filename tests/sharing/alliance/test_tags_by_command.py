"""Blind tags from suspects to a match, each step a command, with the key service and the hub as processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sharing.alliance.members import FINDINGS, MEMBERS, Member, command

pytest.importorskip("rbcl", reason="blind tags need rbcl: pip install 'stillwatch[tags]'")

SHARED = [{"kind": "email", "value": "Trial7+a@Example.com"}, {"kind": "asn", "value": "AS7018"}]
OURS = [{"kind": "email", "value": "somebody@example.com"}, {"kind": "asn", "value": "7018"}]
OTHERS = [{"kind": "email", "value": "trial7@example.com"}]


@pytest.fixture
def key_service(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A key service's folder and address."""
    home = tmp_path / "keys"
    command("tags", "init", home)
    (tmp_path / "pins.json").write_text(command("tags", "pins", home, "--operator", "keys.example"))
    program = [sys.executable, "-m", "stillwatch.cli.main", "tags", "serve", str(home), "--port", "0", "--batch", "8"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            said = re.search(r"http://\S+", process.stdout.readline())
            assert said is not None
            yield home, said[0]
        finally:
            process.terminate()


def asked(member: Member, name: str, suspects: Sequence[dict[str, str]], keys: tuple[Path, str]) -> Path:
    """The member's file of tags, of these suspects."""
    home, url = keys
    (member.folder / "suspects.jsonl").write_text("".join(json.dumps(one) + "\n" for one in suspects))
    (member.folder / "keys.token").write_text(command("tags", "member", home, name))
    tags, pins = member.folder / "tags.jsonl", home.parent / "pins.json"
    service = ("--service", url, "--pins", pins, "--token", member.folder / "keys.token")
    command("tags", "ask", member.folder / "suspects.jsonl", tags, *service)
    return tags


def downloaded(member: Member, *more: str | Path) -> Any:
    return json.loads(command("tags", "download", member.folder / "tags.set", *more, *member.file, "--json"))


def test_from_suspects_to_a_match(members: list[Member], key_service: tuple[Path, str], tmp_path: Path) -> None:
    """A tells of what accounts were opened with, B and C compare at home; the second download has no bytes."""
    a, b, c = members
    tags = asked(a, MEMBERS[0], SHARED, key_service)
    (a.folder / "findings.json").write_text(json.dumps(FINDINGS))
    proposed = a.share("propose", a.folder / "findings.json", "campaign-1", "--nexus", "fraud", "--tags", tags)
    a.approve(proposed["digest"], "ana", "ben")
    assert a.share("publish", proposed["digest"])["refused"] == 0

    pins = ("--pins", tmp_path / "pins.json")
    first = downloaded(b, *pins)
    assert (first["tags"], first["size"], first["is_new"]) == (2, (b.folder / "tags.set").stat().st_size, True)
    assert downloaded(b, *pins)["is_new"] is False
    own = asked(b, MEMBERS[1], OURS, key_service)
    (match,) = command("tags", "match", b.folder / "tags.set", own).splitlines()
    assert json.loads(match) == {"line": 2, "kind": "asn", "confidence": 85}

    assert downloaded(c, "--epoch", "0")["tags"] == 2
    (match,) = command("tags", "match", c.folder / "tags.set", asked(c, MEMBERS[2], OTHERS, key_service)).splitlines()
    assert json.loads(match)["kind"] == "email"

    # Withdrawn, they are in nobody's set any more; a stranger never had one.
    for id in (one for one in proposed["ids"] if one.startswith("indicator--")):
        a.share("revoke", id)
    assert downloaded(b, *pins) == {"epoch": 0, "tags": 0, "size": 41, "is_new": True}
    url = f"{a.served.url}/alliance/alliance/tags/0/"
    assert requests.get(url, auth=("mallory", "mallory"), timeout=60).status_code == 401
    command("tags", "download", b.folder / "tags.set", *b.file, code=2)
