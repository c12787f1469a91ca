"""`stillwatch tags`: from a new key service in a process of its own to a match, by commands alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("rbcl", reason="blind tags need rbcl: pip install 'stillwatch[tags]'")

from stillwatch.cli.app import app
from stillwatch.errors import StillwatchError
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import PublishedTag, Tag, TagSet

SUSPECTS = [
    {"kind": "email", "value": "Trial7+x@Example.com"},
    {"kind": "phone", "value": "030 123456"},
    {"kind": "ipv4", "value": "198.51.100.7"},
]
LATER_S = 4_000_000_000


def asked(*arguments: object) -> tuple[int, str]:
    """Exit code and what is printed."""
    try:
        done = CliRunner().invoke(app(["tags"]), ["tags", *map(str, arguments)], catch_exceptions=False)
    except StillwatchError as error:
        return error.exit_code, str(error)
    return done.exit_code, done.stdout


def tags(*arguments: object) -> str:
    """What a command prints; it has to succeed."""
    code, printed = asked(*arguments)
    assert code == 0, printed
    return printed


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of a key service in its own process, which ends by SIGTERM with code 0."""
    command = [sys.executable, "-m", "stillwatch.cli.main", "tags", "serve", str(home), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)
        process.stdout.close()


def test_from_a_new_service_to_a_match(tmp_path: Path) -> None:
    """Two members suspect one address in two spellings; each evaluates by itself, and the set tells the second."""
    home = tmp_path / "keys"
    tags("init", home)
    assert (home / "epochs.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "pins.json").write_text(tags("pins", home, "--operator", "keys.example"))
    for name in ("member-01", "member-02"):
        (tmp_path / f"{name}.token").write_text(tags("member", home, name))
    (tmp_path / "one.jsonl").write_text("".join(json.dumps(suspect) + "\n" for suspect in SUSPECTS))
    (tmp_path / "two.jsonl").write_text('{"kind": "email", "value": "trial7@example.com"}\n')
    with serving(home) as url:
        where = ["--service", url, "--pins", tmp_path / "pins.json", "--token"]
        tags("ask", tmp_path / "one.jsonl", tmp_path / "one.tags", *where, tmp_path / "member-01.token")
        tags("ask", tmp_path / "two.jsonl", tmp_path / "two.tags", *where, tmp_path / "member-02.token")
        log = tags("log", *where, tmp_path / "member-02.token").splitlines()
    lines = [json.loads(line) for line in (tmp_path / "one.tags").read_text().splitlines()]
    assert [(line["line"], "tag" in line) for line in lines] == [(2, False), (1, True), (3, True)]
    assert [(entry["member"], entry["points"]) for entry in map(json.loads, log)] == [
        ("member-01", 512),
        ("member-02", 512),
    ]
    published = PublishedTag(Tag(Kind.EMAIL, 0, bytes.fromhex(lines[1]["tag"])), 50, LATER_S)
    (tmp_path / "set").write_bytes(TagSet.of(0, [published]).encode())
    assert json.loads(tags("match", tmp_path / "set", tmp_path / "two.tags")) == {
        "line": 1,
        "kind": "email",
        "confidence": 50,
    }


def test_a_service_on_the_network_needs_tls(tmp_path: Path) -> None:
    """Tokens do not travel in the clear, and a mistake in the command does not make them."""
    tags("init", tmp_path)
    code, printed = asked("serve", tmp_path, "--host", "0.0.0.0")  # noqa: S104 - refused, which is the point
    assert code == 2
    assert "needs TLS" in printed


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    """A second `init` in the same place leaves the key as it is."""
    tags("init", tmp_path)
    before = (tmp_path / "epochs.key").read_bytes()
    assert asked("init", tmp_path)[0] == 3
    assert (tmp_path / "epochs.key").read_bytes() == before
