"""Conventions of a deployment: off unless there is a secret, and on record before any is served."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from stillwatch.audit.marker_record import COMMITTED
from stillwatch.decision.journal import Journal
from stillwatch.errors import StillwatchError, UsageError
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.running.deployment import Deployment, places, read, write
from stillwatch.running.markers import conventions_of
from stillwatch.running.working import working
from stillwatch.watermark.conventions import ConventionKey

FILES = '[files]\nhome = "h"\nmarkers = "markers.key"\nsecret = "deployment.key"\n'
CHAT = b'{"messages":[]}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("markers", "deployment"):
        Secret.create(tmp_path / f"{name}.key")
    return tmp_path


def deployment(home: Path, text: str) -> Deployment:
    (home / "d.toml").write_text(text)
    return read(home / "d.toml")


def test_the_key_is_on_record_once_however_many_workers_start(home: Path) -> None:
    asked = deployment(home, f"{FILES}[markers]\nepoch = 2\n")
    where = places(asked, home)
    for _ in range(3):
        assert conventions_of(asked, where) is not None
    (entry,) = [entry for entry, _ in Journal(where.journal).read() if entry.kind == COMMITTED]
    key = ConventionKey(Secret.load(home / "markers.key"), epoch=2)
    assert entry.body["digest"] == key.commitment().digest
    assert entry.body["epoch"] == 2


def test_an_account_is_drawn_for_by_its_pseudonym_in_the_ledger(home: Path) -> None:
    asked = deployment(home, FILES)
    served = conventions_of(asked, places(asked, home))
    assert served is not None
    body = served.body(CHAT, "openai_chat", "/v1/chat/completions", "acct-1", None, 3)
    pseudonym = Pseudonymiser(Secret.load(home / "deployment.key"), "account")("acct-1")
    drawn = ConventionKey(Secret.load(home / "markers.key")).drawn(f"{pseudonym:016x}", 3)
    told = json.loads(body)["messages"][0]["content"]
    assert all(one.line.format(one.served) in told for one in drawn)


def test_without_a_secret_nothing_is_served_and_markers_cannot_be_meant(home: Path) -> None:
    asked = deployment(home, '[files]\nhome = "h"\n')
    assert conventions_of(asked, places(asked, home)) is None
    with pytest.raises(UsageError, match=r"\[files\] markers"):
        deployment(home, "[markers]\nepoch = 1\n")
    with pytest.raises(UsageError, match="epoch"):
        deployment(home, f"{FILES}[markers]\nepoch = -1\n")


def test_a_secret_that_is_missing_is_said_before_anything_starts(home: Path) -> None:
    asked = deployment(home, FILES.replace("markers.key", "gone.key"))
    with pytest.raises(StillwatchError, match=r"gone\.key"):
        conventions_of(asked, places(asked, home))


def test_a_secret_that_can_be_guessed_serves_nothing(home: Path) -> None:
    (home / "markers.key").write_text("0" * 64)
    asked = deployment(home, FILES)
    with pytest.raises(StillwatchError, match="can be guessed"):
        conventions_of(asked, places(asked, home))


def test_what_the_policy_asks_for_in_vain_is_said_at_the_start(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither an engine nor a secret of markers is named: the worker starts, and says that nothing is marked."""
    (home / "policy.toml").write_text("[degrade]\nmarkers = 5\nmark_strength = 2.0\n")
    asked = deployment(home, '[files]\nhome = "h"\nsecret = "deployment.key"\npolicy = "policy.toml"\n')

    async def started() -> None:
        async with working(asked, places(asked, home)):
            pass

    asyncio.run(started())
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "the policy asks for markers, 5 at the step degrade, and none are served" in said
    assert "the policy marks at 2, and no engine is told" in said


def test_what_a_deployment_is_started_with_keeps_its_markers(home: Path) -> None:
    asked = deployment(home, f"{FILES}[markers]\ncampaigns = true\n")
    write(asked, places(asked, home), home / "made.json")
    again = read(home / "made.json")
    assert again.markers.campaigns
    assert again.files.markers == str(home / "markers.key")
