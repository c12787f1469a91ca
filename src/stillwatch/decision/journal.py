"""An append-only record of every decision that changed how somebody is treated, in which nothing can be altered unseen.

One JSON line an entry; each holds the digest of the entry before it and its own over everything else in it, so that
changing, removing, inserting or moving one breaks the chain at that place. An entry is on disk before `append`
returns. A line that was cut short (the machine lost power while it was written) was never acknowledged to anybody and
is taken off before the next entry.

What the chain cannot show by itself: that its newest entries were cut off. Keep the digest of the head elsewhere (every
`append` returns it, `stillwatch journal verify` prints it) and give it to `verify`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.errors import JournalBroken, StorageFull

GENESIS = "0" * 64
_LONGEST_LINE = 64 * 1024 * 1024
"""A verdict over a million accounts; longer is no entry of ours."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. `kind` says what the `body` holds; `digest` covers all of it and `previous`."""

    number: int
    ts_us: int
    kind: str
    body: Mapping[str, Any]
    previous: str
    digest: str


class Journal:
    """The journal in one file. Several processes may append and read; each entry is whole for all of them."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, kind: str, body: Mapping[str, Any], ts_us: int) -> Entry:
        """Write one entry and return it once it is on disk.

        Raises `JournalBroken` where the last entry is not one, `StorageFull` where the disk is; then nothing changed.
        """
        with self._locked() as descriptor:
            return self._appended(descriptor, kind, body, ts_us)

    def append_unless(
        self, is_known: Callable[[], bool], kind: str, body: Mapping[str, Any], ts_us: int
    ) -> Entry | None:
        """`append`, unless `is_known` says that it is there already; nobody else writes between the two."""
        with self._locked() as descriptor:
            return None if is_known() else self._appended(descriptor, kind, body, ts_us)

    def _appended(self, descriptor: int, kind: str, body: Mapping[str, Any], ts_us: int) -> Entry:
        last = _last_entry(descriptor, self.file)
        number, previous = (last.number + 1, last.digest) if last else (1, GENESIS)
        digest = _digest(number, ts_us, kind, body, previous)
        entry = Entry(number, ts_us, kind, body, previous, digest)
        _write(descriptor, _line(entry), self.file)
        return entry

    def read(self, offset: int = 0) -> Iterator[tuple[Entry, int]]:
        """Whole entries from `offset` on, each with the offset behind it; not verified against each other."""
        if not self.file.exists():
            return
        with self.file.open("rb") as lines:
            lines.seek(offset)
            while (line := lines.readline(_LONGEST_LINE)).endswith(b"\n"):
                offset += len(line)
                yield _entry(line, self.file), offset

    @contextmanager
    def _locked(self) -> Generator[int]:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def verify(file: Path, head: str | None = None) -> tuple[int, str]:
    """How many entries `file` holds and the digest of the last, if every one follows from the one before.

    Raises `JournalBroken` naming the first entry that does not, or where `head`, kept elsewhere, is none of them.
    """
    number, previous, seen = 0, GENESIS, head in (None, GENESIS)
    for entry, _ in Journal(file).read():
        if entry.number != number + 1 or entry.previous != previous:
            raise JournalBroken(f"{file}: entry {number + 1} does not follow from the one before it", _SEALED)
        if entry.digest != digest_of(entry):
            raise JournalBroken(f"{file}: entry {entry.number} is not what was written", _SEALED)
        number, previous = entry.number, entry.digest
        seen = seen or previous == head
    if not seen:
        raise JournalBroken(f"{file}: the head {head} is none of its entries", "Its newest entries were cut off")
    return number, previous


def digest_of(entry: Entry) -> str:
    """What the digest of an entry has to be."""
    return _digest(entry.number, entry.ts_us, entry.kind, entry.body, entry.previous)


_SEALED = "Keep this file as it is, and go back to a copy whose head you know"
_DECODER = msgspec.json.Decoder(dict[str, Any])
_ENCODER = msgspec.json.Encoder(order="sorted")


def _digest(number: int, ts_us: int, kind: str, body: Mapping[str, Any], previous: str) -> str:
    sealed = {"number": number, "ts_us": ts_us, "kind": kind, "body": body, "previous": previous}
    return hashlib.sha256(_ENCODER.encode(sealed)).hexdigest()


def _line(entry: Entry) -> bytes:
    return _ENCODER.encode(entry) + b"\n"


def _entry(line: bytes, file: Path) -> Entry:
    """The entry of a line, which is spelled in no other way: not even white space can be put in unseen."""
    try:
        entry = Entry(**_DECODER.decode(line))
        if _line(entry) == line.removesuffix(b"\n") + b"\n":
            return entry
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        pass
    raise JournalBroken(f"{file}: a line of it is no entry", _SEALED)


def _last_entry(descriptor: int, file: Path) -> Entry | None:
    """The last whole entry; what follows it was cut short and is taken off."""
    size = os.fstat(descriptor).st_size
    tail, start = b"", size
    while start > 0 and tail.rstrip(b"\n").count(b"\n") < (1 if tail.endswith(b"\n") else 2):
        step = min(64 * 1024, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    whole, newline, torn = tail.rpartition(b"\n")
    if torn:
        os.ftruncate(descriptor, size - len(torn))
    return _entry(whole.rpartition(b"\n")[2], file) if newline else None


def _write(descriptor: int, line: bytes, file: Path) -> None:
    before = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, line)
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, before)
        raise StorageFull(f"{file} could not be written: {error.strerror}") from None
    if written != len(line):
        os.ftruncate(descriptor, before)
        raise StorageFull(f"{file} could not be written: the disk is full")
