"""Killed with SIGKILL at every point of a write, a ledger is in its old state or in its new one."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.ledger.inputs import InputProgress
from stillwatch.ledger.ledger import Ledger

from .sketches import sketches

# Real processes to kill, forked from one without threads that has everything imported: milliseconds each.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "stillwatch.sketching.run"])

COMMIT_POINTS = [
    *("file written", "file renamed"),  # the first day
    *("file written", "file renamed"),  # the second day
    *("segments durable", "manifest changed", "manifest committed"),
]
COMPACTION_POINTS = [
    *("segments durable", "manifest changed", "manifest committed"),  # the first day has no duplicates
    *("segments durable", "manifest changed", "manifest committed"),  # nor has the second
    *("file written", "file renamed", "segments durable", "manifest changed", "manifest committed"),
    *("old segment removed", "old segment removed"),
    *("file written", "file renamed", "segments durable", "manifest changed", "manifest committed"),
    *("old segment removed", "old segment removed"),
]
BEFORE = InputProgress("f", "log", 1, 100, 50, 0)
AFTER = InputProgress("f", "log", 2, 200, 110, 0)


def dying_at(point: int) -> Callable[[str], None]:
    """A checkpoint that kills this process when it is passed for the n-th time, counting from 0."""
    passed = itertools.count()

    def checkpoint(_: str) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


def commit(path: Path, point: int) -> None:
    with Ledger.open(path).writer(dying_at(point)) as writer:
        writer.commit(sketches(60, seed=2, days=2), [AFTER])


def compact(path: Path, point: int) -> None:
    Ledger.open(path).compact(dying_at(point))


def hold_the_lock(path: Path, point: int) -> None:
    with Ledger.open(path).writer():
        dying_at(point)("now")


def killed(work: Callable[[Path, int], None], ledger: Ledger, point: int) -> bool:
    """Do `work` in another process; True if it died of SIGKILL, False if it ended."""
    process = PROCESSES.Process(target=work, args=(ledger.path, point))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def files(ledger: Ledger) -> set[Path]:
    return {path for path in (ledger.path / "segments").rglob("*") if path.is_file()}


def test_the_points_of_a_commit_are_those_tested_here(ledger: Ledger) -> None:
    points: list[str] = []
    with ledger.writer(points.append) as writer:
        writer.commit(sketches(60, seed=2, days=2), [AFTER])
    assert points == COMMIT_POINTS


def test_the_points_of_a_compaction_are_those_tested_here(ledger: Ledger) -> None:
    points: list[str] = []
    with ledger.writer() as writer:
        writer.commit(sketches(50, seed=1, days=2))
        writer.commit(sketches(60, seed=2, days=2))
    ledger.compact(points.append)
    assert points == COMPACTION_POINTS


@pytest.mark.parametrize("point", range(len(COMMIT_POINTS)))
def test_a_commit_killed_anywhere_is_whole_or_absent(ledger: Ledger, point: int) -> None:
    """Rows and position move together; what the crash left is cleared by the next writer."""
    with ledger.writer() as writer:
        writer.commit(sketches(50, seed=1, days=2), [BEFORE])
    assert killed(commit, ledger, point)

    found = Ledger.open(ledger.path)
    state = (found.counts().exchanges, found.input_progress("f"))
    assert state in [(50, BEFORE), (110, AFTER)]
    assert found.damage == []
    with found.writer() as writer:
        assert files(found) == set(found.segment_paths())
        if state[0] == 50:
            writer.commit(sketches(60, seed=2, days=2), [AFTER])
    assert found.table().exchange_id.nunique().to_pyarrow().as_py() == found.counts().exchanges == 110


@pytest.mark.parametrize("point", range(len(COMPACTION_POINTS)))
def test_a_compaction_killed_anywhere_changes_no_row(ledger: Ledger, point: int) -> None:
    """Old segments or the merged one, never both, never neither."""
    with ledger.writer() as writer:
        writer.commit(sketches(50, seed=1, days=2), [BEFORE])
        writer.commit(sketches(60, seed=2, days=2), [AFTER])
    assert killed(compact, ledger, point)

    found = Ledger.open(ledger.path)
    assert found.damage == []
    assert found.table().exchange_id.nunique().to_pyarrow().as_py() == found.counts().exchanges == 110
    found.compact()
    assert files(found) == set(found.segment_paths())
    assert found.counts().segments == 2


def test_the_lock_dies_with_its_holder(ledger: Ledger) -> None:
    """A killed writer leaves nothing to clean up by hand."""
    assert killed(hold_the_lock, ledger, 0)
    with ledger.writer() as writer:
        writer.commit(sketches(5))
