"""Read in parts, a ledger gives every exchange once, and every account whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.ledger import ranges, segments
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.ranges import read_parts

from .sketches import IDENTITY, sketches

HOUR_US = 3_600_000_000
COLUMNS = ("account", "exchange_id", "zones")
ACCOUNTS = np.arange(1, 41, dtype=np.int64) * 7_919


@pytest.fixture
def filled(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Six commits of three days; row groups of 64 rows, so that each holds some of the accounts."""
    monkeypatch.setattr(segments, "ROW_GROUP_ROWS", 64)
    with ledger.writer() as writer:
        for seed in range(6):
            writer.commit(sketches(500, seed=seed, accounts=len(ACCOUNTS), days=3))
    return ledger


def parts(ledger: Ledger, rows: int, only: Sequence[int] | None = None) -> list[pa.Table]:
    wanted = None if only is None else np.array(only, np.int64)
    return [part for _, part in read_parts(ledger.segment_paths(), COLUMNS, wanted, rows)]


def everything(tables: Sequence[pa.Table]) -> list[tuple[int, int, bytes]]:
    return sorted(tuple(row.values()) for table in tables for row in table.to_pylist())


def whole(ledger: Ledger) -> list[tuple[int, int, bytes]]:
    return everything([pa.Table.from_batches(ledger.scan(COLUMNS))])


@pytest.mark.parametrize("rows", [1, 100, 700, 10**6])
@pytest.mark.parametrize("room", [0, 30_000, 10**9])
def test_every_exchange_is_read_once(filled: Ledger, rows: int, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the parts, and whether row groups are held, read again, or some of each."""
    monkeypatch.setattr(ranges, "HELD_BYTES", room)
    assert everything(parts(filled, rows)) == whole(filled)


def test_an_account_is_in_one_part(filled: Ledger) -> None:
    """Parts ascend, and share no account."""
    seen = [table.column("account").to_numpy() for table in parts(filled, 300)]
    assert len(seen) > 5
    assert all(before.max() < after.min() for before, after in pairwise(seen))


def test_parts_are_about_as_large_as_asked(filled: Ledger) -> None:
    """Twice as large where row groups cannot be told apart more finely, not ten times."""
    assert max(len(table) for table in parts(filled, 300)) <= 600


@pytest.mark.parametrize("only", [[], [1], ACCOUNTS[:1], ACCOUNTS[-1:], ACCOUNTS[3::5], ACCOUNTS])
@pytest.mark.parametrize("room", [0, 10**9])
def test_accounts_can_be_chosen(
    filled: Ledger, only: Sequence[int], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows of these accounts and no others, also of one that the ledger does not have."""
    monkeypatch.setattr(ranges, "HELD_BYTES", room)
    wanted = {int(account) for account in only}
    assert everything(parts(filled, 300, only)) == [row for row in whole(filled) if row[0] in wanted]


def test_one_heavy_account_is_a_part(ledger: Ledger) -> None:
    """It is never cut."""
    with ledger.writer() as writer:
        writer.commit(sketches(900, accounts=1))
    assert [len(table) for table in parts(ledger, 100)] == [900]


def test_an_empty_ledger_has_no_parts(ledger: Ledger) -> None:
    assert parts(ledger, 100) == []


def test_the_share_read_grows(filled: Ledger) -> None:
    """What a progress bar shows."""
    shares = [share for share, _ in read_parts(filled.segment_paths(), COLUMNS, part_rows=300)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] < 1.0


def test_flipped_bytes_are_no_exchanges(filled: Ledger) -> None:
    """Pages are verified as they are read."""
    path = filled.segment_paths()[0]
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 2 : 50] = bytes(len(content[100 : len(content) // 2 : 50]))
    path.write_bytes(content)
    with pytest.raises((OSError, pa.ArrowException)):
        parts(filled, 300)


@pytest.mark.parametrize("rows", [100, 10**6])
def test_the_order_of_rows_does_not_depend_on_how_they_came(tmp_path: Path, rows: int) -> None:
    """By account, time and id: from six commits, compacted, or committed the other way round, in large parts or small.

    Times are whole hours, so that most rows have company.
    """
    batches = [_by_the_hour(sketches(500, seed=seed, accounts=len(ACCOUNTS), days=3)) for seed in range(6)]
    orders = []
    for name, given in (("one", batches), ("other", batches[::-1])):
        ledger = Ledger.create(tmp_path / name, IDENTITY)
        with ledger.writer() as writer:
            for batch in given:
                writer.commit(batch)
        orders.append(_in_their_order(ledger, rows))
    ledger.compact()
    orders.append(_in_their_order(ledger, rows))
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) == 3000


def _by_the_hour(batch: pa.RecordBatch) -> pa.RecordBatch:
    hours = batch.column("ts_us").to_numpy() // HOUR_US * HOUR_US
    return batch.set_column(batch.schema.get_field_index("ts_us"), batch.schema.field("ts_us"), pa.array(hours))


def _in_their_order(ledger: Ledger, rows: int) -> list[tuple[int, int, bytes]]:
    return [tuple(row.values()) for part in parts(ledger, rows) for row in part.to_pylist()]
