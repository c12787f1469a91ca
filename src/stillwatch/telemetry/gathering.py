"""All processes' numbers from one directory; what a process counted stays when it has ended.

The numbers of a process that has ended are added to one file, `ended.counts`, and its own is removed, so that the
directory holds no more files than processes live and have ended since the last look. Which files were added is part of
that file: killed between adding and removing, the next look removes and does not add again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.errors import StillwatchError
from stillwatch.ledger.durable import write_file
from stillwatch.telemetry import published
from stillwatch.telemetry.catalogue import CATALOGUE, Over, Series, Value, is_known
from stillwatch.telemetry.published import SUFFIX, Snapshot

_log = logging.getLogger(__name__)
LOCK_SECONDS = 2.0
"""Chosen: a look takes milliseconds; who holds the lock for longer was stopped in the middle of one."""
_POLL_SECONDS = 0.005
_LOST: Series = ("stillwatch_lost_counts_total",)

Numbers = dict[Series, Value]


class DirectoryBusy(StillwatchError):
    """Another process has held the directory's lock for too long."""


class _Ended(msgspec.Struct):
    numbers: list[tuple[Series, Value]] = []
    added: list[str] = []


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the living say, and what those that have ended counted together."""

    living: list[Snapshot]
    ended: Numbers


@contextmanager
def alone(directory: Path) -> Generator[None]:
    """Nobody else looks at, or enters, the directory meanwhile; it is made if need be. Raises `DirectoryBusy`."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "metrics.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    latest = time.monotonic() + LOCK_SECONDS
    try:
        while not _locks(descriptor):
            if time.monotonic() > latest:
                raise DirectoryBusy(f"{directory} is held by another process", "Is one of Stillwatch's stopped there?")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def gather(directory: Path, known: dict[str, Snapshot] | None = None) -> Gathered:
    """Look once, inside of `alone`. `known` remembers the last whole snapshot of each file from look to look."""
    last = {} if known is None else known
    ended = _read_ended(directory)
    living, dead, names = [], [], set()
    for file in sorted(directory.glob(f"*{SUFFIX}")):
        if file.name in ended.added:
            file.unlink()
            continue
        names.add(file.name)
        snapshot, lives = _looked_at(file)
        if snapshot is not None:
            last[file.name] = snapshot
        if not lives:
            dead.append(file)
        elif file.name in last:
            living.append(last[file.name])
    numbers: Numbers = {series: value for series, value in ended.numbers if is_known(series, value)}
    if dead:
        numbers = _buried(directory, numbers, dead, last)
    for name in set(last) - (names - {file.name for file in dead}):
        del last[name]
    return Gathered(living, numbers)


def lasting(snapshot: Snapshot) -> Numbers:
    """What stays of a process's numbers when it ends."""
    return {
        series: value
        for series, value in snapshot.numbers
        if is_known(series, value) and CATALOGUE[series[0]].over is Over.ALL
    }


def add(to: Numbers, numbers: Mapping[Series, Value]) -> None:
    """Add numbers to those of the same series."""
    for series, value in numbers.items():
        held = to.get(series)
        if held is None:
            to[series] = value
        elif isinstance(value, list):
            assert isinstance(held, list)  # noqa: S101 - `is_known` knows which series are
            to[series] = [a + b for a, b in zip(held, value, strict=True)]
        else:
            assert not isinstance(held, list)  # noqa: S101 - as above
            to[series] = held + value


def _buried(directory: Path, numbers: Numbers, dead: Iterable[Path], last: Mapping[str, Snapshot]) -> Numbers:
    """The numbers with those of the dead, on disk before their files are gone."""
    names = []
    for file in dead:
        snapshot = last.get(file.name)
        add(numbers, lasting(snapshot) if snapshot is not None else {_LOST: 1})
        names.append(file.name)
    content = msgspec.msgpack.encode(_Ended(list(numbers.items()), names))
    write_file(directory / "ended.counts", content, mode=0o600)
    for name in names:
        (directory / name).unlink()
    return numbers


def _looked_at(file: Path) -> tuple[Snapshot | None, bool]:
    """What is in the file, and whether its process lives; the lock is asked first, so that the last word is read."""
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        lives = published.is_locked(descriptor)
        return published.read(descriptor), lives
    finally:
        os.close(descriptor)


def _read_ended(directory: Path) -> _Ended:
    try:
        return msgspec.msgpack.decode((directory / "ended.counts").read_bytes(), type=_Ended)
    except FileNotFoundError:
        return _Ended()
    except msgspec.DecodeError:
        _log.error("The counts of ended processes cannot be read; they begin at 0")
        return _Ended()


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
