"""The set of tags that everybody downloads whole and compares at home, so that nobody learns what was looked for.

    b"SWTAGS1\\n", one line of JSON {epoch, width, count}, then the columns:
    tags        count x width bytes, ascending
    kinds       count x 1 byte, place in `Kind`
    confidence  count x 1 byte, 0 to 100
    until       count x 4 bytes, little-endian, the day (since 1970) on which the tag is void

22 bytes a tag: 10,000 are 220 KB, a million 22 MB. A tag says that some member suspects this identifier; it says not
who, why, since when or how much.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import InputError, UsageError
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.identifier import Kind

TAG_BYTES = 16
"""Width as published. A false match among 10^6 tags and 10^5 suspects has a chance of 3e-28."""
SHORT_TAG_BYTES = 8
"""Where bytes matter: the first half. The same chance is 5e-9."""
LARGEST = 20_000_000
"""Tags in a set that is read: 440 MB. Chosen: twenty times what an alliance of ten expects."""
_MAGIC = b"SWTAGS1\n"
_LONGEST_HEADER = 200
_KINDS = tuple(Kind)
_KINDS_INDEX = {kind: index for index, kind in enumerate(_KINDS)}
_WIDTHS = (SHORT_TAG_BYTES, TAG_BYTES)
_ROW = struct.Struct(f">{TAG_BYTES}sBBI")
_COLUMNS = np.dtype([("high", ">u8"), ("low", ">u8"), ("kind", "u1"), ("confidence", "u1"), ("until", ">u4")])
"""`_ROW`, as numpy reads it: a tag as two numbers, by which it sorts as its bytes do."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One evaluated identifier of a member's own: `value` has 16 bytes. Never printed: it links what has it."""

    kind: Kind
    epoch: int
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PublishedTag:
    """A tag as a member contributes it; `confidence` is 15, 50 or 85 (docs/stix.md), `until_s` seconds since 1970."""

    tag: Tag
    confidence: int
    until_s: int


@dataclass(frozen=True, slots=True)
class Match:
    """One of the member's own tags stands in the set: `own` is its place in what was compared."""

    own: int
    kind: Kind
    confidence: int


class _Header(msgspec.Struct, frozen=True):
    epoch: Annotated[int, msgspec.Meta(ge=0)]
    width: int
    count: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


@dataclass(frozen=True, slots=True)
class TagSet:
    """Sorted columns of one epoch.

    Shapes: tags (count, width) uint8, kinds and confidence (count,) uint8, until_days (count,) uint32.
    """

    epoch: int
    tags: NDArray[np.uint8]
    kinds: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    until_days: NDArray[np.uint32]

    @classmethod
    def of(cls, epoch: int, published: Iterable[PublishedTag], width: int = TAG_BYTES) -> TagSet:
        """The set of these tags (`TagRows`). Raises `UsageError` for one of another epoch or width."""
        rows = TagRows(epoch)
        for one in published:
            rows.add(one)
        return rows.as_set(width)

    def __len__(self) -> int:
        return len(self.tags)

    def encode(self) -> bytes:
        header = _Header(self.epoch, self.tags.shape[1], len(self))
        columns = (self.tags, self.kinds, self.confidence, self.until_days.astype("<u4"))
        return _MAGIC + msgspec.json.encode(header) + b"\n" + b"".join(column.tobytes() for column in columns)

    @classmethod
    def decode(cls, encoded: bytes) -> TagSet:
        """Raises `InputError` for what is no set, is cut off, or holds a kind that is none."""
        header, body = _split(encoded)
        n, width = header.count, header.width
        if width not in _WIDTHS or len(body) != n * (width + 6):
            raise InputError("a set of tags is cut off or damaged", "Download it again")
        columns = np.frombuffer(body, np.uint8)
        kinds = columns[n * width : n * (width + 1)]
        if n and int(kinds.max()) >= len(_KINDS):
            raise InputError("a set of tags holds a kind that this release does not know", "Update Stillwatch")
        tags = columns[: n * width].reshape(n, width)
        until = np.frombuffer(body[n * (width + 2) :], "<u4").astype(np.uint32)
        return cls(header.epoch, tags, kinds, columns[n * (width + 1) : n * (width + 2)], until)

    def matches(self, own: Sequence[Tag], now_s: float) -> list[Match]:
        """Which of the member's `own` tags stand here and are not void. Looks at nothing but these two.

        Raises `UsageError` for tags of another epoch: under different keys nothing ever matches.
        """
        if any(tag.epoch != self.epoch for tag in own):
            raise UsageError(f"tags of another epoch than the set's, {self.epoch}", "Evaluate them again")
        width = self.tags.shape[1]
        wanted = {tag.value[:width]: [] for tag in own}  # type: dict[bytes, list[int]]
        for place, tag in enumerate(own):
            wanted[tag.value[:width]].append(place)
        here = _as_values(self.tags)
        asked = _as_values(np.frombuffer(b"".join(wanted), np.uint8).reshape(-1, width))
        alive = self.until_days > now_s // DAY_SECONDS
        return [
            Match(place, own[place].kind, int(self.confidence[row]))
            for row in np.flatnonzero(np.isin(here, asked) & alive)
            for place in wanted[self.tags[row].tobytes()]
            if own[place].kind is _KINDS[self.kinds[row]]
        ]


class TagRows:
    """Tags of one epoch as they come, 22 bytes each, until they are a set."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._rows = bytearray()
        self._width = TAG_BYTES

    def add(self, one: PublishedTag) -> None:
        """Raises `UsageError` for a tag of another epoch, and of a width that is none."""
        tag = one.tag
        if tag.epoch != self._epoch:
            raise UsageError(f"a tag of epoch {tag.epoch} in a set of epoch {self._epoch}")
        if len(tag.value) not in _WIDTHS:
            raise UsageError(f"a tag of {len(tag.value)} bytes", f"It has {SHORT_TAG_BYTES} or {TAG_BYTES}")
        self._width = min(self._width, len(tag.value))
        self._rows += _ROW.pack(tag.value, _KINDS_INDEX[tag.kind], one.confidence, one.until_s // DAY_SECONDS)

    def as_set(self, width: int = TAG_BYTES) -> TagSet:
        """Each tag once, in its most confident word; cut to `width` bytes, and to 8 where one of them has no more."""
        if width not in _WIDTHS:
            raise UsageError(f"tags of {width} bytes", f"A set has {SHORT_TAG_BYTES} or {TAG_BYTES}")
        rows = np.frombuffer(bytes(self._rows), _COLUMNS)
        return TagSet(self._epoch, *_best(rows, min(width, self._width)))


def _best(rows: NDArray[np.void], width: int) -> tuple[NDArray[Any], ...]:
    """Columns, ascending: of each tag and kind the row with the greatest confidence, then the latest end."""
    high, low = rows["high"], rows["low"] if width == TAG_BYTES else np.zeros(len(rows), np.uint64)
    rows = rows[np.lexsort((rows["until"], rows["confidence"], rows["kind"], low, high))]
    same = ["high", "low", "kind"] if width == TAG_BYTES else ["high", "kind"]
    is_last = np.ones(len(rows), np.bool_)
    if len(rows):
        is_last[:-1] = np.any([rows[name][1:] != rows[name][:-1] for name in same], axis=0)
    rows = rows[is_last]
    tags = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), _ROW.size)[:, :width]
    return tags, rows["kind"], rows["confidence"], rows["until"].astype(np.uint32)


def _split(encoded: bytes) -> tuple[_Header, bytes]:
    end = encoded.find(b"\n", len(_MAGIC), len(_MAGIC) + _LONGEST_HEADER)
    if not encoded.startswith(_MAGIC) or end < 0:
        raise InputError("this is no set of tags", "See docs/tags.md for its format")
    try:
        return msgspec.json.decode(encoded[len(_MAGIC) : end], type=_Header), encoded[end + 1 :]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InputError("the header of a set of tags is damaged", "Download it again") from None


def _as_values(tags: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Each row as one value that numpy sorts; equal width makes equal values equal rows."""
    return np.ascontiguousarray(tags).view(f"S{tags.shape[1]}").ravel()
