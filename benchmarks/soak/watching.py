"""What a deployment takes at one moment: memory and open files of each of its processes, and its disk.

Memory is what is of the process alone and no file's: pages that forked workers share are counted once among them, and
libraries, which other programs of the machine may share or not, are left out. Read from /proc, so on Linux.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_COMMAND = "stillwatch.cli.main"


@dataclass(frozen=True, slots=True)
class Taken:
    """Of one process, or of all of one role. Bytes and numbers of files; CPU in seconds."""

    own_bytes: int = 0
    rss_bytes: int = 0
    files: int = 0
    cpu_seconds: float = 0.0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.own_bytes + other.own_bytes,
            self.rss_bytes + other.rss_bytes,
            self.files + other.files,
            self.cpu_seconds + other.cpu_seconds,
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` since the load began; processes by role, disk by what lies in the home."""

    seconds: float
    processes: dict[str, Taken]
    disk: dict[str, int]


def moment(seconds: float, roots: Mapping[str, int], home: Path) -> Moment:
    """Now, of some processes by role, of all that they started, and of a home."""
    processes: dict[str, Taken] = {}
    for role, pid in (found for name, root in roots.items() for found in _tree(root, name)):
        try:
            processes[role] = processes.get(role, Taken()) + _taken(pid)
        except OSError:
            continue  # it has ended meanwhile
    return Moment(seconds, processes, {part.name: _bytes(part) for part in sorted(home.iterdir())})


def _tree(pid: int, role: str) -> Iterator[tuple[str, int]]:
    yield role, pid
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
        for child in children:
            yield from _tree(child, _role(child, role))
    except OSError:
        return


def _role(pid: int, parent: str) -> str:
    """The command that it runs; a process that its parent forked is the parent's."""
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    command = arguments[arguments.index(_COMMAND) + 1] if _COMMAND in arguments else ""
    return command if command and command != parent else f"{parent}'s children"


def _taken(pid: int) -> Taken:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines[1:])}
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Taken(sizes["Pss_Anon"], sizes["Rss"], files, ticks / os.sysconf("SC_CLK_TCK"))


def _bytes(part: Path) -> int:
    """On disk, of a file or all below a folder."""
    files = [part] if part.is_file() else part.rglob("*")
    total = 0
    for file in files:
        try:
            total += file.stat().st_blocks * 512
        except FileNotFoundError:
            continue  # compaction has removed it meanwhile
    return total
