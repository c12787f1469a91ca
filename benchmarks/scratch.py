"""A folder for logs and ledgers that a benchmark makes: large enough, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoRoom(Exception):
    """The disk of the scratch folder cannot hold what a benchmark needs."""


@contextmanager
def folder(scratch: Path, needed: int) -> Iterator[Path]:
    """An empty folder below `scratch`, removed at the end. Raises `NoRoom` if `needed` bytes are not free."""
    scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(scratch).free
    if free < needed:
        raise NoRoom(
            f"{needed / 1e9:.1f} GB are needed in {scratch} and {free / 1e9:.1f} GB are free. "
            "Name another folder with --scratch, or smaller --sizes"
        )
    with tempfile.TemporaryDirectory(prefix="stillwatch-bench-", dir=scratch) as name:
        yield Path(name)
