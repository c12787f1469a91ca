"""A ledger that grew while it was hunted says what a ledger says that was sketched in one run.

The same rows: once in one log; once in many small ones, in any order, with compactions, a process that is killed while
it sketches, and hunts in between. The findings are compared byte for byte.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from stillwatch import pipeline
from stillwatch.ledger import ranges
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, review
from stillwatch.pseudonym import Secret
from stillwatch.report.findings import write_findings
from stillwatch.sketching.run import sketch_logs

from .worlds import (
    DAY_US,
    START_US,
    World,
    covered,
    dealt_out,
    independent,
    invented,
    invented_chats,
    jobs,
    one_organisation,
    people,
    prose,
    seeded,
    vocabulary,
    write_log,
)
from .wrappers import BRIEFING, MAKE_ITEMS

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SECRET = Secret(b"a secret for tests only, 32 bytes")
SEED = 23
BATCHES = 16
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "stillwatch.sketching.run"])


def a_world() -> World:
    """A ring with some cover, strangers with one tool, a customer with four keys, programmers and people."""
    rng = seeded(SEED)
    chats = invented_chats(rng, 120)
    world = World().with_honest("people", people("person", chats, 4, rng))
    desks = [independent(f"desk-{i}", invented(rng, BRIEFING, [vocabulary(rng)], 30), 1, 25, rng)[0] for i in range(6)]
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    world = world.with_ring("ring", covered(dealt_out("ring", pool, rng), chats, 0.2, rng)).with_honest("desks", desks)
    run = invented(rng, BRIEFING.replace("editors", "traders"), [vocabulary(rng) for _ in range(10)], 120)
    world = world.with_honest("one organisation", one_organisation("newsroom", run, 4, rng))
    return world.with_honest("jobs", jobs("job", 25, 12, rng))


def rows_of(world: World, second: int) -> list[dict[str, Any]]:
    """The world's exchanges with clocks that tick every `second` seconds: logs often have equal times."""
    tick = second * 1_000_000
    return [{**row, "ts_us": row["ts_us"] // tick * tick} for row in world.rows(SEED)]


def in_batches(rows: Sequence[dict[str, Any]], rng: Random) -> list[list[dict[str, Any]]]:
    """The rows dealt into batches by chance, each in any order: some exchanges come days late."""
    batches: list[list[dict[str, Any]]] = [[] for _ in range(BATCHES)]
    for row in rng.sample(rows, len(rows)):
        own = (row["ts_us"] - START_US) * BATCHES // (6 * DAY_US)
        late = rng.randrange(BATCHES)
        batches[own if rng.random() < 0.7 else late].append(row)
    return rng.sample(batches, len(batches))


def sketch(log: Path, ledger: Path) -> None:
    sketch_logs([log], ledger, SECRET, workers=1)


def sketch_dying(log: Path, ledger: Path) -> None:
    """The same in a process that is killed at its second checkpoint, in the middle of a commit."""
    passed = count()

    def checkpoint(_: str) -> None:
        if next(passed) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sketch_logs([log], ledger, SECRET, workers=1, checkpoint=checkpoint)


def killed_sketching(log: Path, ledger: Path) -> None:
    process = PROCESSES.Process(target=sketch_dying, args=(log, ledger))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def findings(ledger: Path, benign: Path | None, out: Path) -> str:
    """What a hunt through this ledger writes."""
    known = NameTable.open(ledger, SECRET).names("account")
    hunt = Hunt(split_key=b"for tests only", names=dict(known))
    reference = View(Ledger.open(benign), connect()) if benign else None
    found = review(View(Ledger.open(ledger), connect()), reference, hunt)
    write_findings(found, out)
    return out.read_text()


def lived(rows: Sequence[dict[str, Any]], place: Path, rng: Random) -> Path:
    """A ledger that came together in batches, was killed, compacted and hunted meanwhile."""
    place.mkdir()
    ledger = place / "lived"
    for number, batch in enumerate(in_batches(rows, rng)):
        log = write_log(place / f"batch-{number:02}.jsonl", batch)
        if number in (3, 11):
            killed_sketching(log, ledger)
        sketch(log, ledger)
        if number % 6 == 5:
            Ledger.open(ledger).compact()
        if number in (7, 13):
            assert findings(ledger, None, place / "meanwhile.json")
    return ledger


@pytest.fixture(
    scope="module",
    params=[pytest.param(1, marks=pytest.mark.long, id="by the second"), pytest.param(3600, id="by the hour")],
)
def ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The world in one run, and as it lived."""
    place = tmp_path_factory.mktemp("live")
    rows = rows_of(a_world(), request.param)
    sketch(write_log(place / "whole.jsonl", rows), place / "whole")
    return place / "whole", lived(rows, place / "batches", seeded(SEED + 1))


def test_the_ledgers_hold_the_same_rows_in_other_segments(ledgers: tuple[Path, Path]) -> None:
    """Else the comparison below would say nothing."""
    whole, grown = (Ledger.open(path).counts() for path in ledgers)
    assert grown.exchanges == whole.exchanges
    assert grown.segments > whole.segments


@pytest.mark.parametrize("part_rows", [ranges.PART_ROWS, 300])
def test_they_say_the_same(
    ledgers: tuple[Path, Path], part_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a benign log; read at once, or in parts as a ledger of millions is."""
    monkeypatch.setattr(pipeline, "read_parts", partial(ranges.read_parts, part_rows=part_rows))
    whole, grown = (findings(path, None, tmp_path / path.name) for path in ledgers)
    assert '"campaign"' in whole
    assert grown == whole


@pytest.mark.parametrize("ledgers", [3600], ids=["by the hour"], indirect=True)
def test_they_say_the_same_beside_a_benign_log_that_grew_as_well(ledgers: tuple[Path, Path], tmp_path: Path) -> None:
    """Calibrated on a ledger of one run, and on one of batches."""
    rng = seeded(SEED + 2)
    honest = World().with_honest("people", people("someone", invented_chats(rng, 60), 4, rng))
    for number in range(4):
        tool = invented(rng, prose(rng, vocabulary(rng), 40), [vocabulary(rng) for _ in range(8)], 60)
        honest = honest.with_honest(f"tool {number}", independent(f"user-{number}", tool, 4, 14, rng))
    rows = rows_of(honest, 1)
    sketch(write_log(tmp_path / "benign.jsonl", rows), tmp_path / "benign")
    grown = lived(rows, tmp_path / "batches", seeded(SEED + 3))
    one = findings(ledgers[0], tmp_path / "benign", tmp_path / "one.json")
    other = findings(ledgers[1], grown, tmp_path / "other.json")
    assert "enign" in one
    assert other == one
