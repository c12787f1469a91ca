"""Marks of a deployment: what its file says of them, and whose pseudonym names an account's key."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.gateway.marking import Marks
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.running.deployment import Deployment, places, read, write
from stillwatch.running.working import marking_of
from stillwatch.watermark.ticket import Tickets


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("tickets", "deployment"):
        Secret.create(tmp_path / f"{name}.key")
    return tmp_path


def deployment(home: Path, text: str) -> Deployment:
    (home / "d.toml").write_text(text)
    return read(home / "d.toml")


FILES = '[files]\nhome = "h"\ntickets = "tickets.key"\nsecret = "deployment.key"\n'


def test_an_accounts_key_is_named_by_its_pseudonym_in_the_ledger(home: Path) -> None:
    asked = deployment(home, f"{FILES}[marks]\naccounts = true\nstrength = 0.5\n")
    marking = marking_of(asked, places(asked, home))
    assert marking is not None
    found = Tickets(Secret.load(home / "tickets.key")).open(marking.ticket("acct-1", None, 1_000), 1_000)
    pseudonym = Pseudonymiser(Secret.load(home / "deployment.key"), "account")("acct-1")
    assert (found.account, found.strength) == (f"{pseudonym:016x}", 0.5)


def test_accounts_have_no_keys_of_their_own_unless_it_is_said(home: Path) -> None:
    asked = deployment(home, FILES)
    marking = marking_of(asked, places(asked, home))
    assert marking is not None
    found = Tickets(Secret.load(home / "tickets.key")).open(marking.ticket("acct-1", 2.0, 1_000), 1_000)
    assert (found.account, found.strength) == ("", 2.0)


def test_without_tickets_nothing_is_marked_and_marks_cannot_be_meant(home: Path) -> None:
    asked = deployment(home, '[files]\nhome = "h"\n')
    assert marking_of(asked, places(asked, home)) is None
    with pytest.raises(UsageError, match=r"\[files\] tickets"):
        deployment(home, "[marks]\nstrength = 1.0\n")
    for wrong in ("strength = 50.0", "epoch = -1", 'colour = "green"'):
        with pytest.raises(UsageError, match=wrong.split(" ", 1)[0]):
            deployment(home, f"{FILES}[marks]\n{wrong}\n")


def test_a_secret_that_is_missing_is_said_before_anything_starts(home: Path) -> None:
    asked = deployment(home, FILES.replace("tickets.key", "gone.key"))
    with pytest.raises(StillwatchError, match=r"gone\.key"):
        marking_of(asked, places(asked, home))


def test_what_a_deployment_is_started_with_keeps_its_marks(home: Path) -> None:
    asked = deployment(home, f"{FILES}[marks]\nvllm = true\n")
    write(asked, places(asked, home), home / "made.json")
    again = read(home / "made.json")
    assert again.marks == Marks(vllm=True)
    assert again.files.tickets == str(home / "tickets.key")
