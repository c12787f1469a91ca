"""Files that are either wholly on disk or not there, and a full disk said in one way.

A file is written beside its place under a hidden name, synced, renamed, and its directory synced. A crash
between any two of these steps leaves the old file (or none) and perhaps a `.partial` that the next writer
removes. Whoever must know where a run can be cut passes a `Checkpoint`; tests kill the process in it.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stillwatch.errors import StorageFull

Checkpoint = Callable[[str], None]
PARTIAL = ".partial"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def pass_by(point: str) -> None:
    """The checkpoint of ordinary runs: does nothing."""


def write_file(path: Path, content: bytes | memoryview, *, mode: int = 0o644, checkpoint: Checkpoint = pass_by) -> None:
    """Put `content` at `path` by writing a temporary, syncing and renaming it; the directory is the caller's.

    On any error, also Ctrl-C, the temporary is removed and what was at `path` is untouched.
    """
    temporary = path.with_name(f".{path.name}{PARTIAL}")
    try:
        _write_synced(temporary, content, mode)
        checkpoint("file written")
        temporary.replace(path)
        checkpoint("file renamed")
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Make the names in this directory durable: a rename is not, before its directory is synced."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create one directory durably; its parent exists."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        sync_directory(path.parent)


@contextmanager
def full_disk_is_storage_full(place: Path) -> Iterator[None]:
    """Turn "no room" from the file system or from SQLite into `StorageFull`; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise _storage_full(place) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise _storage_full(place) from error


def _storage_full(place: Path) -> StorageFull:
    return StorageFull(
        f"there is no room left on the disk that holds {place}",
        "What was committed is safe: make room and run the same command again, it goes on from there",
    )


def _write_synced(path: Path, content: bytes | memoryview, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
