"""Hunts of a growing log that remember, by the real command line: `stillwatch hunt --state`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.standing.register import Register
from stillwatch.standing.store import State, standing

from .command_line import Home
from .truth import acted_on
from .worlds import (
    DAY_US,
    DAYS,
    World,
    dealt_out,
    invented,
    invented_chats,
    on_cards,
    people,
    seeded,
    users_of_tools,
    vocabulary,
    write_log,
)
from .wrappers import MAKE_ITEMS, desks

Row = dict[str, Any]
SEED = 31
ALPHA = 0.5  # chosen: forty benign groups carry it, and half of the first ring's share still asks for evidence


def a_world(rng: Random) -> World:
    """A ring of which four accounts each pay with one card, strangers with one tool, and people."""
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    world = World().with_ring("ring", on_cards(dealt_out("ring", pool, rng), 4)).with_honest("desks", desks(rng, 25))
    return world.with_honest("people", people("person", invented_chats(rng, 60), 4, rng))


RING = a_world(seeded(SEED)).rings["ring"]


def later(rows: Sequence[Row], days: int) -> list[Row]:
    """The same accounts some days later."""
    return [{**row, "ts_us": row["ts_us"] + days * DAY_US, "id": f"{row['id']}+{days}"} for row in rows]


@dataclass(frozen=True)
class Place:
    """Logs of two weeks and a benign one, and hunts of them into one folder."""

    home: Home

    @classmethod
    def made(cls, folder: Path) -> Place:
        for week in range(2):
            rows = a_world(seeded(SEED + week)).rows(SEED + week)
            write_log(folder / f"week-{week}.jsonl", later(rows, week * DAYS))
        write_log(folder / "benign.jsonl", World(tuple(users_of_tools(40, seeded(1)))).rows(1))
        return cls(Home(folder))

    def run(self, weeks: int, state: str, *options: str) -> subprocess.CompletedProcess[str]:
        logs = [f"week-{week}.jsonl" for week in range(weeks)]
        rate = () if "--alpha" in options else ("--alpha", str(ALPHA))
        return self.home.run(
            "hunt", *logs, "--out", "out", "--state", state, *rate, "--json", "--workers", "1", *options
        )

    def look(self, weeks: int, state: str, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a hunt of the first weeks prints, and its findings."""
        done = self.run(weeks, state, *options)
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout), json.loads((self.home.folder / "out" / "findings.json").read_text())

    def register(self, state: str) -> Register:
        with self.held(state) as held:
            return held.register

    def held(self, state: str) -> AbstractContextManager[State]:
        """The state in the hands of this process, which has the same secret."""
        secret = Secret.load(self.home.folder / "config" / "stillwatch" / "deployment.key")
        return standing(self.home.folder / state, identity(secret.id, ""), ALPHA)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place.made(tmp_path_factory.mktemp("state"))


def test_two_looks_on_a_growing_log_keep_the_name_and_the_decision(place: Place) -> None:
    """A look at the same log tries nobody: its days are used. A week later there are fresh ones."""
    calibrated = ("--calibrate", "benign.jsonl")
    seen = [place.look(weeks, "kept", *calibrated) for weeks in (1, 1, 2)]
    assert len({found["campaigns"][0]["id"] for _, found in seen}) == 1
    assert [said["history"][0]["change"] for said, _ in seen] == ["new", "same", "same"]
    assert [acted_on(found) for _, found in seen] == [RING] * 3
    known = place.register("kept").campaigns[seen[0][0]["history"][0]["id"]]
    assert known.hypothesis is not None
    assert known.hypothesis.trials == 2
    assert known.tried_through - known.tried_from >= DAYS


def test_without_a_benign_log_nobody_is_acted_on(place: Place) -> None:
    """The name is kept all the same, and the finding says that nothing was tried."""
    said, found = place.look(1, "uncalibrated")
    assert [c["verdict"] for c in found["campaigns"]] == ["campaign"]
    assert acted_on(found) == frozenset()
    assert "nothing was tried yet" in found["campaigns"][0]["action"]
    assert said["history"][0]["id"] == found["campaigns"][0]["id"]


def test_a_second_process_is_refused(place: Place) -> None:
    """Before it sketches anything."""
    with place.held("held"):
        done = place.run(1, "held")
    assert (done.returncode, done.stdout) == (3, "")
    assert "held is in use by another run" in done.stderr


@pytest.mark.parametrize(
    ("state", "options", "said"),
    [("out", (), "for the state and for what a hunt writes"), ("rate", ("--alpha", "0.01"), "begun with --alpha 0.5")],
)
def test_a_state_that_cannot_be_meant_is_refused(place: Place, state: str, options: tuple[str, ...], said: str) -> None:
    """The folder of the findings, and another rate than the register was begun with."""
    with place.held("rate"):
        pass
    done = place.run(1, state, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_older_logs_are_refused(place: Place) -> None:
    """A look may not end before the last one did."""
    place.look(2, "older")
    done = place.run(1, "older")
    assert done.returncode == 2
    assert "Looks are taken in the order of their days" in done.stderr
