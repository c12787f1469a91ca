"""Who stands by: a bounded sample of a log that is uniform, the same in any order, and open to nobody's choice."""

from __future__ import annotations

import math

import ibis
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.record import Flag
from stillwatch.tracing.bystanders import ROWS_AT_MOST, ROWS_PER_ACCOUNT, bystanders, fixed_width, some_accounts
from stillwatch.tracing.survey import Accounts

from .worlds import known

Ints = NDArray[np.int64]


def log(sizes: Ints, seed: int = 0) -> tuple[pa.Table, Accounts]:
    """Accounts of these sizes, three exchanges a conversation."""
    rng = np.random.default_rng(seed)
    pseudonym = np.sort(rng.integers(1, 2**62, len(sizes)))
    rows = int(sizes.sum())
    talk = rng.integers(1, 2**62, rows)[np.arange(rows) // 3]
    columns = {
        "account": np.repeat(pseudonym, sizes),
        "conversation": talk,
        "exchange_id": rng.integers(1, 2**62, rows),
        "flags": np.full(rows, Flag.HAS_BODY, np.int32),
    }
    return pa.table(columns), known(pseudonym, exchanges=sizes)


def test_a_small_log_is_its_own_sample() -> None:
    """Every exchange that asks a model to answer; embeddings answer nothing."""
    table, found = log(np.full(20, 30))
    assert len(some_accounts(found)) == 20
    assert bystanders(ibis.memtable(table), found, "exchange_id").count().to_pyarrow().as_py() == 600
    embeddings = table.set_column(3, "flags", pa.array(np.full(600, 2, np.int32)))
    assert bystanders(ibis.memtable(embeddings), found, "exchange_id").count().to_pyarrow().as_py() == 0


def test_a_heavy_account_is_thinned_to_about_its_share() -> None:
    """20,000 exchanges, every 40th hash: 500 within four standard deviations of a binomial count."""
    table, found = log(np.array([20_000, 100]))
    rows = bystanders(ibis.memtable(table), found, "exchange_id").to_pyarrow()
    _, counts = np.unique(rows.column("account").to_numpy(), return_counts=True)
    step = -(-20_000 // ROWS_PER_ACCOUNT)
    assert counts[1] == 100
    assert counts[0] == pytest.approx(20_000 / step, abs=4 * math.sqrt(20_000 / step))


def test_conversations_are_kept_whole() -> None:
    """All three exchanges of a conversation, or none."""
    table, found = log(np.array([9_000]))
    rows = bystanders(ibis.memtable(table), found, "conversation").to_pyarrow()
    _, counts = np.unique(rows.column("conversation").to_numpy(), return_counts=True)
    assert set(counts.tolist()) == {3}


def test_of_a_large_log_accounts_with_the_lowest_pseudonyms_are_taken() -> None:
    """As many as fit: 390 heavy ones, or 20,000 of ten exchanges each."""
    heavy = known(np.arange(1, 5001), exchanges=np.full(5000, 100_000))
    light = known(np.arange(1, 50_001), exchanges=np.full(50_000, 10))
    assert some_accounts(heavy).tolist() == list(range(ROWS_AT_MOST // ROWS_PER_ACCOUNT))
    assert len(some_accounts(light)) == ROWS_AT_MOST // 10
    assert len(some_accounts(known(np.empty(0, np.int64)))) == 0


def test_order_and_parts_mean_nothing() -> None:
    """Rows in any order, and days read one by one, give the same sample where accounts are as heavy."""
    table, found = log(np.array([2_000, 40, 700]))
    ids = set(bystanders(ibis.memtable(table), found, "exchange_id").exchange_id.to_pyarrow().to_pylist())
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    assert set(bystanders(ibis.memtable(shuffled), found, "exchange_id").exchange_id.to_pyarrow().to_pylist()) == ids


@pytest.mark.parametrize("dialect", ["duckdb", "clickhouse", "pyspark"])
def test_the_sample_compiles_for_other_engines(dialect: str) -> None:
    """No function that an engine approximates, and no random one."""
    table, found = log(np.full(20, 30))
    sql = str(ibis.to_sql(bystanders(ibis.memtable(table), found, "exchange_id"), dialect=dialect)).lower()
    assert "account" in sql
    assert not any(word in sql for word in ("approx", "uniq(", "rand", "sample"))


def test_binary_columns_get_their_widths_back() -> None:
    """Engines forget them; other columns stay as they are."""
    rows = pa.table({"account": [1, 2], "lineage": pa.array([bytes(24), bytes(24)], pa.binary())})
    assert fixed_width(rows).schema.field("lineage").type == pa.binary(24)
    assert fixed_width(rows).column("account") == rows.column("account")
