"""A full disk stops a run with `StorageFull`; what was committed stays good, and the run can go on later."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stillwatch.errors import StorageFull
from stillwatch.ledger.inputs import InputProgress
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.manifest import Change

from .sketches import sketches

_TINY_DISK = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from ledger.sketches import IDENTITY, sketches
from stillwatch.errors import StorageFull
from stillwatch.ledger.ledger import Ledger
ledger = Ledger.create(Path(sys.argv[1]) / "ledger", IDENTITY)
done = 0
try:
    with ledger.writer() as writer:
        for seed in range(100):
            done += writer.commit(sketches(1_000, seed=seed)).exchanges
except StorageFull as error:
    found = Ledger.open(ledger.path)
    assert found.counts().exchanges == done > 0, (found.counts(), done)
    assert found.verify() == []
    assert set(found.path.glob("segments/*/*")) == set(found.segment_paths())
    Path(sys.argv[1], "ballast").unlink()
    with found.writer() as writer:
        writer.commit(sketches(1_000, seed=100))
    print("full", error.remedy)
"""


def files(ledger: Ledger) -> list[Path]:
    return [path for path in (ledger.path / "segments").rglob("*") if path.is_file()]


@contextmanager
def no_room_after(monkeypatch: pytest.MonkeyPatch, written: int) -> Iterator[None]:
    """Let `os.write` take so many bytes and then fail as a full file system does."""
    left = written
    real = os.write

    def write(descriptor: int, data: memoryview) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = real(descriptor, data[:left])
        left -= count
        return count

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        yield


@pytest.mark.parametrize("room", [0, 1_000, 30_000])
def test_a_full_disk_while_a_segment_is_written(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Simulated by an `os.write` that fails with ENOSPC; 30,000 bytes are enough for the first of two days."""
    with ledger.writer() as writer:
        writer.commit(sketches(50, seed=1), [InputProgress("f", "log", 1, 1, 50, 0)])
        with no_room_after(monkeypatch, room), pytest.raises(StorageFull, match="make room and run"):
            writer.commit(sketches(100, seed=2, days=2), [InputProgress("f", "log", 2, 2, 150, 0)])
        assert files(ledger) == ledger.segment_paths()
        assert ledger.counts().exchanges == 50
        progress = ledger.input_progress("f")
        assert progress is not None
        assert progress.line == 1
        assert writer.commit(sketches(100, seed=2, days=2)).exchanges == 100
    assert Ledger.open(ledger.path).verify() == []


def test_a_full_disk_while_the_manifest_is_written(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's "disk is full" is the same error, and the segments written for it are taken back."""

    def full(self: Change, count: int) -> None:
        self._db.execute("PRAGMA max_page_count=1")
        self._db.execute("CREATE TABLE ballast AS SELECT randomblob(1000000)")

    with ledger.writer() as writer:
        with monkeypatch.context() as patch, pytest.raises(StorageFull):
            patch.setattr(Change, "add_duplicates", full)
            writer.commit(sketches(50))
        assert files(ledger) == []
        writer.commit(sketches(50))
    assert ledger.counts().exchanges == 50


def test_another_database_error_is_not_called_a_full_disk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A false remedy is worse than none."""

    def broken(self: Change, count: int) -> None:
        self._db.execute("SELECT * FROM nowhere")

    monkeypatch.setattr(Change, "add_duplicates", broken)
    with ledger.writer() as writer, pytest.raises(sqlite3.OperationalError, match="nowhere"):
        writer.commit(sketches(50))
    assert files(ledger) == []


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a 3 MB tmpfs in a mount namespace of its own, where the machine permits one."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this machine")
    code = _TINY_DISK.format(tests=str(Path(__file__).parent.parent))
    script = 'mount -t tmpfs -o size=3m none "$1" && head -c 800000 /dev/zero > "$1/ballast" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine permits no mount namespaces")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("full")
