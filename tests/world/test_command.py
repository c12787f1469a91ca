"""The command: its summary, its document for machines, its errors, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stillwatch.world.unfinished import UNFINISHED
from tests.end_to_end.command_line import PROGRAM, Home

TINY = """
days = 2
[honest]
people = 12
apps = 2
[[campaign]]
name = "a"
objective = "coding"
level = "E1"
accounts = 5
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a scenario."""
    (tmp_path / "tiny.toml").write_text(TINY)
    return Home(tmp_path)


def test_it_says_what_it_wrote_and_how_to_hunt_it(home: Home) -> None:
    """On stdout, for people."""
    done = home.run("world", "tiny.toml", "--out", "w", "--audit")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 campaign to w" in done.stdout
    assert "header order" in done.stdout
    assert "stillwatch hunt w/exchanges.jsonl.gz --calibrate w/benign.jsonl.gz" in done.stdout


def test_machines_get_one_document(home: Home) -> None:
    """Counts and paths; the audit where it was asked for."""
    done = home.run("world", "tiny.toml", "--out", "w", "--json", "--seed", "3", "--audit")
    document = json.loads(done.stdout)
    truth = json.loads((home.folder / "w" / "truth.json").read_text())
    assert document["exchanges"] == truth["exchanges"]
    assert (document["campaigns"], document["campaign_accounts"]) == (1, 5)
    assert {leak["level"] for leak in document["leakage"]} == {"E1"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "--out", "w"), "Shipped are: dense, full, ladder, nulls, small"),
        (("small", "--out", "w", "--scale", "0"), "Give --scale a number above 0"),
        (("tiny.toml", "--out", "w", "--clients", "w"), "holds no run"),
        (("tiny.toml", "--out", "tiny.toml"), "tiny.toml"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_remedy(home: Home, arguments: tuple[str, ...], said: str) -> None:
    """On stderr, with exit code 3 and no traceback."""
    done = home.run("world", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_nothing_half_written(home: Home) -> None:
    """In the middle of a world of some size."""
    command = [str(PROGRAM), "world", "small", "--out", "w"]
    running = subprocess.Popen(  # noqa: S603 - our own program
        command, env=home.environment(), cwd=home.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while running.poll() is None and not list(home.folder.glob(f"w/{UNFINISHED}")):
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert list((home.folder / "w").iterdir()) == []
