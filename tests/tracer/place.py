"""A ledger of a small world, a benign one, and `stillwatch trace` as a process beside them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from end_to_end.command_line import PROGRAM, SECRET_HEX, Home
from end_to_end.worlds import (
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
from end_to_end.wrappers import MAKE_ITEMS, desks

from stillwatch.decision.journal import Entry, Journal
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketching.run import sketch_logs
from stillwatch.standing.register import Register
from stillwatch.standing.store import standing

SECRET = Secret(bytes.fromhex(SECRET_HEX))
SEED = 31
ALPHA = 0.5  # as in `end_to_end.test_state`: forty benign groups carry it


def a_world(rng: Random) -> World:
    """A ring of which four accounts each pay with one card, strangers with one tool, and people."""
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    world = World().with_ring("ring", on_cards(dealt_out("ring", pool, rng), 4)).with_honest("desks", desks(rng, 25))
    return world.with_honest("people", people("person", invented_chats(rng, 60), 4, rng))


RING = a_world(seeded(SEED)).rings["ring"]


def sketched(rows: Sequence[dict[str, Any]], log: Path, ledger: Path) -> Path:
    """A ledger with these rows added."""
    sketch_logs([write_log(log, rows)], ledger, SECRET, workers=1)
    return ledger


def benign_ledger(folder: Path) -> Path:
    """Users of forty tools."""
    return sketched(World(tuple(users_of_tools(40, seeded(1)))).rows(1), folder / "benign.jsonl", folder / "benign")


def world_ledger(folder: Path) -> Path:
    """The world, whole."""
    return sketched(a_world(seeded(SEED)).rows(SEED), folder / "world.jsonl", folder / "ledger")


@dataclass(frozen=True)
class Place:
    """Where a tracer runs: `ledger` is what it looks at."""

    home: Home
    ledger: Path
    benign: Path
    is_calibrated: bool = True

    def showing(self) -> Place:
        """Without a benign ledger, which is quick: nobody is acted on, and the policy delays who is shown."""
        (self.home.folder / "policy.toml").write_text('[tracer]\nshown = "delay"\n')
        return replace(self, is_calibrated=False)

    @property
    def journal(self) -> Path:
        return self.home.folder / "journal.jsonl"

    @property
    def state(self) -> Path:
        return self.home.folder / "campaigns"

    def arguments(self, *options: str | Path) -> list[str]:
        rate = () if "--alpha" in options else ("--alpha", str(ALPHA))
        calibrated = () if "--calibrate" in options or not self.is_calibrated else ("--calibrate", self.benign)
        where: tuple[str | Path, ...] = ("--state", self.state, "--journal", self.journal)
        where += () if "--every" in options else ("--every", "0")
        policy = () if self.is_calibrated else ("--policy", "policy.toml")
        return [*map(str, ("trace", self.ledger, *where, *rate, *calibrated, *policy, *options))]

    def once(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        """One look."""
        return self.home.run(*self.arguments("--once", *options))

    def start(self, *options: str | Path, **more: Any) -> subprocess.Popen[str]:
        """A tracer that goes on; its first line is read, so it hears signals."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [str(PROGRAM), *self.arguments(*options)],
            env=self.home.environment(),
            cwd=self.home.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def entries(self) -> list[Entry]:
        return [entry for entry, _ in Journal(self.journal).read()]

    def register(self) -> Register:
        return register_in(self.state)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state / "status.json").read_text())
        return found


def register_in(state: Path) -> Register:
    """The register of a state that no process holds."""
    with standing(state, identity(SECRET.id, ""), ALPHA) as held:
        return held.register


def next_look(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The line of its next look; what it says besides is passed over."""
    assert process.stdout is not None
    for said in process.stdout:
        if said.startswith("{"):
            found: dict[str, Any] = json.loads(said)
            return found
    raise AssertionError(f"it ended with {process.wait()}: {process.stderr.read() if process.stderr else ''}")


def until(holds: Callable[[], object]) -> None:
    """Wait for what another process does; a test that waits in vain is ended by its runner."""
    while not holds():
        threading.Event().wait(0.05)


def processes_of(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
