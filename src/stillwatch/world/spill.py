"""Sorting more rows than memory holds: rows go to a file per hour as they come, and come back hour by hour, by time."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from stillwatch.world.stage import HOUR_US

_HELD_BYTES = 64 << 20  # chosen: memory for rows that wait to be written out
_LEVEL = 1  # of gzip: `full` would need tens of gigabytes of scratch otherwise


class Spill:
    """Takes lines in any order and gives them back by `(ts_us, line id)`. `folder` is its own and is left empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[int, list[bytes]] = defaultdict(list)
        self._waiting_bytes = 0
        self._hours: set[int] = set()

    def add(self, ts_us: int, name: str, line: bytes) -> None:
        """One line without a line break. `name` orders lines of the same microsecond."""
        self._waiting[ts_us // HOUR_US].append(b"%020d %s %s\n" % (ts_us, name.encode(), line))
        self._waiting_bytes += len(line) + 120
        if self._waiting_bytes > _HELD_BYTES:
            self._write_out()

    def by_time(self) -> Iterator[bytes]:
        """All lines, ascending, each with its line break."""
        self._write_out()
        for hour in sorted(self._hours):
            file = self._folder / str(hour)
            for line in sorted(gzip.decompress(file.read_bytes()).splitlines(keepends=True)):
                yield line.split(b" ", 2)[2]
            file.unlink()

    def _write_out(self) -> None:
        for hour, lines in self._waiting.items():
            with (self._folder / str(hour)).open("ab") as file:
                file.write(gzip.compress(b"".join(lines), _LEVEL, mtime=0))
        self._hours.update(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
