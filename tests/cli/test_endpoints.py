"""Endpoints as commands are told them: what is no address or no key is said at once, and no password is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Stillwatch


def asked(stillwatch: Stillwatch, home: Path, *arguments: str) -> tuple[int, str]:
    (home / "few.jsonl").write_text(json.dumps("What is rye?"))
    done = stillwatch("audit", "record", "ours", "--prompts", "few.jsonl", "--model", "x", *arguments)
    return done.code, " ".join(done.err.split())


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "http://127.0.0.1:99999999/v1",
        "http://[::1/v1",
        "http://127.0.0.1:0/v1",
        f"http://{'a' * 70}.example/v1",
        "http://127.0.0.1/v 1",
        "http://127.0.0.1/v1\x7f",
        "ftp://127.0.0.1/v1",
    ],
)
def test_what_is_no_address_is_said_at_once(stillwatch: Stillwatch, home: Path, url: str) -> None:
    code, err = asked(stillwatch, home, "--endpoint", url)
    assert code == 2
    assert "is no endpoint" in err


@pytest.mark.parametrize("url", ["http://me:hush@127.0.0.1/v1", "http://127.0.0.1/v1?key=hush"])
def test_a_password_in_an_address_is_refused_and_not_repeated(stillwatch: Stillwatch, home: Path, url: str) -> None:
    code, err = asked(stillwatch, home, "--endpoint", url)
    assert code == 2
    assert "--key-file" in err
    assert "hush" not in err


@pytest.mark.parametrize("held", [b"", b"\xff\xfe", b"two words", b"sk-1\nsk-2", "schl\u00fcssel".encode()])
def test_a_file_without_a_key_is_refused(stillwatch: Stillwatch, home: Path, held: bytes) -> None:
    (home / "x.key").write_bytes(held)
    code, err = asked(stillwatch, home, "--endpoint", "http://127.0.0.1:9/v1", "--key-file", "x.key")
    assert code == 2
    assert "holds no API key" in err
