"""The hidden folder in which a world is made: gone however the making ends, if not at once then with the next start.

Its name is known before it exists, so that there is no moment at which it lies there and nobody would remove it. What
a kill leaves is removed by the next run into the same place; that nobody else is at work there, a lock on the place
itself says, which the kernel drops with its holder. Where a file system has no locks, two runs must not write into one
place.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwatch.errors import UsageError

UNFINISHED = ".world.unfinished"


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """An empty hidden folder below `folder` that goes away; raises `UsageError` where another run has one there."""
    work = folder / UNFINISHED
    place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(place, folder)
        try:
            shutil.rmtree(work, ignore_errors=True)  # what a kill left
            work.mkdir()
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    finally:
        os.close(place)


def _lock(place: int, folder: Path) -> None:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            f"another run is writing a world into {folder}", "Wait until it has ended, or name another with --out"
        ) from None
    except OSError:
        return  # no locks here: see above
