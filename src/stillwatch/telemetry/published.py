"""One process's numbers in one small file, written in place by that process alone.

Two slots are written in turns, each with a number, a length and a checksum; the reader takes the newest that is whole.
So a writer that is killed in the middle of one leaves the other, and nothing is made or renamed each second. While its
process lives the file is locked (flock); the kernel unlocks it however the process ends, also in another container.

Weakness: the directory must be on a local file system. Run directories are in memory, where a write costs microseconds.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec

from stillwatch.telemetry.catalogue import Series, Value

SUFFIX = ".metrics"
SLOT_BYTES = 65_536
"""Chosen: ten times what all dialects and outcomes take."""
_HEAD = struct.Struct("<QII")  # number of the writing, length, CRC-32
MOST_BYTES = SLOT_BYTES - _HEAD.size


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """What one process says. `told` is on the machine's monotonic clock, in seconds; `began` is UTC since 1970."""

    role: str
    pid: int
    began: float
    told: float
    numbers: list[tuple[Series, Value]]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Snapshot)


def create(file: Path) -> int:
    """Make the file and lock it for as long as the returned descriptor is open. Raises `OSError`.

    Its room is taken at once, so that a disk that fills up later changes nothing.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.posix_fallocate(descriptor, 0, 2 * SLOT_BYTES)
    except BaseException:
        os.close(descriptor)
        file.unlink()
        raise
    return descriptor


def write(descriptor: int, number: int, snapshot: Snapshot) -> None:
    """Put the snapshot into the slot whose turn it is. Raises `OSError`, or `ValueError` for one that is too large."""
    content = _ENCODER.encode(snapshot)
    if len(content) > MOST_BYTES:
        raise ValueError(f"numbers of {len(content)} bytes are more than the {MOST_BYTES} that there is room for")
    head = _HEAD.pack(number, len(content), zlib.crc32(content))
    os.pwrite(descriptor, head + content, number % 2 * SLOT_BYTES)


def read(descriptor: int) -> Snapshot | None:
    """The newest snapshot that is whole; None where there is none."""
    held = os.pread(descriptor, 2 * SLOT_BYTES, 0)
    slots = [found for start in (0, SLOT_BYTES) if (found := _slot(held[start : start + SLOT_BYTES]))]
    for _, content in sorted(slots, reverse=True):
        with suppress(msgspec.DecodeError):  # checksum and all, another version's
            return _DECODER.decode(content)
    return None


def is_locked(descriptor: int) -> bool:
    """Whether the process that writes it lives."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _slot(held: bytes) -> tuple[int, bytes] | None:
    if len(held) < _HEAD.size:
        return None
    number, length, checksum = _HEAD.unpack_from(held)
    content = held[_HEAD.size : _HEAD.size + length]
    if not length or len(content) != length or zlib.crc32(content) != checksum:
        return None
    return number, content
