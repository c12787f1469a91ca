"""Robbing a hub: everything on its disks as one heap of bytes, and a search in it for identifiers that were planted.

The robber has the right dictionary and all public rules: each identifier as it was entered, in small letters, in its
one spelling and as the function is evaluated at it. It looks for each of these plain, in hexadecimal, base64, percent
signs and two-byte characters, and for eight known digests of each, whole or cut to eight bytes and more.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from stillwatch.sharing.tags.identifier import Identifier, Kind
from stillwatch.sharing.tags.normalise import identifier

_SQLITE = b"SQLite format 3\0"
HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b")
_PREFIX = 8
"""Bytes by which both ends of a pattern are looked up. 10^7 patterns meet 10^8 random bytes in so many with 5e-5."""


@dataclass(frozen=True)
class Planted:
    """An identifier as somebody entered it, and in its one spelling."""

    raw: str
    normalised: Identifier


def planted(count: int) -> list[Planted]:
    """Different ones, of all kinds alike; each has eight characters or more, so that none is found by chance."""
    made = {
        Kind.EMAIL: lambda n: f"Trial.{n:07}+signup@Mail{n % 97}.Example.com",
        Kind.PHONE: lambda n: f"+49 151 {20_000_000 + n:08}",
        Kind.IPV4: lambda n: f"130.{100 + n // 22_500}.{100 + n % 150}.{100 + n // 150 % 150}",
        Kind.IPV6: lambda n: f"2A01:4F8:{n // 60_000 + 16:X}:{n % 60_000 + 4096:X}::1",
        Kind.DOMAIN: lambda n: f"Relay-{n:07}.Ring-Example.com",
        Kind.PAYMENT: lambda n: f"card:{400_000 + n // 10_000}:{n % 10_000:04}:05/27",
        Kind.DEVICE: lambda n: f"ja4:T13D{n:012X}",
        Kind.ASN: lambda n: f"AS{1_000_000_000 + 7_919 * n}",
        Kind.HANDLE: lambda n: f"forum:Reseller_{n:07}",
    }
    raw = ((kind, make(number)) for number in range(-(-count // len(made))) for kind, make in made.items())
    found = [Planted(value, identifier(kind, value)) for kind, value in raw][:count]
    assert len({one.normalised for one in found}) == count, "an identifier was planted twice"
    return found


def dumped(places: Iterable[Path]) -> bytes:
    """Every file in these folders, and these files; of databases also each value, which their pages cut in pieces."""
    within = (file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*"))))
    files = [file for file in within if file.is_file()]
    values = (value for file in files if file.read_bytes()[:16] == _SQLITE for value in _values(file))
    return b"\n".join([*(file.read_bytes() for file in files), *values])


def _values(file: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(file)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - the database's own names
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def recovered(dump: bytes, some: Sequence[Planted]) -> int:
    """How many identifiers the dump gives up."""
    windows = _windows(dump)
    return sum(_is_in(dump, windows, [pattern for base in _bases(one) for pattern in _patterns(base)]) for one in some)


def _bases(one: Planted) -> set[bytes]:
    spelled = one.normalised.value
    return {one.raw.encode(), one.raw.casefold().encode(), spelled.encode(), one.normalised.data}


def _patterns(base: bytes) -> Iterator[bytes]:
    yield from _written(base)
    yield quote(base, safe="").encode()
    yield base.decode().encode("utf-16-le")
    for name in HASHES:
        digest = hashlib.new(name, base, usedforsecurity=False).digest()
        yield from (one[: 2 * _PREFIX] for one in _written(digest))


def _written(value: bytes) -> Iterator[bytes]:
    """Plain, in hexadecimal of both cases, and in base64 of both alphabets, wherever it begins in what was encoded."""
    yield value
    yield value.hex().encode()
    yield value.hex().upper().encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + value)[(0, 2, 3)[before] : len(value) * 4 // 3]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def _windows(dump: bytes) -> NDArray[np.uint64]:
    """Every eight bytes in a row that stand in the dump, ascending, each once."""
    letters = np.frombuffer(dump, np.uint8)
    found = np.zeros(len(letters) - _PREFIX + 1, np.uint64)
    for place in range(_PREFIX):
        found = (found << np.uint64(8)) | letters[place : len(letters) - _PREFIX + 1 + place]
    return np.unique(found)


def _is_in(dump: bytes, windows: NDArray[np.uint64], patterns: Sequence[bytes]) -> bool:
    """Both ends of a pattern have to stand in the dump before it is looked for: one end may be everybody's."""
    last = _are_among(windows, [pattern[-_PREFIX:] for pattern in patterns])
    first = _are_among(windows, [patterns[place][:_PREFIX] for place in np.flatnonzero(last)])
    return any(patterns[place] in dump for place in np.flatnonzero(last)[first])


def _are_among(windows: NDArray[np.uint64], ends: Sequence[bytes]) -> NDArray[np.bool_]:
    wanted = np.array([int.from_bytes(end) for end in ends], np.uint64)
    return np.asarray(windows[np.minimum(np.searchsorted(windows, wanted), len(windows) - 1)] == wanted)
