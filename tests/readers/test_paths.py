"""Paths of the command line stand for logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.readers.paths import expand


def test_a_folder_stands_for_the_logs_below_it(tmp_path: Path) -> None:
    """In sorted order, at any depth, nothing else."""
    names = ["b/1.jsonl", "a/2.jsonl.gz", "a/c/3.parquet", "4.ndjson", "5.json", "README.md", "a/x.gz", "notes.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in expand([tmp_path])]
    assert found == ["4.ndjson", "5.json", "a/2.jsonl.gz", "a/c/3.parquet", "b/1.jsonl"]


def test_a_file_stands_for_itself(tmp_path: Path) -> None:
    """Whatever its name; and a dash for standard input."""
    (tmp_path / "log.1").touch()
    assert expand([tmp_path / "log.1", Path("-")]) == [tmp_path / "log.1", Path("-")]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(InputError, match=r"does not exist\. Give a log file"):
        expand([tmp_path / "nowhere"])
