"""What goes into a ledger comes out of it, once, and only for whoever holds the same key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import LedgerError, SketchMismatch
from stillwatch.ledger.inputs import InputProgress, RejectedLine
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.manifest import REJECTIONS_KEPT
from stillwatch.sketch.record import COLUMN_NAMES, identity

from .sketches import FIRST_DAY, IDENTITY, sketches


def in_order(tables: list[pa.RecordBatch] | pa.Table) -> pa.Table:
    table = tables if isinstance(tables, pa.Table) else pa.Table.from_batches(tables)
    return table.sort_by([("account", "ascending"), ("ts_us", "ascending"), ("exchange_id", "ascending")])


def test_every_column_of_every_row_comes_back(ledger: Ledger) -> None:
    """A sketch that was committed is read again bit for bit."""
    batches = [sketches(500, seed=seed, days=3) for seed in (1, 2)]
    with ledger.writer() as writer:
        for batch in batches:
            assert writer.commit(batch).exchanges == 500
    assert in_order(list(ledger.scan(COLUMN_NAMES))).equals(in_order(batches))


def test_duckdb_sees_the_same_rows_and_types(ledger: Ledger) -> None:
    """The Ibis table over the segments holds what was committed, and `day` keeps its type."""
    batch = sketches(300, days=2)
    with ledger.writer() as writer:
        writer.commit(batch)
    seen = ledger.table().to_pyarrow()
    assert in_order(seen.cast(batch.schema)).equals(in_order([batch]))
    assert seen.schema.field("day").type == pa.int32()


def test_an_empty_ledger_is_an_empty_table(ledger: Ledger) -> None:
    """A ledger without segments answers queries like any other."""
    empty = ledger.table()
    assert empty.count().to_pyarrow().as_py() == 0
    assert ledger.days() == []
    with ledger.writer() as writer:
        writer.commit(sketches(5))
    assert empty.schema() == ledger.table().schema()


def test_a_segment_holds_one_day_sorted_by_account_and_time(ledger: Ledger) -> None:
    """One day a file, so that days can be skipped; sorted, so that an account's rows lie together."""
    with ledger.writer() as writer:
        writer.commit(sketches(400, days=3))
    assert ledger.days() == [FIRST_DAY, FIRST_DAY + 1, FIRST_DAY + 2]
    for path, batch in zip(ledger.segment_paths(), ledger.scan(["day", "account", "ts_us"]), strict=True):
        day, account, ts_us = (column.to_numpy() for column in batch.columns)
        assert path.parent.name == f"day={day[0]}"
        assert np.all(day == day[0])
        assert np.array_equal(np.lexsort((ts_us, account)), np.arange(len(day)))


def test_days_can_be_read_alone(ledger: Ledger) -> None:
    """Reading some days opens only their segments."""
    with ledger.writer() as writer:
        writer.commit(sketches(400, days=3))
    assert len(ledger.segment_paths([FIRST_DAY + 1])) == 1
    assert {b.column("day")[0].as_py() for b in ledger.scan(["day"], days=[FIRST_DAY + 1])} == {FIRST_DAY + 1}
    assert ledger.table(days=[FIRST_DAY + 1]).day.nunique().to_pyarrow().as_py() == 1


def test_a_segment_says_under_which_key_it_was_made(ledger: Ledger) -> None:
    """A segment that strays from its ledger still names the key of its pseudonyms."""
    with ledger.writer() as writer:
        writer.commit(sketches(10))
    metadata = pq.ParquetFile(ledger.segment_paths()[0]).schema_arrow.metadata
    assert metadata[b"stillwatch.key"].decode() == IDENTITY["stillwatch.key"]


def test_an_input_is_where_its_last_commit_left_it(ledger: Ledger) -> None:
    """Positions move with the rows they stand for, also when a commit holds no rows."""
    with ledger.writer() as writer:
        writer.commit(sketches(10), [InputProgress("f1", "a.jsonl", 10, 900, 10, 0)])
        writer.commit(sketches(0), [InputProgress("f1", "a.jsonl", 12, 950, 10, 2, is_done=True)])
    assert ledger.input_progress("f1") == InputProgress("f1", "a.jsonl", 12, 950, 10, 2, is_done=True)
    assert ledger.input_progress("f2") is None


def test_only_the_first_rejections_of_an_input_are_kept(ledger: Ledger) -> None:
    """A log of nothing but garbage cannot fill the disk with reasons."""
    refused = [RejectedLine("f1", line, "no account") for line in range(1, 1_000)]
    with ledger.writer() as writer:
        writer.commit(sketches(0), (), refused[:50])
        writer.commit(sketches(0), (), refused[50:])
    assert ledger.rejections("f1") == refused[:REJECTIONS_KEPT]


def test_counts_add_up(ledger: Ledger) -> None:
    """The summary agrees with the files."""
    with ledger.writer() as writer:
        writer.commit(sketches(100, days=2), [InputProgress("f1", "a", 1, 1, 100, 3)])
    counts = ledger.counts()
    assert (counts.exchanges, counts.days, counts.segments, counts.inputs, counts.rejected) == (100, 2, 2, 1, 3)
    assert counts.bytes == sum(path.stat().st_size for path in ledger.segment_paths())


def test_sketches_of_another_key_are_refused(ledger: Ledger) -> None:
    """Pseudonyms of two keys never meet in one ledger."""
    other = identity("fedcba9876543210")
    with ledger.writer() as writer, pytest.raises(SketchMismatch, match="deployment key"):
        writer.commit(sketches(10, key=other))
    with pytest.raises(SketchMismatch, match="deployment key"):
        Ledger.open(ledger.path, identity=other)
    assert Ledger.open(ledger.path, identity=IDENTITY).counts().exchanges == 0


def test_rows_that_are_no_sketches_are_refused(ledger: Ledger) -> None:
    """A missing column is an error at the door, not a surprise in a query."""
    with ledger.writer() as writer, pytest.raises(LedgerError, match="columns differ"):
        writer.commit(sketches(10).drop_columns(["zones"]))


def test_a_directory_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    """Opening something else says what it is not and what to do."""
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(tmp_path)
    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger.open(tmp_path / "missing")
    (tmp_path / "ledger.json").write_text("{]")
    with pytest.raises(LedgerError, match="cannot be read"):
        Ledger.open(tmp_path)


def test_a_ledger_of_another_version_is_refused(ledger: Ledger) -> None:
    """A newer ledger is not guessed at."""
    (ledger.path / "ledger.json").write_text('{"stillwatch.ledger": 2, "identity": {}}')
    with pytest.raises(LedgerError, match="version 2"):
        Ledger.open(ledger.path)


def test_a_ledger_that_lost_its_manifest_is_refused(ledger: Ledger) -> None:
    """Without the manifest no segment can be trusted, so none is read."""
    (ledger.path / "manifest.sqlite").unlink()
    with pytest.raises(LedgerError, match=r"manifest\.sqlite"):
        Ledger.open(ledger.path)


def test_creation_never_overwrites(ledger: Ledger, tmp_path: Path) -> None:
    """Neither a ledger nor a directory with other things in it is taken over."""
    with pytest.raises(LedgerError, match="already is a ledger"):
        Ledger.create(ledger.path, IDENTITY)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(LedgerError, match="not empty"):
        Ledger.create(tmp_path / "photos", IDENTITY)


def test_a_creation_that_was_killed_can_be_repeated(ledger: Ledger) -> None:
    """`ledger.json` comes last: without it there is no ledger yet, and creating goes on."""
    (ledger.path / "ledger.json").unlink()
    assert Ledger.create(ledger.path, IDENTITY).counts().exchanges == 0


def test_a_hundred_thousand_accounts_fit_one_commit(ledger: Ledger) -> None:
    """Accounts are rows, not files: their number costs nothing."""
    with ledger.writer() as writer:
        writer.commit(sketches(120_000, accounts=100_000_000))
    assert ledger.table().account.nunique().to_pyarrow().as_py() > 100_000
    assert ledger.counts().segments == 1
