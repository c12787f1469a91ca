"""The bytes of a log file, plain or gzip, in pieces of bounded size and with the place they came from.

Compression is recognised by content. A gzip file may have several members (RFC 1952, 2.2), as log rotation
makes them. A file that breaks off yields all that could be decoded and then raises `BrokenOff`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from stillwatch.errors import InputError

PIECE_BYTES = 1024 * 1024  # chosen: decompression returns at most this much at once, whatever the ratio
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, 2.3.1
_GZIP_WINDOW = 31  # zlib: 15 bits of window, and expect a gzip header and trailer


class Piece(NamedTuple):
    """Some bytes of the log's text, and how many bytes of the file itself have been used for it so far."""

    text: bytes
    raw_offset: int


class BrokenOff(InputError):
    """The compressed file ends early or is damaged; what came before is good."""


def plain_pieces(file: BinaryIO, head: bytes = b"", start: int = 0) -> Iterator[Piece]:
    """Pieces of an uncompressed file; `head` is what was already read of it, `start` where to begin."""
    offset = len(head)
    if head:
        yield Piece(head[start:], offset)
        start = max(start - len(head), 0)
    elif start:
        offset = file.seek(start)
    while raw := file.read(PIECE_BYTES):
        offset += len(raw)
        yield Piece(raw, offset)


def gzip_pieces(file: BinaryIO, head: bytes = b"", start: int = 0) -> Iterator[Piece]:
    """Pieces of the text inside a gzip file, from byte `start` of that text."""
    for text, raw_offset in _inflated(file, head):
        if start >= len(text):
            start -= len(text)
        else:
            yield Piece(text[start:], raw_offset)
            start = 0


def _inflated(file: BinaryIO, head: bytes) -> Iterator[Piece]:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    raw, raw_offset = head, len(head)
    while True:
        if not raw:
            raw = file.read(PIECE_BYTES)
            raw_offset += len(raw)
        if not raw:
            break
        if inflater.eof:
            raw = raw.lstrip(b"\0")  # gzip pads its last member with zeros on some media
            if not raw:
                continue
            inflater = zlib.decompressobj(_GZIP_WINDOW)
        text = _inflate(inflater, raw)
        raw = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        if text:
            yield Piece(text, raw_offset - len(raw))
    yield from _rest(inflater, raw_offset)


def _rest(inflater: zlib._Decompress, raw_offset: int) -> Iterator[Piece]:
    """What the inflater still holds when the file is at its end; then `BrokenOff` if the member is not."""
    while not inflater.eof:
        text = _inflate(inflater, b"")
        if not text:
            raise BrokenOff("the gzip data ends early")
        yield Piece(text, raw_offset)


def _inflate(inflater: zlib._Decompress, raw: bytes) -> bytes:
    try:
        return inflater.decompress(raw, PIECE_BYTES)
    except zlib.error:
        raise BrokenOff("the gzip data is damaged") from None
