"""Stopped, killed or out of room in the middle: an exit code, a sentence, and nothing lost when it is run again."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.assembly import Secrets, hunt_and_write, read_logs
from stillwatch.pseudonym import Secret

from .conftest import SECRET_HEX, Stillwatch
from .logs import START_US, good, log, row

PROGRAM = Path(sys.executable).with_name("stillwatch")
ROWS = 8_000  # a second or two of sketching: a signal at its start finds it at work
ROOM = 80_000  # bytes of one file: less than the sketches of this log (140 kB), more than its empty tables (49 kB)
PATIENCE = 3_000  # looks of 20 ms for a process to come so far: a minute, on a machine that is very busy


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log(
        tmp_path_factory.mktemp("log") / "log.jsonl", [row(n, ts_us=START_US + n * 1_000_000) for n in range(ROWS)]
    )


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The findings of a hunt that nobody disturbed, under the secret of these tests."""
    place = tmp_path_factory.mktemp("undisturbed")
    secrets = Secrets(Secret(bytes.fromhex(SECRET_HEX)), None, place / "unused.key", False)
    read = read_logs([source], place, "sketches", secrets, 1, lambda kind, share, exchanges, rejected: None)
    hunt_and_write(read, None, place, secrets, "duckdb://", 0.01, lambda step, done: None)
    return (place / "findings.json").read_bytes()


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
        preexec_fn=limit,  # sets a limit and nothing else
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


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate()
    return process.returncode, out, err


def ends_as_if_undisturbed(source: Path, home: Path, out: str, undisturbed: bytes) -> None:
    assert ended(start(source, home, out))[0] == 0
    assert (home / out / "findings.json").read_bytes() == undisturbed


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(source: Path, home: Path, undisturbed: bytes) -> None:
    """The terminal sends it to the whole group; workers leave no traceback."""
    stopped = start(source, home, "stopped")
    wait_until_at_work(stopped, home / "stopped")
    os.killpg(stopped.pid, signal.SIGINT)
    code, out, err = ended(stopped)
    assert (code, out) == (130, "")
    assert "Run the same command again" in err
    assert "Traceback" not in err
    assert not (home / "stopped" / "findings.json").exists()
    ends_as_if_undisturbed(source, home, "stopped", undisturbed)


def test_killed_in_the_middle_the_same_command_goes_on(source: Path, home: Path, undisturbed: bytes) -> None:
    killed = start(source, home, "killed")
    wait_until_at_work(killed, home / "killed")
    killed.kill()
    assert ended(killed)[0] == -signal.SIGKILL
    ends_as_if_undisturbed(source, home, "killed", undisturbed)


def test_two_hunts_at_once_do_not_disturb_each_other(source: Path, home: Path) -> None:
    """One of them works; the other says that it does not."""
    first = start(source, home, "out")
    wait_until_at_work(first, home / "out")
    code, _, err = ended(start(source, home, "out"))
    assert code == 3
    assert "another hunt is writing into" in err
    assert ended(first)[0] == 0


def test_without_room_it_says_so_and_goes_on_when_there_is_some(source: Path, home: Path, undisturbed: bytes) -> None:
    """A limit on the size of files stands for a full disk: writes fail in the middle of a segment."""
    full = ended(start(source, home, "full", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))))
    assert (full[0], full[1]) == (3, "")
    assert "make room and run the same command again" in full[2].lower()
    assert "Traceback" not in full[2]
    ends_as_if_undisturbed(source, home, "full", undisturbed)


def test_a_reader_that_goes_away_is_no_finding(home: Path) -> None:
    """`stillwatch hunt ... | true` ends with 141 as shells expect, not with 1, which means findings."""
    process = start(good(home / "small.jsonl", 30), home, "out")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


def test_a_disk_that_fills_up_while_the_report_is_written_is_a_sentence(
    hunt: Stillwatch, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stood there before still stands."""
    source = good(home / "log.jsonl", 30)
    hunt(source)
    before = (home / "out" / "report.html").read_bytes()

    def no_room(source: Path, destination: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(destination))

    monkeypatch.setattr(Path, "replace", no_room)
    monkeypatch.setattr(os, "replace", no_room)
    done = hunt(source)
    assert done.code == 3
    assert "cannot write out/findings.json: No space left on device" in done.err
    assert (home / "out" / "report.html").read_bytes() == before
