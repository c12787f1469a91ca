"""Which files are followed: those that are named or lie in a named folder, and what rotation made of them.

A file that was renamed away is read on until it has been quiet for a while, as its writer may not have let go of it.
At the start, files beside a log that bear its name and an ending (`log.jsonl.1`) are read from the newest back to the
first that is known already: what was written while nobody followed. Compressed ones are not: let rotation delay that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.observing.growing import GrowingLog, Inode, inode_of

QUIET_SECONDS = 10.0
"""Chosen: a writer that was told to open its log again does so in less."""
_SUFFIXES = (".jsonl", ".ndjson")
"""Of a folder. Not .json: ledgers and hunts write such files, which are no logs."""
_PACKED = (".gz", ".zst", ".xz", ".bz2", ".parquet")

IsKnown = Callable[[GrowingLog], bool]


class Rotation:
    """The open logs. `is_known` tells whether a log was read before; `tell` hears of those that cannot be."""

    def __init__(
        self, paths: Sequence[Path], is_known: IsKnown, tell: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._paths = paths
        self._is_known = is_known
        self._tell = tell
        self._clock = clock
        self._open: dict[Inode, GrowingLog] = {}
        self._grown: dict[Inode, float] = {}
        self._refused: set[Inode] = set()
        for path in list(self._named()):
            self._open_rotated(path)

    def logs(self) -> list[GrowingLog]:
        """Those that can be read now, the oldest first; new ones are opened, quiet ones that were renamed closed."""
        present = {inode: path for path in self._named() if (inode := inode_of(path)) is not None}
        for inode, path in present.items():
            if inode not in self._open and inode not in self._refused:
                self._add(path)
        for inode in [inode for inode in self._open if inode not in present and self._is_quiet(inode)]:
            self._open.pop(inode).close()
            del self._grown[inode]
        return [log for log in list(self._open.values()) if self._can_be_read(log)]

    def grew(self, log: GrowingLog) -> None:
        """Something was read of it just now."""
        self._grown[log.inode] = self._clock()

    def close(self) -> None:
        for log in self._open.values():
            log.close()
        self._open.clear()

    def _named(self) -> Iterator[Path]:
        for path in self._paths:
            if path.is_dir():
                yield from sorted(found for found in path.rglob("*") if found.name.endswith(_SUFFIXES))
            else:
                yield path

    def _add(self, path: Path) -> GrowingLog | None:
        try:
            log = GrowingLog(path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self._tell(f"{path} cannot be opened: {error.strerror}")
            return None
        self._open[log.inode] = log
        self.grew(log)
        return log

    def _is_quiet(self, inode: Inode) -> bool:
        return self._clock() - self._grown[inode] >= QUIET_SECONDS

    def _can_be_read(self, log: GrowingLog) -> bool:
        try:
            return log.identify()
        except InputError as error:
            self._tell(str(error))
            self._refused.add(log.inode)
            self._open.pop(log.inode).close()
            del self._grown[log.inode]
            return False

    def _open_rotated(self, path: Path) -> None:
        endings = (f"{path.name}.", f"{path.name}-")
        present = path.parent.iterdir() if path.parent.is_dir() else ()
        beside = [one for one in present if one.name.startswith(endings) and not one.name.endswith(_PACKED)]
        younger: list[Path] = []
        for found in sorted(beside, key=lambda one: one.stat().st_mtime_ns, reverse=True):
            younger.append(found)
            if self._was_read(found):
                for one in reversed(younger):
                    self._add(one)
                return

    def _was_read(self, path: Path) -> bool:
        log = GrowingLog(path)
        try:
            return log.identify() and self._is_known(log)
        except InputError:
            return False
        finally:
            log.close()
