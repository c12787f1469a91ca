"""Which files the command line's paths stand for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stillwatch.errors import InputError

LOG_SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".ndjson", ".ndjson.gz", ".parquet")
STDIN = Path("-")


def expand(paths: Iterable[Path]) -> list[Path]:
    """Files as given, folders as the logs below them in sorted order. A path that is not there is an error."""
    return [found for path in paths for found in _expand_one(path)]


def _expand_one(path: Path) -> list[Path]:
    if path == STDIN:
        return [path]
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.name.endswith(LOG_SUFFIXES) and p.is_file())
    if not path.exists():
        raise InputError(f"{path} does not exist", "Give a log file, a folder of logs, or - for standard input")
    return [path]
