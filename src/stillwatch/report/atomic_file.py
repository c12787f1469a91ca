"""A file that is either the old one or the whole new one, whatever happens while it is being written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from stillwatch.errors import StillwatchError


class FileNotWritten(StillwatchError):
    """The disk or the directory refused a result file; what stood there before is untouched."""


def write_atomically(path: Path, text: str) -> None:
    """Put `text` at `path` as UTF-8, so that a reader never sees half of it.

    The text goes to a temporary file beside `path`, reaches the disk (fsync), and takes the name in one step
    (rename, POSIX atomic). On any failure the old file stays and the temporary one is removed. Only the user who
    ran the hunt can read the new file: it holds account names. Raises `FileNotWritten`.
    """
    try:
        _replace(path, text)
    except OSError as error:
        problem = f"cannot write {path}: {error.strerror or error}"
        raise FileNotWritten(problem, "Name a directory that exists and has room, and run again") from error


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable; without it a power cut may bring the old name back."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
