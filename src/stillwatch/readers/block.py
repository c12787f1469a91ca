"""Logs in blocks of bounded memory, so that a run can spread over processes and go on where it stopped.

`open_log` recognises compression and format by content. `Log.blocks` reads blocks in order; each tells where it
ends, and reading from that `Position` gives exactly the blocks that were still to come. `parse_block` turns a
block into exchanges anywhere: blocks can be pickled.

A malformed row becomes a `Rejection`; a log that cannot be read on is an `InputError`, raised after all blocks
before the fault were delivered. Who calls decides how many rejections are too many.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from stillwatch.errors import InputError, MalformedRow
from stillwatch.exchange.record import Exchange
from stillwatch.exchange.wire import elements
from stillwatch.readers import parquet_rows
from stillwatch.readers.formats import READERS, RowReader, recognise, recognise_columns
from stillwatch.readers.lines import MAX_LINE_BYTES, DocumentJoiner, Line, LineSplitter, document_indent
from stillwatch.readers.paths import STDIN
from stillwatch.readers.raw_bytes import GZIP_MAGIC, BrokenOff, Piece, gzip_pieces, plain_pieces
from stillwatch.readers.rejection import ParsedBlock, Rejection

MAX_ROWS = 4096  # chosen: a block of ordinary rows is then some megabytes
MAX_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024
SAMPLES = 16  # chosen: with head and tail 18 reads, some milliseconds however large the file
SAMPLE_BYTES = 4 * 1024
PARQUET_MAGIC = b"PAR1"  # Apache Parquet file format, "File format"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


class Position(msgspec.Struct, frozen=True, gc=False):
    """How far a log was read: rows and bytes of its uncompressed text; for Parquet the offset stays 0."""

    line: int = 0
    offset: int = 0


class Block(msgspec.Struct, frozen=True):
    """Some consecutive rows of one log. `rows` holds None for a line that was too long to keep."""

    format: str
    source_name: str
    lines: list[int]  # the number of each row's first line, from 1
    rows: list[bytes | None] | parquet_rows.Table
    end: Position
    end_fraction: float | None  # share of the file's own bytes that is consumed; None for standard input


@dataclass(frozen=True)
class Log:
    """One recognised log. Files are opened anew for every `blocks`; standard input can be read once."""

    path: Path
    format: str
    compression: str  # none, gzip, parquet
    fingerprint: str  # of its size, its ends and samples between: stable while the file is, and cheap for huge files
    size: int | None  # of the file as it lies there, in bytes
    indent: bytes | None  # of multi-line documents; None for one row a line
    head: bytes = b""  # what was read of standard input to recognise it

    @property
    def name(self) -> str:
        """How messages and ledgers call this log: a name's bytes that are no UTF-8 stand as escapes."""
        if self.path == STDIN:
            return "standard input"
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    def blocks(
        self, start: Position | None = None, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
    ) -> Iterator[Block]:
        """Blocks from `start` on, each of at most `max_rows` rows and about `max_bytes` of text.

        Raises `InputError` naming file and line when the file breaks off, after the blocks before the fault.
        """
        start = start or Position()
        if self.compression == "parquet":
            yield from self._parquet_blocks(start, max_rows, max_bytes)
        elif self.path == STDIN:
            if start.line:
                raise InputError("standard input cannot be resumed", "Give the log as a file")
            yield from self._text_blocks(sys.stdin.buffer, start, max_rows, max_bytes)
        else:
            with _opened(self.path) as file:
                yield from self._text_blocks(file, start, max_rows, max_bytes)

    def _parquet_blocks(self, start: Position, max_rows: int, max_bytes: int) -> Iterator[Block]:
        log = parquet_rows.ParquetLog(self.path)
        row = start.line
        for batch in log.batches(row, max_rows, max_bytes):
            lines = list(range(row + 1, row + batch.num_rows + 1))
            row += batch.num_rows
            yield Block(self.format, self.name, lines, batch, Position(row), row / log.num_rows)

    def _text_blocks(self, file: BinaryIO, start: Position, max_rows: int, max_bytes: int) -> Iterator[Block]:
        pieces = (gzip_pieces if self.compression == "gzip" else plain_pieces)(file, self.head, start.offset)
        gathered: list[Line] = []
        held = 0
        raw_offset = 0
        last = start.line
        try:
            for line, raw_offset in self._rows(pieces, start):
                gathered.append(line)
                held += len(line.text or b"")
                last = line.last_number
                if len(gathered) >= max_rows or held >= max_bytes:
                    yield self._block(gathered, raw_offset)
                    gathered, held = [], 0
        except (BrokenOff, OSError) as fault:
            if gathered:
                yield self._block(gathered, raw_offset)
            raise InputError(
                f"{self.name} breaks off after line {last}: {fault}", "What came before is good; fetch the file again"
            ) from fault
        if gathered:
            yield self._block(gathered, self.size or 0)

    def _rows(self, pieces: Iterator[Piece], start: Position) -> Iterator[tuple[Line, int]]:
        """Lines or documents, each with the number of raw bytes consumed when it was complete."""
        splitter = LineSplitter(start.line, start.offset)
        joiner = None if self.indent is None else DocumentJoiner(self.indent)
        raw_offset = 0
        for text, raw_offset in pieces:
            lines = splitter.feed(text)
            for line in lines if joiner is None else joiner.feed(lines):
                yield line, raw_offset
        rest = splitter.finish()
        for line in rest if joiner is None else [*joiner.feed(rest), *joiner.finish()]:
            yield line, raw_offset

    def _block(self, gathered: list[Line], raw_offset: int) -> Block:
        last = gathered[-1]
        return Block(
            format=self.format,
            source_name=self.name,
            lines=[line.number for line in gathered],
            rows=[line.text for line in gathered],
            end=Position(last.last_number, last.end),
            end_fraction=min(raw_offset / self.size, 1.0) if self.size else None,
        )


def open_log(path: Path) -> Log:
    """Recognise a log by its content; raise `InputError` where it cannot be read as text or Parquet."""
    if path == STDIN:
        head, size = sys.stdin.buffer.read(HEAD_BYTES), None
        fingerprint = _fingerprint(size, head)
    else:
        with _opened(path) as file:
            head = file.read(HEAD_BYTES)
            size = file.seek(0, os.SEEK_END)
            fingerprint = _fingerprint(size, head, *_beyond_the_head(file, size))
    if head.startswith(PARQUET_MAGIC):
        return _open_parquet(path, fingerprint, size)
    compression = "gzip" if head.startswith(GZIP_MAGIC) else "none"
    text = _first_text(head) if compression == "gzip" else head
    if text.startswith(_UTF16_MARKS):
        raise InputError(f"{path} is UTF-16", "Convert it to UTF-8: iconv -f UTF-16 -t UTF-8")
    kept = head if path == STDIN else b""
    return Log(path, recognise(text), compression, fingerprint, size, document_indent(text), kept)


def _fingerprint(size: int | None, *parts: bytes) -> str:
    return hashlib.blake2b(b"".join([str(size).encode(), *parts]), digest_size=16).hexdigest()


def _beyond_the_head(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Samples at equal distances and the tail, so that logs of one size which differ later on are told apart.

    Known weakness: logs of one size that differ only between the samples are taken for one.
    """
    for number in range(1, SAMPLES + 1):
        file.seek(size * number // (SAMPLES + 1))
        yield file.read(SAMPLE_BYTES)
    file.seek(max(size - TAIL_BYTES, 0))
    yield file.read(TAIL_BYTES)


def parse_block(block: Block) -> ParsedBlock:
    """The exchanges of a block and the rows that are none. Pure: any process can do it, in any order."""
    read = READERS[block.format]
    exchanges: list[Exchange] = []
    rejections: list[Rejection] = []
    texts = block.rows if isinstance(block.rows, list) else parquet_rows.json_rows(block.rows)
    for line, text in zip(block.lines, texts, strict=True):
        for found in _parse_row(read, line, text):
            if isinstance(found, Exchange):
                exchanges.append(found)
            else:
                rejections.append(Rejection(line, found.problem))
    return ParsedBlock(exchanges, rejections)


def _parse_row(read: RowReader, line: int, text: bytes | None) -> Sequence[Exchange | MalformedRow]:
    """What one row holds: nothing for a blank one, several items for a JSON list."""
    if text is None:
        return [MalformedRow(f"line is longer than {MAX_LINE_BYTES // 2**20} MiB")]
    if line == 1:
        text = text.removeprefix(_UTF8_MARK)
    if text[:1] == b"{" and text[1:2] != b"\0":
        return _read_row(read, text)
    if not text or text.isspace():
        return []
    if b"\0" in text[:64]:
        return [MalformedRow("line is not UTF-8: it has zero bytes, as UTF-16 does")]
    if text.lstrip()[:1] == b"[" and (items := elements(text)):
        return [found for item in items for found in _read_row(read, bytes(item))]
    return _read_row(read, text)


def _read_row(read: RowReader, text: bytes) -> Sequence[Exchange | MalformedRow]:
    try:
        return read(text)
    except MalformedRow as fault:
        return [fault]


def _open_parquet(path: Path, fingerprint: str, size: int | None) -> Log:
    if path == STDIN:
        raise InputError("standard input is Parquet, which cannot be read from a pipe", "Give the log as a file")
    columns = parquet_rows.ParquetLog(path).columns
    return Log(path, recognise_columns(columns), "parquet", fingerprint, size, None)


def _first_text(head: bytes) -> bytes:
    """The beginning of what a gzip file holds; empty if it is damaged, which `blocks` will then report."""
    try:
        return next(gzip_pieces(io.BytesIO(), head)).text
    except (BrokenOff, StopIteration):
        return b""


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as fault:
        raise InputError(f"{path} cannot be opened: {fault.strerror}", "Check the path and its permissions") from fault
