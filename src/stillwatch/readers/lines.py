"""Physical lines out of pieces of text, and multi-line JSON documents out of lines; both of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MAX_LINE_BYTES = 64 * 1024 * 1024  # chosen: above the 50 MB bodies that providers admit


class Line(NamedTuple):
    """One row's bytes without its newline; None if it is over `MAX_LINE_BYTES` and was not kept."""

    number: int  # of its first physical line, from 1
    text: bytes | None
    last_number: int
    end: int  # byte offset, in the uncompressed text, of what follows it


class LineSplitter:
    """Cuts pieces into lines; holds at most one unfinished line."""

    def __init__(self, number: int = 0, offset: int = 0) -> None:
        """`number` lines and `offset` bytes were consumed before."""
        self._number = number
        self._offset = offset
        self._parts: list[bytes] = []
        self._held = 0  # bytes of the unfinished line, kept or not
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that `piece` completes."""
        *whole, rest = piece.split(b"\n")
        lines = []
        for end in whole:
            self._extend(end)
            lines.append(self._take(newline=1))
        self._extend(rest)
        return lines

    def finish(self) -> list[Line]:
        """The last line, if no newline ended it."""
        return [self._take(newline=0)] if self._held else []

    def _extend(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > MAX_LINE_BYTES:
            self._is_too_long = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _take(self, newline: int) -> Line:
        text = None if self._is_too_long else b"".join(self._parts)
        self._number += 1
        self._offset += self._held + newline
        self._parts, self._held, self._is_too_long = [], 0, False
        return Line(self._number, text, self._number, self._offset)


class DocumentJoiner:
    """Joins the lines of indented JSON documents, as a pretty-printer writes them one after the other.

    A document goes from a line that is one opening brace, at the indentation of the first such line, to the
    closing brace at the same indentation. What lies between documents (brackets, commas) is passed over.
    """

    def __init__(self, indent: bytes) -> None:
        self._opening = indent + b"{"
        self._closing = indent + b"}"
        self._lines: list[Line] = []
        self._held = 0

    def feed(self, lines: list[Line]) -> Iterator[Line]:
        """The documents that these lines complete."""
        for line in lines:
            text = (line.text or b"").rstrip(b" \t\r,")
            if not self._lines and text != self._opening:
                continue
            self._lines.append(line)
            self._held += len(line.text or b"")
            if self._held > MAX_LINE_BYTES:
                self._lines[1:] = [line._replace(text=None)]
            if text == self._closing:
                yield self._take()

    def finish(self) -> list[Line]:
        """A document that the end of the log cut."""
        return [self._take()] if self._lines else []

    def _take(self) -> Line:
        first, last = self._lines[0], self._lines[-1]
        is_whole = self._held <= MAX_LINE_BYTES and all(line.text is not None for line in self._lines)
        text = b"\n".join([line.text or b"" for line in self._lines]).rstrip(b" \t\r,") if is_whole else None
        self._lines, self._held = [], 0
        return Line(first.number, text, last.number, last.end)


def document_indent(head: bytes) -> bytes | None:
    """The indentation of multi-line documents, or None where the head of a log has one row a line."""
    for line in head.split(b"\n", maxsplit=64)[:64]:
        text = line.strip()
        if text == b"{":
            return line[: line.index(b"{")]
        if text not in (b"", b"["):
            return None
    return None
