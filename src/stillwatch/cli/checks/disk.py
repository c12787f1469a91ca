"""Where things are written: whether that works, how long it takes to be safe, and how much room is left."""

from __future__ import annotations

import errno
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from stillwatch.cli.checks.result import Result, fault, ok, warning

_FEW_BYTES = 1 << 30
"""Chosen: a day of a million exchanges takes 400 MB."""
_TOO_FEW_BYTES = 64 << 20
_FEW_FILES = 10_000
_TRIES = 5
_BLOCK = bytes(4096)
_SLOW_SECONDS = 0.05
"""Chosen: a verdict is on disk before it is in force, and a commit takes some ten of these."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def places(directories: Mapping[str, Path]) -> dict[Path, str]:
    """Where these will be written now, and what: the directories themselves, or the nearest above that there are."""
    found: dict[Path, str] = {}
    for what, directory in directories.items():
        place = next(place for place in (directory, *directory.absolute().parents) if _is_there(place))
        found[place] = f"{found[place]}, {what}" if place in found else what
    return found


def disk(what: str, place: Path) -> list[Result]:
    """A directory that is written to."""
    check = f"disk of {what}"
    try:
        seconds = _synced(place)
    except OSError as error:
        if error.errno in _FULL:
            return [fault(check, f"{place} is full", "Make room")]
        remedy = f"Let the user that runs Stillwatch write there, or name another place for the {what}"
        return [fault(check, f"{place} cannot be written: {os.strerror(error.errno or 0)}", remedy)]
    found = os.statvfs(place)
    files = found.f_favail if found.f_files else None
    return [*room(check, place, found.f_bavail * found.f_frsize, files), *speed(check, place, seconds)]


def room(check: str, place: Path, free_bytes: int, free_files: int | None) -> list[Result]:
    """How much is left, `free_files` None where the file system does not count."""
    said = f"{place}: {free_bytes / 1e9:,.1f} GB free"
    if free_bytes < _TOO_FEW_BYTES:
        return [fault(check, said, "Make room: observation stops when it is full")]
    if free_bytes < _FEW_BYTES:
        return [warning(check, said, "Make room, or move old days of the ledger away")]
    if free_files is not None and free_files < _FEW_FILES:
        return [warning(check, f"{place}: {free_files:,} files (inodes) left", "Remove small files")]
    return [ok(check, said)]


def speed(check: str, place: Path, seconds: float) -> list[Result]:
    """How long a write takes to be safe (fsync)."""
    said = f"{place}: a write is safe after {seconds * 1000:.1f} ms"
    if seconds > _SLOW_SECONDS:
        return [warning(check, said, "Put it on a disk of its own, or a faster one")]
    return [ok(check, said)]


def _is_there(place: Path) -> bool:
    """False also where nobody lets us look."""
    try:
        return place.exists()
    except OSError:
        return False


def _synced(place: Path) -> float:
    """Seconds that a small write takes to be safe, the median of a few. Raises `OSError`."""
    taken = []
    with tempfile.TemporaryFile(dir=place) as file:
        for _ in range(_TRIES):
            began = time.perf_counter()
            os.write(file.fileno(), _BLOCK)
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
