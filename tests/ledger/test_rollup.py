"""Features are what plain counting would give, in whatever parts and order they are added up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.ledger import rollup
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.sketch.record import OPERATIONS, Flag, Intent, schema

from .sketches import sketches

BATCH = pa.Table.from_batches([sketches(700, seed=seed, days=3) for seed in range(3)]).combine_chunks().to_batches()[0]
_BLOBS = {f.name for f in schema() if pa.types.is_fixed_size_binary(f.type)}  # Ibis has no type of fixed width

Columns = dict[str, np.ndarray]
Count = Callable[[Columns], int]


def _distinct(column: str) -> Count:
    return lambda c: len(set(c[column].tolist()) - {0})


def _known(column: str) -> Count:
    return lambda c: int((c[column] >= 0).sum())


def _total(column: str) -> Count:
    return lambda c: int(np.maximum(c[column], 0).astype(np.int64).sum())


def _share(test: Callable[[Columns], np.ndarray]) -> Count:
    return lambda c: int(test(c).sum())


# The same features, counted plainly over one account's rows.
EXPECTED: dict[str, Count] = {
    "exchanges": lambda c: len(c["ts_us"]),
    "first_us": lambda c: int(c["ts_us"].min()),
    "last_us": lambda c: int(c["ts_us"].max()),
    "organization_min": lambda c: min(set(c["organization"].tolist()) - {0}, default=0),
    "organization_max": lambda c: int(c["organization"].max()),
    "input_tokens": _total("input_tokens"),
    "input_tokens_known": _known("input_tokens"),
    "output_tokens": _total("output_tokens"),
    "output_tokens_known": _known("output_tokens"),
    "reasoning_tokens": _total("reasoning_tokens"),
    "reasoning_tokens_known": _known("reasoning_tokens"),
    "prompt_chars": _total("prompt_chars"),
    "messages": _total("messages"),
    "messages_max": lambda c: int(c["messages"].max()),
    "choices_max": lambda c: int(c["choices"].max()),
    "choices_many": _share(lambda c: c["choices"] > 1),
    "temperature_zero": _share(lambda c: c["temperature"] == 0),
    "hour_00": _share(lambda c: c["hour"] == 0),
    "hour_23": _share(lambda c: c["hour"] == 23),
    "status_ok": _share(lambda c: (c["status"] >= 200) & (c["status"] < 300)),
    "status_limited": _share(lambda c: c["status"] == 429),
    "status_refused": _share(lambda c: c["status"] == 400),
    "status_failed": _share(lambda c: c["status"] == 500),
    "status_unknown": _share(lambda c: c["status"] == -1),
    "flag_stream": _share(lambda c: (c["flags"] & Flag.STREAM) != 0),
    "flag_many_biased": _share(lambda c: (c["flags"] & Flag.MANY_BIASED) != 0),
    "intent_grading": _share(lambda c: (c["intent"] & Intent.GRADING) != 0),
    "intent_extraction": _share(lambda c: (c["intent"] & Intent.EXTRACTION) != 0),
    "operation_chat": _share(lambda c: (c["flags"] & Flag.OPERATION) == 0),
    "operation_other": _share(lambda c: (c["flags"] & Flag.OPERATION) == 3),
}
DISTINCT: dict[str, Count] = {name: _distinct(column) for name, column in rollup.DISTINCT.items()}


def groups(batch: pa.RecordBatch, *keys: str) -> dict[tuple[int, ...], Columns]:
    columns = {name: batch.column(name).to_numpy() for name in batch.schema.names if name not in _BLOBS}
    labels = np.stack([columns[key] for key in keys], axis=1)
    return {
        tuple(label.tolist()): {name: c[(labels == label).all(axis=1)] for name, c in columns.items()}
        for label in np.unique(labels, axis=0)
    }


def rows_of(expression: ibis.Table, *keys: str) -> dict[tuple[int, ...], dict[str, int]]:
    return {tuple(row[key] for key in keys): row for row in expression.to_pyarrow().to_pylist()}


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    with ledger.writer() as writer:
        for seed in range(3):
            writer.commit(sketches(700, seed=seed, days=3))
    return ledger


def test_a_day_of_an_account_is_what_plain_counting_gives(filled: Ledger) -> None:
    rolled = rows_of(rollup.daily(filled.table()), "account", "day")
    plain = groups(BATCH, "account", "day")
    assert set(rolled) == set(plain)
    for key, columns in plain.items():
        expected = {name: count(columns) for name, count in (EXPECTED | DISTINCT).items()}
        assert {name: rolled[key][name] for name in expected} == expected


def test_days_add_up_to_the_account(filled: Ledger) -> None:
    """What merges is what counting over all days gives; distinct values of days give their maximum and sum."""
    rolled = rows_of(rollup.merged(rollup.daily(filled.table())), "account")
    by_day = groups(BATCH, "account", "day")
    for (account,), columns in groups(BATCH, "account").items():
        row = rolled[(account,)]
        assert {name: row[name] for name in EXPECTED} == {name: count(columns) for name, count in EXPECTED.items()}
        days = [c for (owner, _), c in by_day.items() if owner == account]
        assert row["days"] == len(days)
        assert row["models_day_max"] == max(DISTINCT["models"](c) for c in days)
        assert row["payloads_day_sum"] == sum(DISTINCT["payloads"](c) for c in days)


def test_a_reader_pays_only_for_what_it_needs(filled: Ledger) -> None:
    """Chosen sums and distinct counts are those of the whole; a condition of the reader's own adds up beside them."""
    table = filled.table()
    few = rollup.daily(
        table, sums=("exchanges",), distinct=("ips",), counted={"late": table.hour >= 22, "chat": table.flags % 4 == 0}
    )
    rolled = rows_of(rollup.merged(few), "account")
    assert "prompt_chars" not in few.columns
    for (account,), columns in groups(BATCH, "account").items():
        row = rolled[(account,)]
        assert row["exchanges"] == len(columns["ts_us"])
        assert row["late"] == (columns["hour"] >= 22).sum()
        assert row["chat"] == (columns["flags"] % 4 == 0).sum()
    assert {key: row["ips"] for key, row in rows_of(few, "account", "day").items()} == {
        key: row["ips"] for key, row in rows_of(rollup.daily(table), "account", "day").items()
    }


def test_distinct_values_across_days_are_exact(filled: Ledger) -> None:
    sets = rollup.members(filled.table(), tuple(rollup.DISTINCT))
    counted = rows_of(rollup.spread(sets, tuple(rollup.DISTINCT)), "account")
    for key, columns in groups(BATCH, "account").items():
        assert {name: counted[key][name] for name in DISTINCT} == {n: count(columns) for n, count in DISTINCT.items()}


def test_sets_of_parts_merge_by_union(filled: Ledger) -> None:
    whole = rows_of(rollup.spread(rollup.members(filled.table())), "account")
    connection = connect()
    parts = [rollup.members(filled.table(connection, days=[day])) for day in filled.days()]
    assert rows_of(rollup.spread(ibis.union(*parts)), "account") == whole


def test_days_rolled_up_one_by_one_are_the_days_rolled_up_together(filled: Ledger) -> None:
    """A tracer that rolls up each day as it ends keeps what a hunt computes over everything."""
    whole = rows_of(rollup.daily(filled.table()), "account", "day")
    alone: dict[tuple[int, ...], dict[str, int]] = {}
    for day in filled.days():
        alone |= rows_of(rollup.daily(filled.table(days=[day])), "account", "day")
    assert alone == whole


DAYS = rollup.daily(ibis.memtable(pa.Table.from_batches([BATCH.drop_columns(list(_BLOBS))]))).to_pyarrow()
MERGED = rows_of(rollup.merged(ibis.memtable(DAYS)), "account")


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(len(DAYS))), st.integers(1, len(DAYS) - 1))
def test_the_order_and_grouping_of_days_are_irrelevant(order: list[int], cut: int) -> None:
    """Days in any order, in one table or in two, merge to the same accounts."""
    shuffled = DAYS.take(order)
    parts = ibis.union(ibis.memtable(shuffled.slice(0, cut)), ibis.memtable(shuffled.slice(cut)))
    assert rows_of(rollup.merged(parts), "account") == MERGED


def test_rollups_of_any_exchanges_add_up(filled: Ledger) -> None:
    """Also of a part of a day, as a look has it that adds what is new; parts may be empty."""
    table = filled.table()
    rolled = [
        rollup.merged(rollup.daily(rows, distinct=())).drop("organization_min", "days").to_pyarrow()
        for rows in (table, *(table.filter(table.exchange_id % 3 == rest) for rest in range(3)), table.limit(0))
    ]
    whole, *parts = (one.select(rolled[0].column_names) for one in rolled)
    assert rollup.together(parts).sort_by("account") == whole.sort_by("account")


def test_an_empty_ledger_rolls_up_to_nothing(ledger: Ledger) -> None:
    assert rollup.merged(rollup.daily(ledger.table())).count().to_pyarrow().as_py() == 0
    assert rollup.spread(rollup.members(ledger.table())).count().to_pyarrow().as_py() == 0


def test_every_named_bit_and_operation_is_a_column() -> None:
    """A new flag becomes a feature by being named."""
    assert {"flag_stream", "flag_logprobs", "intent_translation"} < set(rollup.SUMS)
    assert "flag_operation" not in rollup.SUMS
    assert {f"operation_{name}" for name in OPERATIONS} < set(rollup.SUMS)
    assert {f"hour_{hour:02d}" for hour in range(24)} < set(rollup.SUMS)


def unbound_ledger() -> ibis.Table:
    fields = {f.name: "binary" if f.name in _BLOBS else ibis.dtype(f.type) for f in schema()}
    return ibis.table(fields, name="ledger")


@pytest.mark.parametrize("dialect", ["duckdb", "clickhouse", "pyspark"])
def test_features_compile_for_other_engines_with_exact_functions_only(dialect: str) -> None:
    """The structure that matters in each dialect: every column is there, nothing approximate, no time function."""
    table = unbound_ledger()
    for expression in (rollup.merged(rollup.daily(table)), rollup.spread(rollup.members(table))):
        sql = str(ibis.to_sql(expression, dialect=dialect)).lower()
        assert all(name.lower() in sql for name in expression.columns)
        for inexact in ("uniq(", "uniqhll", "approx", "hll", "timestamp", "epoch", "todate", "unsigned", "uint"):
            assert inexact not in sql


@pytest.mark.parametrize("dialect", ["clickhouse", "pyspark"])
def test_a_count_in_each_dialect_has_its_known_form(dialect: str) -> None:
    """A small snapshot: how one flag of one day is counted."""
    table = unbound_ledger()
    counted = table.group_by("account", "day").aggregate(n=rollup.daily_sums(table)["flag_stream"])
    sql = " ".join(str(ibis.to_sql(counted, dialect=dialect)).split())
    assert _FLAG_IN_SQL[dialect] in sql


_FLAG_IN_SQL = {
    "clickhouse": 'COUNT(nullIf(bitAnd("t0"."flags", 4) <> 0, FALSE)) AS "n"',
    "pyspark": "COUNT(NULLIF(( `t0`.`flags` & 4 ) <> 0, FALSE)) AS `n`",
}


def test_only_engines_that_run_here_are_offered() -> None:
    for url in ("spark://host:7077", "clickhouse://host", "nonsense", "duckdb://host/path"):
        with pytest.raises(UsageError, match="Supported: duckdb://"):
            connect(url)


def test_duckdb_takes_its_limits_and_a_file(tmp_path: Path) -> None:
    connection = connect(f"duckdb://{tmp_path}/x.duckdb", threads=1, memory_limit="200MB", temp_directory=tmp_path)
    assert connection.raw_sql("SELECT current_setting('threads')").fetchone() == (1,)
    assert "190" in connection.raw_sql("SELECT current_setting('memory_limit')").fetchone()[0]
    assert (tmp_path / "x.duckdb").exists()
