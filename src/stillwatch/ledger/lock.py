"""One writer at a time: an advisory lock that the kernel drops when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from stillwatch.errors import LedgerError


class WriterLock:
    """Holds `writer.lock` of a ledger from entry to exit; raises `LedgerError` at once if it is taken.

    Works between processes of one machine and inside one process. Nothing needs to be cleaned up after a
    `kill -9`. On network file systems without flock the ledger must not be written from two machines.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "writer.lock"
        self._directory = directory
        self._descriptor = -1

    def __enter__(self) -> Self:
        if not self.try_acquire():
            raise LedgerError(
                f"the ledger {self._directory} is being written by another run{self._holder()}",
                "Wait until that run has ended, or stop it; a lock never outlives its process",
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def try_acquire(self) -> bool:
        """Take the lock if it is free; False if another holds it. OSError if the directory is read-only."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self._leave_name()
        return True

    def release(self) -> None:
        """Let the next writer in; releasing twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _leave_name(self) -> None:
        """Say who holds it, for the other run's error. Not essential: on a full disk the name is missing."""
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except OSError:
            pass

    def _holder(self) -> str:
        text = self._path.read_text(errors="replace").strip()
        return f" (process {text})" if text.isdigit() else ""
