"""A process's end of the metrics: its numbers, about once a second, into a file of its own.

    publisher = Publisher(directory, "worker", numbers)   # after the fork: one for each process
    ...
    publisher.publish()                                   # from a timer, every PUBLISH_SECONDS
    ...
    publisher.close()                                     # at the end; a kill loses what was counted since the last

`numbers()` returns a mapping from `catalogue.Series` to numbers; `collecting` has those of each role. It is called in
the thread that publishes, which has to be the one that counts.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import secrets
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

import stillwatch
from stillwatch.errors import StillwatchError
from stillwatch.telemetry import published
from stillwatch.telemetry.catalogue import Series, Value, is_known
from stillwatch.telemetry.gathering import alone, gather

PUBLISH_SECONDS = 1.0
"""Chosen: far below the 15 s of a usual scrape; costs 0.01 % of a core."""
WORKER = "worker"
"""The role of a gateway's workers; whether a deployment is ready is asked of these."""
_ROLE = re.compile(r"[a-z][a-z_]{0,30}")
_PAGE = resource.getpagesize()

Collect = Callable[[], Mapping[Series, Value]]


class Publisher:
    """Tells the numbers of this process. `role` is a word: worker, observer, tracer, supervisor.

    Raises `StillwatchError` where the directory cannot be written; whether that stops the process is the caller's
    choice. It holds one descriptor, which a forked child closes: a child that tells numbers makes its own.
    """

    def __init__(self, directory: Path, role: str, collect: Collect) -> None:
        if not _ROLE.fullmatch(role):
            raise ValueError(f"{role!r} is no role: use small letters")
        self._role = role
        self._collect = collect
        self._began = time.time()
        self._told = 0.0
        self._writings = 0
        file = directory / f"{role}-{os.getpid()}-{secrets.token_hex(4)}{published.SUFFIX}"
        try:
            with alone(directory):
                gather(directory)
                self._descriptor = published.create(file)
                _OPEN.add(self)
                self.publish()
        except OSError as error:
            raise StillwatchError(
                f"metrics cannot be kept in {directory}: {error.strerror}", "Name a directory in memory, as below /run"
            ) from None

    def publish(self) -> bool:
        """Tell the numbers as they are now; False where the disk failed, which changes nothing else.

        Raises `ValueError` for a number that the catalogue does not have.
        """
        numbers = list(self._collect().items())
        for series, value in numbers:
            if not is_known(series, value):
                raise ValueError(f"the catalogue of metrics has no such number: {series}")
        numbers += _of_process(self._began)
        self._told = time.monotonic()
        snapshot = published.Snapshot(self._role, os.getpid(), self._began, self._told, numbers)
        self._writings += 1
        try:
            published.write(self._descriptor, self._writings, snapshot)
        except OSError:
            return False
        return True

    def publish_if_due(self) -> None:
        """Tell the numbers if they were last told `PUBLISH_SECONDS` ago: for a loop without timers that turns often."""
        if time.monotonic() >= self._told + PUBLISH_SECONDS:
            self.publish()

    def close(self) -> None:
        """Tell the numbers for the last time: they stay in the totals."""
        if self._descriptor >= 0:
            self.publish()
            self.forget()

    def forget(self) -> None:
        """Let go of the file without a word; in a forked child, where it is the parent's."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_OPEN: weakref.WeakSet[Publisher] = weakref.WeakSet()


def _forget_parents() -> None:
    """A lock that a child inherits would outlive its process."""
    for publisher in list(_OPEN):
        publisher.forget()


os.register_at_fork(after_in_child=_forget_parents)


def _of_process(began: float) -> list[tuple[Series, Value]]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    virtual, resident = Path("/proc/self/statm").read_bytes().split()[:2]
    return [
        (("stillwatch_build_info", stillwatch.__version__, platform.python_version()), 1),
        (("process_cpu_seconds_total",), used.ru_utime + used.ru_stime),
        (("process_resident_memory_bytes",), int(resident) * _PAGE),
        (("process_virtual_memory_bytes",), int(virtual) * _PAGE),
        (("process_open_fds",), _open_files()),
        (("process_max_fds",), most),
        (("process_start_time_seconds",), began),
    ]


def _open_files() -> int:
    """Linux 6.2 and newer say it as a size; listing takes 10 ms where 20,000 clients are connected."""
    folder = Path("/proc/self/fd")
    return folder.stat().st_size or sum(1 for _ in folder.iterdir())
