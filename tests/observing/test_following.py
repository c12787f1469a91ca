"""Logs that grow, are rotated, emptied and half written, and a follower that is killed: each exchange once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.following import Follower
from stillwatch.observing.rotation import QUIET_SECONDS
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe

from .test_observer import as_log_row, exchange

SECRET = Secret(b"a secret for tests only, 32 bytes")
LONGEST_SECONDS = 60
"""A test that waits for another process in vain fails."""


def line(n: int) -> bytes:
    return json.dumps(as_log_row(exchange(n))).encode() + b"\n"


def append(log: Path, *numbers: int) -> None:
    with log.open("ab") as file:
        file.writelines(map(line, numbers))


@dataclass
class Following:
    """Followers of one folder's logs into one ledger, one after the other; their clock is moved by hand."""

    folder: Path
    seconds: float = 0.0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = self.folder / "log.jsonl"
        self.ledger = Ledger.create(self.folder / "ledger", identity(SECRET.id, ""))
        self.start()

    def start(self, *paths: Path) -> None:
        self._lock = self.ledger.writer()
        names = NameTable.open(self.ledger.path, SECRET)
        edge = Edge(EdgeRecipe(SECRET, None, 0))
        writer = self._lock.__enter__()
        self.follower = Follower(
            paths or [self.log], self.ledger, writer, names, edge, self.told.append, lambda: self.seconds
        )

    def stop(self) -> None:
        self.follower.close()
        self._lock.__exit__(None, None, None)

    def restart(self, *paths: Path) -> None:
        self.stop()
        self.start(*paths)

    def seen(self) -> list[int]:
        """The exchanges that are in the ledger, after everything was taken that is there."""
        while self.follower.step():
            pass
        self.ledger.drop_duplicates()
        return numbers(self.ledger.path)


def numbers(ledger: Path) -> list[int]:
    batches = Ledger.open(ledger).scan(["output_tokens"])
    return sorted(n for batch in batches for n in batch.column("output_tokens").to_pylist())


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    made = Following(tmp_path)
    yield made
    made.stop()


def test_what_is_added_to_a_log_is_in_the_ledger(following: Following) -> None:
    assert following.seen() == []
    append(following.log, 1, 2)
    assert following.seen() == [1, 2]
    append(following.log, 3)
    assert following.seen() == [1, 2, 3]
    assert following.ledger.counts().duplicates == 0


def test_a_line_counts_once_it_is_whole(following: Following) -> None:
    append(following.log, 1)
    half = line(2)
    with following.log.open("ab") as file:
        file.write(half[:50])
        file.flush()
        assert following.seen() == [1]
        file.write(half[50:])
    assert following.seen() == [1, 2]
    assert following.follower.counts.rejected == 0


def test_a_renamed_log_is_read_to_its_end_while_its_writer_holds_it(following: Following) -> None:
    append(following.log, 1)
    following.seen()
    rotated = following.log.rename(following.folder / "log.jsonl.1")
    append(following.log, 10)
    append(rotated, 2)
    assert following.seen() == [1, 2, 10]
    following.seconds += QUIET_SECONDS
    following.seen()
    assert [log.path.name for log in following.follower._logs.logs()] == ["log.jsonl"]


def test_a_log_that_is_emptied_is_read_from_its_new_start(following: Following) -> None:
    """As `copytruncate` does; also where it has grown past the old position by then."""
    append(following.log, 1)
    following.seen()
    os.truncate(following.log, 0)
    append(following.log, 10, 11, 12)
    assert following.seen() == [1, 10, 11, 12]


def test_a_log_that_is_emptied_and_begins_with_the_same_line_loses_nothing(following: Following) -> None:
    append(following.log, 1, 2)
    following.seen()
    os.truncate(following.log, 0)
    append(following.log, 1, 10, 11)
    assert following.seen() == [1, 2, 10, 11]


def test_a_restart_goes_on_where_it_was_and_reads_nothing_twice(following: Following) -> None:
    append(following.log, 1, 2)
    following.seen()
    following.restart()
    append(following.log, 3)
    assert following.seen() == [1, 2, 3]
    assert following.ledger.counts().duplicates == 0


def test_what_was_rotated_while_nobody_followed_is_read(following: Following) -> None:
    """Also twice; but nothing from before it was followed."""
    append(following.folder / "log.jsonl.9", 99)
    os.utime(following.folder / "log.jsonl.9", (1, 1))
    append(following.log, 1)
    following.seen()
    following.stop()
    append(following.log, 2)
    following.log.rename(following.folder / "log.jsonl.2")
    append(following.log, 3)
    os.utime(following.log.rename(following.folder / "log.jsonl.1"), (time.time() + 5, time.time() + 5))
    append(following.log, 4)
    following.start()
    assert following.seen() == [1, 2, 3, 4]


def test_a_log_that_was_shortened_while_nobody_followed_is_read_from_its_start(following: Following) -> None:
    append(following.log, 1, 2, 3)
    following.seen()
    following.stop()
    following.log.write_bytes(line(1) + line(9))
    following.start()
    assert following.seen() == [1, 2, 3, 9]


def test_two_files_that_begin_alike_are_two_logs(following: Following) -> None:
    """A banner that every log begins with would otherwise make the second one start where the first one is."""
    banner = b'{"event": "started"}\n'
    first, second = following.folder / "a.jsonl", following.folder / "b.jsonl"
    first.write_bytes(banner + line(1) + line(2))
    second.write_bytes(banner + line(3) + line(4))
    following.restart(first, second)
    assert following.seen() == [1, 2, 3, 4]
    assert following.told[0].startswith(f"{first}: a row is malformed, the first in line 1: ")


def test_logs_of_a_folder_are_found_as_they_come(following: Following) -> None:
    logs = following.folder / "logs"
    (logs / "day").mkdir(parents=True)
    following.restart(logs)
    append(logs / "a.jsonl", 1)
    assert following.seen() == [1]
    append(logs / "day" / "b.ndjson", 2)
    assert following.seen() == [1, 2]


def test_a_log_that_cannot_grow_is_refused_and_the_others_go_on(following: Following) -> None:
    packed = following.folder / "packed.jsonl"
    packed.write_bytes(b"\x1f\x8b\n")
    append(following.log, 1)
    following.restart(packed, following.log)
    assert following.seen() == [1]
    assert following.told == [f"{packed} is no log of one row a line that grows. Read it with `stillwatch sketch`"]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Any]:
    """Starts `stillwatch follow` on a log, and kills what still runs."""
    key = tmp_path / "key"
    key.write_text(SECRET.id and f"{7:064x}")
    key.chmod(0o600)
    arguments = ["follow", str(tmp_path / "log.jsonl"), "--ledger", str(tmp_path / "ledger"), "--secret", str(key)]
    made: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        program = [sys.executable, "-m", "stillwatch.cli.main", *arguments, "--json"]
        made.append(subprocess.Popen(program, stdout=subprocess.PIPE, text=True))  # noqa: S603 - our own program
        return made[-1]

    yield start
    for process in made:
        process.kill()
        process.wait()
        process.stdout.close()


def until_there_are(count: int, ledger: Path) -> None:
    latest = time.monotonic() + LONGEST_SECONDS
    while not (ledger / "ledger.json").exists() or len(numbers(ledger)) < count:
        assert time.monotonic() < latest, "what was logged does not come"
        time.sleep(0.05)


def test_killed_while_it_follows_it_loses_nothing_and_counts_nothing_twice(tmp_path: Path, command: Any) -> None:
    log, ledger = tmp_path / "log.jsonl", tmp_path / "ledger"
    append(log, *range(500))
    first = command()
    until_there_are(500, ledger)
    append(log, *range(500, 5_000))
    first.send_signal(signal.SIGKILL)
    first.wait()
    append(log, *range(5_000, 5_100))
    second = command()
    until_there_are(5_100, ledger)
    second.send_signal(signal.SIGTERM)
    said = json.loads(second.communicate()[0])
    assert second.returncode == 0
    assert numbers(ledger) == list(range(5_100))
    assert (said["rejected"], Ledger.open(ledger).counts().duplicates) == (0, 0)
