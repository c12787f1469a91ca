"""Markers of a deployment: a secret of their own, and a policy that asks for them where they can be served."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.cli.checks.conventions import conventions
from stillwatch.cli.checks.result import Result
from stillwatch.pseudonym import Secret
from stillwatch.running.deployment import places, read

from .said import all_said, states

NAMED = '[files]\nhome = "h"\nsecret = "deployment.key"\npolicy = "policy.toml"\nmarkers = "markers.key"\n'
UNNAMED = '[files]\nhome = "h"\npolicy = "policy.toml"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("markers", "deployment"):
        Secret.create(tmp_path / f"{name}.key")
    (tmp_path / "policy.toml").write_text("[degrade]\nmarkers = 5\n")
    return tmp_path


def checked(home: Path, text: str) -> list[Result]:
    (home / "stillwatch.toml").write_text(text)
    deployment = read(home / "stillwatch.toml")
    return conventions(deployment, places(deployment, home), home / "deployment.key")


def test_what_is_served_is_told_without_the_secret(home: Path) -> None:
    found = checked(home, f"{NAMED}[markers]\nepoch = 3\ncampaigns = true\n")
    assert states(found) == ["ok"]
    assert "5 at the step degrade, epoch 3, a campaign's accounts share a draw" in all_said(found)
    assert (home / "markers.key").read_text().strip() not in all_said(found)


def test_a_policy_that_asks_for_markers_without_their_secret_is_told(home: Path) -> None:
    found = checked(home, UNNAMED)
    assert states(found) == ["warning"]
    assert "the policy asks for markers, 5 at the step degrade, and none are served" in all_said(found)
    (home / "policy.toml").write_text("")
    assert checked(home, UNNAMED) == []
    assert states(checked(home, NAMED)) == ["warning"]


@pytest.mark.parametrize(
    ("held", "says"),
    [(None, "there is no secret key file"), ("0" * 64, "can be guessed"), ("ours", "is the same secret as")],
)
def test_a_secret_that_is_none_or_anothers_is_a_fault(home: Path, held: str | None, says: str) -> None:
    ours = (home / "deployment.key").read_text()
    (home / "markers.key").unlink()
    if held is not None:
        (home / "markers.key").write_text(ours if held == "ours" else held)
        (home / "markers.key").chmod(0o600)
    found = checked(home, NAMED)
    assert states(found) == ["fault"]
    assert says in all_said(found)
