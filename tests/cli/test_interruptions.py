"""Stopped, killed or out of room in the middle: an exit code, a sentence, and nothing lost when it is run again."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .logs import log, row

PROGRAM = Path(sys.executable).with_name("stillwatch")
ROWS = 12_000  # a few seconds of sketching: a signal at its start finds it at work
PATIENCE = 3_000  # looks of 20 ms for a process to come so far: a minute, on a machine that is very busy


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log(tmp_path_factory.mktemp("log") / "log.jsonl", [row(number) for number in range(ROWS)])


def start(source: Path, home: Path, out: str, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    command = [str(PROGRAM), "hunt", str(source), "--out", str(home / out), "--json"]
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limit,  # noqa: PLW1509 - sets a limit and nothing else
    )


def wait_until_at_work(process: subprocess.Popen[str], out: Path) -> None:
    """Return when the ledger's manifest has appeared; a process that ends before that is a failure."""
    for _ in range(PATIENCE):
        if list(out.glob("*/manifest.sqlite")):
            return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"it never began to work: {process.communicate()}")


def findings(home: Path, out: str) -> bytes:
    return (home / out / "findings.json").read_bytes()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate()
    return process.returncode, out, err


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(source: Path, home: Path) -> None:
    """The terminal sends it to the whole group; workers leave no traceback."""
    stopped = start(source, home, "stopped")
    wait_until_at_work(stopped, home / "stopped")
    os.killpg(stopped.pid, signal.SIGINT)
    code, out, err = ended(stopped)
    assert (code, out) == (130, "")
    assert "Run the same command again" in err
    assert "Traceback" not in err
    assert not (home / "stopped" / "findings.json").exists()
    assert [ended(start(source, home, name))[0] for name in ("stopped", "undisturbed")] == [0, 0]
    assert findings(home, "stopped") == findings(home, "undisturbed")


def test_killed_in_the_middle_the_same_command_goes_on(source: Path, home: Path) -> None:
    killed = start(source, home, "killed")
    wait_until_at_work(killed, home / "killed")
    killed.kill()
    assert ended(killed)[0] == -signal.SIGKILL
    assert [ended(start(source, home, name))[0] for name in ("killed", "undisturbed")] == [0, 0]
    assert findings(home, "killed") == findings(home, "undisturbed")


def test_two_hunts_at_once_do_not_disturb_each_other(source: Path, home: Path) -> None:
    """One of them works; the other says that it does not."""
    first = start(source, home, "out")
    wait_until_at_work(first, home / "out")
    code, _, err = ended(start(source, home, "out"))
    assert code == 3
    assert "another hunt is writing into" in err
    assert ended(first)[0] == 0


def test_without_room_it_says_so_and_goes_on_when_there_is_some(source: Path, home: Path) -> None:
    """A limit on the size of files stands for a full disk: writes fail in the middle of a segment."""
    full = ended(start(source, home, "full", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))))
    assert (full[0], full[1]) == (3, "")
    assert "make room and run the same command again" in full[2].lower()
    assert "Traceback" not in full[2]
    assert [ended(start(source, home, name))[0] for name in ("full", "undisturbed")] == [0, 0]
    assert findings(home, "full") == findings(home, "undisturbed")


def test_a_reader_that_goes_away_is_no_finding(source: Path, home: Path) -> None:
    """`stillwatch hunt ... | true` ends with 141 as shells expect, not with 1, which means findings."""
    process = start(source, home, "out")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141
