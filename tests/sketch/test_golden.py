"""The same exchange gives the same bytes: in any process, batch, order and state of the sketcher's caches.

golden.json was computed by tests/sketch/golden.py; the file names the machine and the Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch import lexicon
from stillwatch.sketch.record import COLUMN_NAMES
from stillwatch.sketch.sketcher import Sketcher

from .exchanges import ALLIANCE, SECRET, said
from .golden import columns_as_hex, exchanges

HERE = Path(__file__).parent
EXCHANGES = exchanges()
SKETCHER = Sketcher(SECRET, ALLIANCE)
ROWS: list[dict[str, Any]] = SKETCHER.sketch(EXCHANGES).to_pylist()


@pytest.fixture(scope="module")
def golden() -> dict[str, str]:
    columns: dict[str, str] = json.loads((HERE / "golden.json").read_text())["columns"]
    return columns


@pytest.mark.parametrize("column", COLUMN_NAMES)
def test_every_column_holds_these_bytes(golden: dict[str, str], column: str) -> None:
    """A change here makes old ledgers incomparable: it needs a new SKETCH_VERSION."""
    assert columns_as_hex(Sketcher(SECRET, ALLIANCE).sketch(EXCHANGES))[column] == golden[column]


def test_the_golden_vector_names_no_column_that_is_gone(golden: dict[str, str]) -> None:
    """The vector and the row have the same columns in the same order."""
    assert tuple(golden) == COLUMN_NAMES


def test_another_process_with_another_hash_seed_gives_the_same_bytes(golden: dict[str, str]) -> None:
    """Python's own string hashes differ from run to run; nothing of them may reach a sketch."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.sketch.golden"],
        cwd=HERE.parent.parent,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        check=True,
    )
    assert json.loads(made.stdout)["columns"] == golden


@given(order=st.permutations(range(len(EXCHANGES))), cuts=st.sets(st.integers(0, len(EXCHANGES)), max_size=3))
def test_batches_and_their_order_change_nothing(order: list[int], cuts: set[int]) -> None:
    """Cut the log anywhere and shuffle it: every exchange keeps its row."""
    edges = [0, *sorted(cuts), len(order)]
    fresh = Sketcher(SECRET, ALLIANCE)
    parts = [fresh.sketch([EXCHANGES[i] for i in order[a:b]]) for a, b in pairwise(edges)]
    assert [row for part in parts for row in part.to_pylist()] == [ROWS[i] for i in order]


def test_a_log_longer_than_the_working_batch_is_one_answer_in_order() -> None:
    """More than two working batches at once give one row each, as if sketched one by one."""
    repeats = 3 * 1024 // len(EXCHANGES)
    assert SKETCHER.sketch(EXCHANGES * repeats).to_pylist() == ROWS * repeats


def test_emptying_the_full_lexicon_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dictionary is a cache: filled with other words, then emptied, it gives the same rows."""
    monkeypatch.setattr(lexicon, "LEXICON_LIMIT", 10)
    used = Sketcher(SECRET, ALLIANCE)
    used.sketch([said("a heron and an egret and a bittern walk into the reeds at dawn, slowly and quietly")])
    assert len(used._lexicon) > 10
    assert used.sketch(EXCHANGES).to_pylist() == ROWS
    assert used._lexicon["wholly-new"] >= 0
    assert used.sketch(EXCHANGES).to_pylist() == ROWS


def test_a_stream_of_new_words_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up words empty the dictionary again and again; its columns stay as long as they were."""
    monkeypatch.setattr(lexicon, "LEXICON_LIMIT", 20)
    monkeypatch.setattr(lexicon, "_FIRST_ROWS", 64)
    used = Sketcher(SECRET)
    for number in range(30):
        used.sketch([said(" ".join(f"{chr(0x4E00 + number * 20 + i)}" for i in range(20)))])
    assert len(used._lexicon.hashes) == len(used._lexicon.is_plus) == len(used._lexicon.concepts) == 64
    assert len(used._lexicon) <= 40


def test_a_system_text_that_comes_again_gives_the_same_rows() -> None:
    """Looked at once in a batch; texts that differ only after what is looked at are alike as far as zones go."""
    long_texts = ["heron " * 86 + str(number) for number in range(3)]
    asked_twice = [said("hello", system=text) for text in ("", "one", "two", *long_texts, "three")] * 2
    rows = Sketcher(SECRET, ALLIANCE).sketch(asked_twice).to_pylist()
    assert rows == [Sketcher(SECRET, ALLIANCE).sketch([exchange]).to_pylist()[0] for exchange in asked_twice]


def test_a_lexicon_that_grows_keeps_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubling the columns for new words moves no word's row."""
    monkeypatch.setattr(lexicon, "_FIRST_ROWS", 2)
    small = Sketcher(SECRET, ALLIANCE)
    assert [small.sketch([exchange]).to_pylist()[0] for exchange in EXCHANGES] == ROWS


def test_no_exchanges_give_no_rows_of_the_same_schema() -> None:
    """An empty batch is a batch."""
    assert SKETCHER.sketch([]).schema.equals(SKETCHER.sketch(EXCHANGES).schema, check_metadata=True)
    assert len(SKETCHER.sketch([])) == 0
