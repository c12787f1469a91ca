"""Parquet logs hold the same rows under the same names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.exchange.record import Exchange
from stillwatch.readers.block import open_log
from stillwatch.readers.exchange_log import read_row
from stillwatch.readers.rejection import Rejection

from .lines import blocks_of, exchange_row, ids, line, parsed


def parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    """A Parquet file of these rows."""
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def from_json(row: dict[str, Any]) -> Exchange:
    """The same row out of a line of JSON."""
    (exchange,) = read_row(line(row))
    return exchange


def as_strings(row: dict[str, Any]) -> dict[str, Any]:
    """Body and response as strings of JSON."""
    return {**row, "body": json.dumps(row["body"]), "response": json.dumps(row["response"])}


def as_bytes(row: dict[str, Any]) -> dict[str, Any]:
    """The same as binary columns."""
    return {**row, "body": json.dumps(row["body"]).encode(), "response": json.dumps(row["response"]).encode()}


def as_structs(row: dict[str, Any]) -> dict[str, Any]:
    """The same as nested columns, headers as name and value."""
    return {**row, "headers": [{"name": name, "value": value} for name, value in row["headers"]]}


@pytest.mark.parametrize("form", [as_strings, as_bytes, as_structs, dict], ids=["string", "binary", "struct", "lists"])
def test_every_kind_of_column_gives_the_same_exchange(tmp_path: Path, form: Any) -> None:
    """String, binary or struct; lists or structs of headers."""
    rows = [exchange_row(id=f"x-{i}") for i in range(3)]
    assert parsed(parquet(tmp_path / "log", [form(row) for row in rows])).exchanges == [from_json(row) for row in rows]


def test_a_null_is_an_absent_field(tmp_path: Path) -> None:
    """Within structs too: the columns of one table hold the fields of all its rows."""
    rows = [exchange_row(), exchange_row(organization=None, body={"messages": [], "top_p": 0.5, "stop": ["a"]})]
    assert parsed(parquet(tmp_path / "log", rows)).exchanges == [from_json(row) for row in rows]


def test_a_file_name_may_be_any_bytes(tmp_path: Path) -> None:
    """As the system allows them."""
    file = parquet(tmp_path / "log", [exchange_row()]).rename(tmp_path / os.fsdecode(b"log-\xff"))
    assert parsed(file).exchanges == [from_json(exchange_row())]


@pytest.mark.parametrize("form", [as_strings, as_bytes, as_structs], ids=["string", "binary", "struct"])
def test_a_body_that_is_null_was_not_kept(tmp_path: Path, form: Any) -> None:
    """Nor was one of a file that has no such column."""
    kept, absent = exchange_row(), exchange_row(body=None)
    found = parsed(parquet(tmp_path / "log", [form(kept), {**form(kept), "body": None}]))
    assert found.exchanges == [from_json(kept), from_json(absent)]
    assert parsed(parquet(tmp_path / "bare", [absent])).exchanges == [from_json(absent)]


def test_malformed_rows_are_counted_by_their_number(tmp_path: Path) -> None:
    """From 1, as lines are."""
    rows = [as_strings(exchange_row()) for _ in range(3)]
    rows[1]["body"] = "{"
    found = parsed(parquet(tmp_path / "log", rows))
    assert (len(found.exchanges), found.rejections) == (2, [Rejection(2, "body is not whole JSON")])


def test_reading_goes_on_from_any_position(tmp_path: Path) -> None:
    """Across row groups and within them."""
    rows = [exchange_row(id=f"x-{i}") for i in range(50)]
    file = parquet(tmp_path / "log", rows, row_group_size=16)
    blocks = blocks_of(file, max_rows=7)
    assert ids(blocks) == [row["id"] for row in rows]
    assert blocks[-1].end_fraction == 1.0
    for block in blocks:
        assert ids(blocks_of(file, block.end, max_rows=7)) == [row["id"] for row in rows[block.end.line :]]


def test_blocks_are_bounded_in_bytes(tmp_path: Path) -> None:
    """By the average of the row group."""
    rows = [as_strings(exchange_row(id=f"x-{i}", payment=f"{i}" * 2000)) for i in range(100)]
    file = parquet(tmp_path / "log", rows, use_dictionary=False)
    assert max(len(block.lines) for block in blocks_of(file, max_bytes=50_000)) < 30


def test_the_format_is_recognised_by_columns(tmp_path: Path) -> None:
    """LiteLLM's payloads may lie in Parquet too."""
    file = parquet(tmp_path / "log", [{"call_type": "completion", "startTime": 1.0}])
    assert (open_log(file).format, open_log(file).compression) == ("litellm", "parquet")


def test_a_table_without_rows_has_no_blocks(tmp_path: Path) -> None:
    """And is no error."""
    pq.write_table(pa.table({"ts_us": pa.array([], pa.int64())}), tmp_path / "log")
    assert blocks_of(tmp_path / "log") == []


def test_a_file_that_is_cut_or_damaged_is_an_error(tmp_path: Path) -> None:
    """Its footer stands at the end; its pages may be spoiled before."""
    whole = parquet(tmp_path / "log", [as_strings(exchange_row())] * 100, compression="snappy").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "spoiled").write_bytes(whole[:40] + b"\xff" * 200 + whole[240:])
    with pytest.raises(InputError, match="its footer cannot be read"):
        open_log(tmp_path / "cut")
    with pytest.raises(InputError, match="it is damaged in the row group after row 0"):
        blocks_of(tmp_path / "spoiled")
