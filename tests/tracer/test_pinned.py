"""A look reads one moment of a ledger, whatever is committed and compacted meanwhile; evidence rests on whole days."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from end_to_end.worlds import DAY_US, START_US, seeded

from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.tracer.pinned import SETTLED_US, Pinned, pin

from .place import a_world, sketched

FIRST_DAY = START_US // DAY_US
LATER_US = START_US + 400 * DAY_US


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of several commits a day."""
    folder = tmp_path_factory.mktemp("grown")
    rows = a_world(seeded(3)).rows(3)
    for number in range(3):
        sketched(rows[number::3], folder / f"part-{number}.jsonl", folder / "ledger")
    return folder / "ledger"


@pytest.fixture
def ledger(grown: Path, tmp_path: Path) -> Ledger:
    shutil.copytree(grown, tmp_path / "ledger")
    return Ledger.open(tmp_path / "ledger")


def pinned(ledger: Ledger, now_us: int = LATER_US, last_days: int | None = None) -> Pinned:
    return pin(ledger, ledger.path.parent / "pinned", connect(threads=1), now_us, last_days)


def read(view: Pinned) -> int:
    """How many rows both ways of reading find."""
    by_segment = sum(int(pq.read_metadata(path).num_rows) for path in view.segment_paths())
    assert int(view.table().count().to_pyarrow().as_py()) == by_segment
    return by_segment


def test_a_compaction_takes_nothing_away_from_a_look(ledger: Ledger) -> None:
    view, exchanges = pinned(ledger), ledger.counts().exchanges
    assert ledger.compact() > 0
    assert not any((ledger.path / "segments" / name).exists() for name in view.names)
    assert read(view) == view.exchanges == exchanges


def test_the_next_look_reads_what_is_there_then_and_what_it_needs_no_more_is_gone(ledger: Ledger) -> None:
    first = pinned(ledger)
    ledger.compact()
    second = pinned(ledger)
    assert read(second) == first.exchanges
    assert second.names == {segment.name for segment in ledger.segments()}
    kept = {path.name for path in (ledger.path.parent / "pinned").iterdir()}
    assert kept == {path.name for path in second.segment_paths()}


def test_pinning_takes_no_room(ledger: Ledger) -> None:
    """A second name for what is there."""
    for segment, path in pinned(ledger).segments:
        assert path.samefile(ledger.path / "segments" / segment.name)


def test_across_file_systems_segments_are_copied(ledger: Ledger) -> None:
    shared = Path("/dev/shm")  # noqa: S108 - another file system, where there is one
    if not shared.is_dir() or shared.stat().st_dev == ledger.path.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    into = shared / f"stillwatch-{ledger.path.parent.name}"
    try:
        view = pin(ledger, into, connect(threads=1), LATER_US)
        ledger.compact()
        assert read(view) == view.exchanges
    finally:
        shutil.rmtree(into)


def test_a_day_counts_when_it_is_over_and_late_answers_are_in(ledger: Ledger) -> None:
    """Its rows are read before that."""
    third_day = START_US + 2 * DAY_US
    running = pinned(ledger, third_day + DAY_US + SETTLED_US - 1)
    over = pinned(ledger, third_day + DAY_US + SETTLED_US)
    assert running.days() == [FIRST_DAY, FIRST_DAY + 1]
    assert over.days() == [FIRST_DAY, FIRST_DAY + 1, FIRST_DAY + 2]
    assert read(running) == read(over)


def test_some_days_of_it_are_those_days_whole(ledger: Ledger) -> None:
    view = pinned(ledger, START_US + 3 * DAY_US + SETTLED_US)
    some = view.of_days([FIRST_DAY + 1, FIRST_DAY + 5])
    assert some.days() == [FIRST_DAY + 1]
    assert read(some) == sum(s.rows for s in ledger.segments([FIRST_DAY + 1]))


def test_the_last_days_alone(ledger: Ledger) -> None:
    view = pinned(ledger, last_days=2)
    assert view.days() == ledger.days()[-2:]
    assert read(view) == sum(s.rows for s in ledger.segments(ledger.days()[-2:]))


def test_an_empty_ledger_can_be_looked_at(tmp_path: Path) -> None:
    view = pinned(Ledger.create(tmp_path / "ledger", {}))
    assert (view.days(), read(view), view.last_us) == ([], 0, 0)


def test_what_compaction_leaves_alone_is_settled_and_evidence_rests_on_ended_days(ledger: Ledger) -> None:
    """Small segments of the running day are not; any of them can be read alone."""
    running = max(ledger.days())
    view = pinned(ledger, now_us=running * DAY_US + SETTLED_US)
    young = view.of_segments(frozenset(view.segment_paths()) - view.settled_paths())
    assert {segment.day for segment, _ in young.segments} == {running}
    assert view.settled_paths() == view.ended_paths()
    assert 0 < read(young) < read(view)
