"""`stillwatch hunt --alliance`: what partners told is read from the inbox, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing.member.told import Told, drawn

from .conftest import SECRET_HEX, Stillwatch
from .logs import good

SHARE = """
hub = "https://hub.example"
root = "alliance"
collection = "5f4d7b1e-0c8a-4f3b-9b7d-2a6c1e8f9d30"
member = "member-01"
credential = "hub.token"
secret = "deployment.key"
record_key = "0000000000000000000000000000000000000000000000000000000000000000"
contest_url = "https://provider.example/contest"
legal_basis = "act"
legal_basis_date = 2026-01-01
grounds = "grounds.toml"
"""


@pytest.fixture
def member(home: Path) -> Path:
    """A membership's file, and the alliance's secret beside it."""
    (home / "share.toml").write_text(SHARE)
    (home / "alliance.key").write_text(SECRET_HEX[::-1])
    (home / "alliance.key").chmod(0o600)
    return home / "share.toml"


def test_a_hunt_says_what_partners_told_and_why_it_counts_or_not(hunt: Stillwatch, home: Path, member: Path) -> None:
    """The inbox here was pulled into in the past: nothing of it counts any more, and the hunt says so."""
    told = Told()
    told.see("member-03", told.tell("member-02", "it", drawn(1)))
    told.pulled(home / "inbox.sqlite")
    done = hunt(good(home / "log.jsonl"), "--alliance", member, "--alliance-secret", home / "alliance.key")
    assert (done.code, done.err) == (0, "")
    assert "Partners: claims of partners: 1; standing: 0; that may be evidence: 0; 1 not, because" in done.out


def test_without_the_alliances_secret_nothing_could_match(hunt: Stillwatch, home: Path, member: Path) -> None:
    done = hunt(good(home / "log.jsonl"), "--alliance", member)
    assert done.code == 2
    assert "--alliance-secret" in done.err


def test_an_inbox_that_was_never_pulled_into_is_said(hunt: Stillwatch, home: Path, member: Path) -> None:
    done = hunt(good(home / "log.jsonl"), "--alliance", member, "--alliance-secret", home / "alliance.key")
    assert done.code == 2
    assert "Pull first: stillwatch share pull" in done.err


def test_a_damaged_inbox_is_said(hunt: Stillwatch, home: Path, member: Path) -> None:
    (home / "inbox.sqlite").write_text("no database")
    done = hunt(good(home / "log.jsonl"), "--alliance", member, "--alliance-secret", home / "alliance.key")
    assert done.code == 3
    assert "cannot be read" in done.err
    assert "pull again" in done.err
