"""A tracer as a process: killed, refused, waiting, without room, and told to stop, with everything real around it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from end_to_end.worlds import DAY_US, seeded

from stillwatch.decision.journal import Journal, verify
from stillwatch.ledger.ledger import Ledger

from .place import (
    RING,
    SEED,
    Place,
    a_world,
    lives,
    next_look,
    processes_of,
    sketched,
    until,
)
from .test_members import later, newcomers

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts tracers, and ends those that still live."""
    made: list[subprocess.Popen[str]] = []

    def started(place: Place, *options: str | Path, **more: Any) -> subprocess.Popen[str]:
        made.append(place.start(*options, **more))
        return made[-1]

    yield started
    for process in made:
        process.kill()
        process.communicate()


def is_looking(place: Place) -> bool:
    """Whether a look has begun: its segments are pinned."""
    pinned = place.state / "scratch" / "pinned"
    return pinned.is_dir() and any(pinned.iterdir())


def flip(ledger: Path) -> None:
    """Damage a segment that hardly an honest log has twice."""
    file = max((ledger / "segments").rglob("*.parquet"), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    file.write_bytes(bytes(content))


def test_killed_in_a_look_it_leaves_nothing_behind_and_the_next_one_says_the_same(place: Place, start: Start) -> None:
    """No process, no verdict of half a look; then one verdict, once."""
    showing = place.showing()
    process = start(showing)
    until(lambda: is_looking(showing))
    (looker,) = [pid for pid in processes_of(process.pid) if is_python(pid)][-1:]
    process.kill()
    process.wait()
    until(lambda: not lives(looker))
    assert showing.entries() == []
    assert showing.once().returncode == 0
    (entry,) = showing.entries()
    assert frozenset(entry.body["accounts"]) == RING


def is_python(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_second_tracer_of_one_state_is_refused(place: Place, start: Start) -> None:
    showing = place.showing()
    start(showing)
    done = showing.once()
    assert done.returncode == 3
    assert "campaigns is in use by another run" in done.stderr


@pytest.mark.long
def test_it_waits_for_its_ledger_and_says_so(place: Place, start: Start) -> None:
    showing = place.showing()
    aside = showing.ledger.rename(showing.home.folder / "aside")
    process = start(showing)
    assert process.stdout is not None
    assert process.stdout.readline() == f"Waiting: there is no ledger at {showing.ledger} yet.\n"
    assert showing.status()["waiting"].startswith("there is no ledger")
    aside.rename(showing.ledger)
    assert next_look(process)["campaigns"] == 1
    assert showing.status()["waiting"] == ""


def test_one_look_at_no_ledger_is_an_error(place: Place) -> None:
    shutil.rmtree(place.ledger)
    done = place.showing().once()
    assert done.returncode == 3
    assert "is not a ledger" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_in_a_look_it_ends_with_all_that_it_started(
    place: Place, start: Start, number: signal.Signals
) -> None:
    showing = place.showing()
    process = start(showing)
    until(lambda: is_looking(showing))
    children = processes_of(process.pid)
    process.send_signal(number)
    assert process.wait() == 0
    until(lambda: not any(map(lives, children)))
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.long
def test_a_look_whose_process_dies_is_said_and_taken_again(place: Place, start: Start) -> None:
    showing = place.showing()
    process = start(showing)
    next_look(process)
    os.kill(next(pid for pid in processes_of(process.pid) if is_python(pid)), signal.SIGKILL)
    assert process.stdout is not None
    assert any("died before it had ended its look" in line for line in iter(process.stdout.readline, ""))
    assert next_look(process)["problem"] == ""


def test_a_benign_ledger_that_is_not_whole_is_refused(place: Place) -> None:
    """A tool that is missing from it would look like an operator's own."""
    flip(place.benign)
    done = place.once()
    assert done.returncode == 3
    assert f"the benign ledger {place.benign} is not whole" in done.stderr
    assert place.entries() == []


@pytest.mark.long
def test_damage_in_the_ledger_is_said_and_the_rest_is_looked_at(place: Place, start: Start) -> None:
    flip(place.ledger)
    with Ledger.open(place.ledger).writer():  # as an observer holds it: the tracer changes nothing
        process = start(place.showing())
        look = next_look(process)
    assert look["problem"] == ""
    assert len(look["damage"]) == 1
    assert 0 < look["exchanges"] < Ledger.open(place.ledger).counts().exchanges


@pytest.mark.long
def test_without_room_for_the_journal_nothing_is_claimed_and_with_room_it_is_given(place: Place, start: Start) -> None:
    showing = place.showing()
    journal = Journal(showing.journal)
    for number in range(8):
        journal.append("note", {"text": "x" * 60_000}, number)
    full = showing.journal.stat().st_size + 10

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))

    process = start(showing, preexec_fn=no_room)
    assert process.stdout is not None
    assert "journal.jsonl could not be written" in process.stdout.readline()
    assert len(showing.entries()) == 8
    assert "could not be written" in showing.status()["problem"]
    assert [one["step"] for one in showing.status()["campaigns"]] == [None]
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    look = next_look(process)
    assert (look["given"], look["problem"]) == (1, "")
    assert verify(showing.journal)[0] == 9


@pytest.mark.long
def test_commits_and_compactions_in_a_look_do_not_disturb_it(place: Place, start: Start) -> None:
    """What a look reads stays; the next one reads what has come."""
    showing = place.showing()
    before = Ledger.open(showing.ledger).counts().exchanges
    process = start(showing)
    until(lambda: is_looking(showing))
    rows = a_world(seeded(SEED + 1)).rows(SEED + 1)
    for number in range(2):
        sketched(rows[number:200:2], showing.home.folder / f"more-{number}.jsonl", showing.ledger)
    assert Ledger.open(showing.ledger).compact() > 0
    first, second = next_look(process), next_look(process)
    assert (first["problem"], second["problem"]) == ("", "")
    assert (first["exchanges"], second["exchanges"]) == (before, Ledger.open(showing.ledger).counts().exchanges)


def test_who_sends_the_wrapper_of_a_campaign_joins_between_looks_and_after_a_kill_once(
    place: Place, start: Start
) -> None:
    """With a verdict of its own, a reason, and a day. Killed then, the next tracer gives nothing twice."""
    showing = place.showing()
    process = start(showing, "--every", "600")
    next_look(process)
    (one, other, *_) = newcomers(conversations=5)
    sketched(later([one, other], 1), showing.home.folder / "new.jsonl", showing.ledger)
    until(lambda: len(showing.entries()) == 3)
    process.kill()
    process.wait()
    assert showing.once().returncode == 0
    joins = {entry.body["accounts"][0]: entry.body for entry in showing.entries()[1:3]}
    assert joins.keys() == {one.account, other.account}
    for body in joins.values():
        assert (body["step"], body["expires_us"] - body["made_us"]) == ("delay", DAY_US)
        assert body["reasons"] == [f"sends the wrapper of campaign {body['campaign']} in 5 of 5 conversations"]
    assert verify(showing.journal)[0] == len(showing.entries())
    named = [entry.body["id"] for entry in showing.entries() if entry.body.get("accounts") == [one.account]]
    assert len(named) == 1
