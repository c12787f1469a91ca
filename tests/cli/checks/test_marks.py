"""Marks of a deployment: the secret of tickets is the engine's and nobody else's, and something is marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.cli.checks.marks import marks
from stillwatch.cli.checks.result import Result
from stillwatch.pseudonym import Secret
from stillwatch.running.deployment import places, read

from .said import all_said, states

NAMED = '[files]\nhome = "h"\nsecret = "deployment.key"\ntickets = "tickets.key"\n'
POLICY = "[degrade]\nmark_strength = 2.0\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two secrets, as a deployment that marks has them."""
    for name in ("tickets", "deployment"):
        Secret.create(tmp_path / f"{name}.key")
    return tmp_path


def checked(home: Path, text: str) -> list[Result]:
    (home / "stillwatch.toml").write_text(text)
    deployment = read(home / "stillwatch.toml")
    return marks(deployment, places(deployment, home), home / "deployment.key")


def test_a_ticket_is_made_and_opened_as_the_engine_would(home: Path) -> None:
    found = checked(home, f"{NAMED}[marks]\nstrength = 1.5\nepoch = 3\naccounts = true\n")
    assert states(found) == ["ok", "ok"]
    assert "strength 1.5" in all_said(found)
    assert "epoch 3, under a key of each account's own too" in all_said(found)
    assert (home / "tickets.key").read_text().strip() not in all_said(found)


def test_a_file_of_tickets_that_is_not_there_is_a_fault(home: Path) -> None:
    (home / "tickets.key").unlink()
    found = checked(home, NAMED)
    assert states(found) == ["fault", "fault"]
    assert "tickets.key" in all_said(found)
    assert "stillwatch secret new" in all_said(found)


def test_a_file_of_tickets_that_others_may_read_is_a_fault(home: Path) -> None:
    (home / "tickets.key").chmod(0o640)
    found = checked(home, NAMED)
    assert states(found)[0] == "fault"
    assert f"chmod 600 {home}/tickets.key" in all_said(found)


def test_the_engine_does_not_get_the_deployments_secret(home: Path) -> None:
    """A copy is the same secret, whatever its name."""
    (home / "tickets.key").write_bytes((home / "deployment.key").read_bytes())
    found = checked(home, f"{NAMED}[marks]\nstrength = 1.0\n")
    assert states(found) == ["fault", "ok"]
    assert "the engine could open what is kept under it" in all_said(found)


def test_tickets_that_mark_nothing_are_told(home: Path) -> None:
    assert states(checked(home, NAMED)) == ["ok", "warning"]
    (home / "policy.toml").write_text(POLICY)
    found = checked(home, f'{NAMED}policy = "policy.toml"\n')
    assert states(found) == ["ok", "ok"]
    assert "strength 0, 2 at the step degrade" in all_said(found)


def test_a_policy_that_marks_without_tickets_is_told(home: Path) -> None:
    (home / "policy.toml").write_text(POLICY)
    named = '[files]\nhome = "h"\npolicy = "policy.toml"\n'
    found = checked(home, named)
    assert states(found) == ["warning"]
    assert "no engine is told" in all_said(found)
    (home / "policy.toml").write_text("")
    assert checked(home, named) == []


def test_an_accounts_key_needs_the_deployments_secret(home: Path) -> None:
    (home / "deployment.key").unlink()
    found = checked(home, f"{NAMED}[marks]\naccounts = true\nstrength = 1.0\n")
    assert states(found) == ["ok", "fault"]
    assert "deployment.key" in all_said(found)
