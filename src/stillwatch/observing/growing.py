"""One log that is still written to: whole lines as they come, wherever it is renamed to, and from where it was left.

A log is known by its file (inode) and its first line, so that it may be renamed, and may be emptied and begun again
under its name. A line counts once its newline is there. Weakness: a file that is emptied, begins with the same line as
before and grows past the old position between two reads, also with the same bytes before that position, is not noticed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from stillwatch.errors import InputError
from stillwatch.readers.block import PARQUET_MAGIC, Block, Position
from stillwatch.readers.formats import recognise
from stillwatch.readers.lines import MAX_LINE_BYTES, Line, LineSplitter, document_indent
from stillwatch.readers.raw_bytes import GZIP_MAGIC

PIECE_BYTES = 1024 * 1024
BLOCK_BYTES = 8 * 1024 * 1024
"""Chosen, as `readers.block`: what is read before it is sketched and committed, when a log is far ahead."""
_REMEMBERED = 256
"""Bytes before the position, by which a file that was written anew is known. Chosen: some fields of a line."""

Inode = tuple[int, int]
"""Device and number of a file."""


def inode_of(path: Path) -> Inode | None:
    """Which file lies there; None where none does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class GrowingLog:
    """One open file. `fingerprint` is empty until its first line is whole; `format` as `readers.formats` names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        found = os.fstat(self._file.fileno())
        self.inode: Inode = found.st_dev, found.st_ino
        self._begin()

    @property
    def name(self) -> str:
        """How messages and ledgers call it."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    def _begin(self) -> None:
        self.fingerprint = self.format = ""
        self.is_placed = False  # whether it is known where to read on
        self._resume(Position(), b"")

    def _resume(self, at: Position, before: bytes) -> None:
        self._splitter = LineSplitter(at.line, at.offset)
        self._read = at.offset
        self._before = before

    def identify(self) -> bool:
        """Whether its first line is whole, so that it can be known and read. Raises `InputError` for what cannot."""
        if self.fingerprint:
            return True
        first = self._first_line()
        if first is None:
            return False
        if first.startswith((GZIP_MAGIC, PARQUET_MAGIC)) or document_indent(first) is not None:
            raise InputError(f"{self.name} is no log of one row a line that grows", "Read it with `stillwatch sketch`")
        self.format = recognise(first)
        self.fingerprint = hashlib.blake2b(b"%d\n%b" % (self.inode[1], first), digest_size=16).hexdigest()
        return True

    def resume(self, at: Position) -> bool:
        """Go on from here; False, and from the start, where the file is shorter than that."""
        if at.offset > self._size():
            return False
        start = max(at.offset - _REMEMBERED, 0)
        self._resume(at, self._at(start, at.offset - start))
        return True

    def was_emptied(self) -> bool:
        """Whether the file was written anew since it was read; it is then another log, and has to be identified."""
        size = self._size()
        start = self._read - len(self._before)
        if size >= self._read and self._at(start, len(self._before)) == self._before:
            return False
        self._begin()
        return True

    def block(self) -> Block | None:
        """The whole lines that were added, at most about `BLOCK_BYTES`; None where there are none."""
        lines: list[Line] = []
        held = 0
        while held < BLOCK_BYTES and (piece := self._at(self._read, PIECE_BYTES)):
            self._read += len(piece)
            self._before = (self._before + piece)[-_REMEMBERED:]
            held += len(piece)
            lines += self._splitter.feed(piece)
        if not lines:
            return None
        end = Position(lines[-1].last_number, lines[-1].end)
        return Block(self.format, self.name, [line.number for line in lines], [line.text for line in lines], end, None)

    def close(self) -> None:
        self._file.close()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _at(self, offset: int, count: int) -> bytes:
        return os.pread(self._file.fileno(), count, offset)

    def _first_line(self) -> bytes | None:
        """Bounded: of a line longer than any that is read, its beginning stands for it."""
        text = b""
        while b"\n" not in text and len(text) < MAX_LINE_BYTES:
            piece = self._at(len(text), PIECE_BYTES)
            if not piece:
                return None
            text += piece
        return text.partition(b"\n")[0]
