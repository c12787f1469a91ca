"""What a command cost: CPU time of its whole process tree, and the largest memory of each process.

CPU time and not wall time, because other work on the machine would count into the latter. It is what the kernel
accounts to the command and to every process that it started and waited for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.02
_CLI = (sys.executable, "-m", "stillwatch.cli.main")


@dataclass(frozen=True, slots=True)
class Usage:
    """`peak_bytes`: of the command's own process; `worker_peak_bytes`: the largest of those it started, 0 if none."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    worker_peak_bytes: int


class CommandFailed(Exception):
    """A measured command did not do its work; carries what it said."""


def stillwatch(*arguments: str | Path) -> Usage:
    """Run a command of Stillwatch as a reader would, in a process of its own."""
    return measure([*_CLI, *map(str, arguments)])


def measure(command: Sequence[str]) -> Usage:
    """Run `command` to its end. Raises `CommandFailed` if it exits with anything but 0."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 - our own commands
        watched = _Peaks(process.pid)
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            watched.sample()
            time.sleep(_SAMPLE_SECONDS)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        if process.returncode != 0:
            said.seek(0)
            raise CommandFailed(said.read().decode(errors="replace")[-2_000:])
    used = ended[2]
    cpu_seconds = used.ru_utime + used.ru_stime
    return Usage(cpu_seconds, time.monotonic() - start, watched.own, watched.largest_child)


class _Peaks:
    """High-water marks of a process and its children, as the kernel keeps them; 0 where it has no /proc.

    `ru_maxrss` would not do: a process inherits the mark of the one that started it.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.own = 0
        self.largest_child = 0

    def sample(self) -> None:
        self.own = max(self.own, _high_water(self._pid))
        for child in _children(self._pid):
            self.largest_child = max(self.largest_child, _high_water(child))


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
