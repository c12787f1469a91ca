"""Processes come and go, are killed and leave torn files: what they counted is told, and never falls."""

from __future__ import annotations

import fcntl
import os
from functools import partial
from pathlib import Path

import pytest

from stillwatch.errors import StillwatchError
from stillwatch.telemetry import gathering, published
from stillwatch.telemetry.catalogue import Series, Value
from stillwatch.telemetry.gathering import Numbers, alone, gather
from stillwatch.telemetry.publish import Publisher
from stillwatch.telemetry.published import SLOT_BYTES, Snapshot

from .processes import Teller, served

ALLOWED = ("stillwatch_requests_total", "openai_chat", "allow")
LOST = ("stillwatch_lost_counts_total",)


def files(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir() if file.suffix == ".metrics")


def test_workers_are_added_up(tmp_path: Path) -> None:
    with Teller(tmp_path) as one, Teller(tmp_path) as other, served(tmp_path) as endpoint:
        one.count(3)
        other.count(4)
        numbers = endpoint.numbers()
        assert numbers[ALLOWED] == 7
        assert numbers["stillwatch_request_seconds_count", "answer"] == 2
        assert numbers["stillwatch_open_exchanges",] == 7
        assert numbers["stillwatch_processes", "worker"] == 2


def test_what_a_killed_worker_counted_stays_and_what_it_held_does_not(tmp_path: Path) -> None:
    """Also when the exporter is another one by then, and however often workers are replaced."""
    with served(tmp_path) as endpoint:
        for n in range(1, 4):
            with Teller(tmp_path) as worker:
                worker.count(10)
                assert endpoint.numbers()[ALLOWED] == 10 * n
                worker.kill()
                assert endpoint.numbers()[ALLOWED] == 10 * n
    with served(tmp_path) as endpoint:
        numbers = endpoint.numbers()
        assert numbers[ALLOWED] == 30
        assert numbers["stillwatch_request_seconds_count", "answer"] == 3
        assert ("stillwatch_open_exchanges",) not in numbers
        assert ("stillwatch_processes", "worker") not in numbers
    assert files(tmp_path) == []


def test_workers_that_die_in_turn_without_an_exporter_leave_one_file(tmp_path: Path) -> None:
    for _ in range(4):
        with Teller(tmp_path) as worker:
            worker.count(1)
    assert len(files(tmp_path)) == 1
    with served(tmp_path) as endpoint:
        assert endpoint.numbers()[ALLOWED] == 4


def test_a_worker_that_ends_well_tells_its_last_numbers(tmp_path: Path) -> None:
    with Teller(tmp_path) as worker, served(tmp_path) as endpoint:
        worker.count(5)
        worker.end()
        assert endpoint.numbers()[ALLOWED] == 5


def test_a_look_that_is_killed_between_adding_and_removing_adds_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Teller(tmp_path) as worker:
        worker.count(5)
    unlink = Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", killed)
    with alone(tmp_path), pytest.raises(KeyboardInterrupt):
        gather(tmp_path)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert len(files(tmp_path)) == 1
    with alone(tmp_path):
        assert gather(tmp_path).ended[ALLOWED] == 5
    assert files(tmp_path) == []


def test_a_torn_writing_leaves_the_one_before(tmp_path: Path) -> None:
    """Whichever byte of the newer slot is wrong."""
    with Teller(tmp_path) as worker, served(tmp_path) as endpoint:
        worker.count(5)
        worker.count(5)
        (name,) = files(tmp_path)
        at = 3 % 2 * SLOT_BYTES  # of the third writing, after those of the start and of the first count
        torn = (tmp_path / name).read_bytes()
        for byte in (at + 8, at + 14, at + 60):
            spoiled = bytearray(torn)
            spoiled[byte] ^= 0xFF
            (tmp_path / name).write_bytes(spoiled)
            with served(tmp_path) as fresh:
                assert fresh.numbers()[ALLOWED] == 5
        worker.count(1)
        assert endpoint.numbers()[ALLOWED] == 11


def test_a_file_that_is_wholly_torn_is_what_it_was_for_who_saw_it_and_counted_as_lost_else(tmp_path: Path) -> None:
    with Teller(tmp_path) as worker, served(tmp_path) as endpoint:
        worker.count(5)
        assert endpoint.numbers()[ALLOWED] == 5
        (name,) = files(tmp_path)
        (tmp_path / name).write_bytes(b"\xff" * 100)
        assert endpoint.numbers()[ALLOWED] == 5
        worker.kill()
        assert endpoint.numbers()[ALLOWED] == 5
    with Teller(tmp_path) as worker:
        worker.count(7)
        (name,) = files(tmp_path)
        (tmp_path / name).write_bytes(b"")
        worker.kill()
    with served(tmp_path) as endpoint:
        numbers = endpoint.numbers()
        assert (numbers[ALLOWED], numbers[LOST]) == (5, 1)


def test_totals_that_cannot_be_read_begin_again_and_say_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ended.counts").write_bytes(b"\x92\x91")
    with alone(tmp_path):
        assert gather(tmp_path).ended == {}
    assert "begin at 0" in caplog.text


def test_numbers_of_another_version_are_left_out(tmp_path: Path) -> None:
    """After an upgrade, old workers drain beside new ones."""
    descriptor = published.create(tmp_path / "worker-1-a.metrics")
    strange: list[tuple[Series, Value]] = [
        (("stillwatch_requests_total", "x"), 1),
        (("stillwatch_first_byte_seconds",), [1.0, 2]),
        (("gone",), 1),
    ]
    published.write(descriptor, 1, Snapshot("worker", 1, 0.0, 0.0, [*strange, (ALLOWED, 2)]))
    with served(tmp_path) as endpoint:
        numbers = endpoint.numbers()
        assert numbers[ALLOWED] == 2
        assert "gone" not in {name for name, *_ in numbers}
    os.close(descriptor)


def test_a_forked_child_does_not_keep_its_dead_parent_alive(tmp_path: Path) -> None:
    """A worker process that forks, and is killed, has ended."""
    publisher = Publisher(tmp_path, "worker", lambda: {ALLOWED: 3})
    read, write = os.pipe()
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.write(told, b"!")
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    os.read(heard, 1)
    publisher.forget()
    try:
        with alone(tmp_path):
            seen = gather(tmp_path)
        assert (seen.living, seen.ended[ALLOWED]) == ([], 3)
    finally:
        os.close(write)
        os.waitpid(child, 0)
        os.close(heard)
        os.close(told)


def test_a_number_that_is_not_documented_is_refused(tmp_path: Path) -> None:
    for name in ("stillwatch_requests_total", "secret", "stillwatch_first_byte_seconds"):
        with pytest.raises(ValueError, match="no such number"):
            Publisher(tmp_path, "worker", partial(dict[Series, Value], {(name,): 1}))


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StillwatchError, match=f"metrics cannot be kept in {tmp_path}/file"):
        Publisher(tmp_path / "file", "worker", dict)


def test_who_was_stopped_inside_the_directory_stops_nobody_else_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "LOCK_SECONDS", 0.02)
    with (tmp_path / "metrics.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(gathering.DirectoryBusy, match="held by another process"):
            Publisher(tmp_path, "worker", dict)
        with served(tmp_path) as endpoint:
            assert endpoint.ask("/metrics")[0] == 503


def test_a_full_disk_later_changes_nothing(tmp_path: Path) -> None:
    """Room is taken when the file is made, and writing goes on in place."""
    numbers: Numbers = {ALLOWED: 1}
    publisher = Publisher(tmp_path, "worker", lambda: numbers)
    (name,) = files(tmp_path)
    held = (tmp_path / name).stat()
    assert held.st_blocks * 512 >= 2 * SLOT_BYTES
    for n in range(10):
        numbers[ALLOWED] = n
        assert publisher.publish()
    after = (tmp_path / name).stat()
    assert (after.st_size, after.st_blocks, after.st_ino) == (held.st_size, held.st_blocks, held.st_ino)
    publisher.close()


def test_files_are_for_our_own_user_only(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "run", "worker", dict)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "run").iterdir())
    publisher.close()
