"""The register on disk: whole after any crash, held by one process, and the same after a restart."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stillwatch.errors import LedgerError, SketchMismatch
from stillwatch.standing.look import look
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside
from stillwatch.standing.store import FILE, standing

from .reviews import ALPHA, DAY, begun, newcomers, people, review, ring, trial, values

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "stillwatch.standing.store"])
KEYS = {"secret": "0123456789abcdef"}
LOOK_POINTS = ["campaigns written", "alarms written", "look kept"]


def nth_look(register: Register, number: int) -> Register:
    """A look with something of everything: evidence, new accounts, a ring that goes away, honest newcomers."""
    rings = [ring(people((0, 40 + number)), 2.0, name="C-aaaaaaaa")]
    if number % 2 == 0:
        rings.append(ring(people((1000 * number, 1000 * number + 30)), -math.inf, name="C-bbbbbbbb"))
    beside = Beside(
        skeletons=[values((0, 16)), values((20, 36))][: len(rings)],
        trials=[trial(one.accounts, one.log_e, DAY + number) for one in rings],
        newcomers=newcomers({f"honest-{number}-{i}": (i + 0.5) / 50 for i in range(50)}),
    )
    return look(register, review(*rings), DAY + number, beside)[0]


def state(directory: Path) -> Register:
    with standing(directory, KEYS, ALPHA) as held:
        return held.register


def take(directory: Path, number: int, checkpoint: Callable[[str], None] = lambda point: None) -> None:
    with standing(directory, KEYS, ALPHA, checkpoint) as held:
        held.keep(nth_look(held.register, number))


def take_dying_at(point: int, directory: Path, number: int) -> None:
    passed = itertools.count()

    def checkpoint(_: str) -> None:
        if next(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    take(directory, number, checkpoint)


def killed(point: int, directory: Path, number: int) -> None:
    """Take a look in a process of its own that dies at its n-th checkpoint, counting from 0."""
    process = PROCESSES.Process(target=take_dying_at, args=(point, directory, number))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Five looks with a restart after each end in the register of five looks without."""
    straight = begun()
    for number in range(5):
        straight = nth_look(straight, number)
        take(tmp_path, number)
    assert state(tmp_path) == straight
    assert len(state(tmp_path).alarms["batch"].units) == 250


def test_the_points_of_a_look_are_those_tested_here(tmp_path: Path) -> None:
    points: list[str] = []
    take(tmp_path, 0, points.append)
    take(tmp_path, 1, points.append)
    assert points == ["register made", *LOOK_POINTS, *LOOK_POINTS]


@pytest.mark.parametrize("point", range(len(LOOK_POINTS)))
def test_a_look_killed_anywhere_is_kept_whole_or_not_at_all(tmp_path: Path, point: int) -> None:
    """And taken again it ends where it would have ended."""
    take(tmp_path, 0)
    before, after = nth_look(begun(), 0), nth_look(nth_look(begun(), 0), 1)
    killed(point, tmp_path, 1)
    assert state(tmp_path) == (after if LOOK_POINTS[point] == "look kept" else before)
    take(tmp_path, 1)
    assert state(tmp_path) == after


def test_killed_while_it_is_made_there_is_no_register_yet(tmp_path: Path) -> None:
    """Half a file is never taken for a register."""
    killed(0, tmp_path, 0)
    assert not (tmp_path / FILE).exists()
    take(tmp_path, 0)
    assert state(tmp_path) == nth_look(begun(), 0)


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    """Two hunts would give one ring two ids. When the first has ended, the second may begin."""
    with standing(tmp_path, KEYS, ALPHA), pytest.raises(LedgerError, match="in use by another run"):
        take(tmp_path, 0)
    take(tmp_path, 0)


def test_a_register_of_another_secret_is_refused(tmp_path: Path) -> None:
    """Its pseudonyms and fingerprints would match nothing."""
    take(tmp_path, 0)
    with pytest.raises(SketchMismatch, match="begun under another secret"), standing(tmp_path, {"secret": "f"}, ALPHA):
        pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE facts SET value = '7' WHERE name = 'version'", "is of version 7"),
        ("DELETE FROM facts WHERE name = 'alpha'", "cannot be read"),
        ("UPDATE campaigns SET body = 'x'", "cannot be read"),
        ("DROP TABLE alarms", "cannot be read"),
    ],
)
def test_a_damaged_register_is_an_error_and_not_a_new_one(tmp_path: Path, change: str, message: str) -> None:
    """To begin anew would forget what was decided and spend alpha twice."""
    take(tmp_path, 0)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute(change)
    with pytest.raises(LedgerError, match=message):
        state(tmp_path)


def test_what_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, not at all, though it is long enough to look like one" * 20)
    with pytest.raises(LedgerError, match="cannot be read"):
        state(tmp_path)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    take(tmp_path / "state", 0)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state", tmp_path / "state" / FILE)]
    assert modes == [0o700, 0o600]


def test_a_rate_that_was_begun_with_stays(tmp_path: Path) -> None:
    """Another rate at a later start does not change the register; `look` refuses the review."""
    take(tmp_path, 0)
    with standing(tmp_path, KEYS, 0.2) as held:
        assert held.register.alpha == ALPHA
