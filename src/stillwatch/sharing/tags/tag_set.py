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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

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
        """The set of these tags; of one that several members published, the most confident stays.

        Raises `UsageError` for a tag of another epoch, and for a width that is none.
        """
        if width not in (SHORT_TAG_BYTES, TAG_BYTES):
            raise UsageError(f"tags of {width} bytes", f"A set has {SHORT_TAG_BYTES} or {TAG_BYTES}")
        best: dict[tuple[bytes, Kind], PublishedTag] = {}
        for one in published:
            if one.tag.epoch != epoch:
                raise UsageError(f"a tag of epoch {one.tag.epoch} in a set of epoch {epoch}")
            key = (one.tag.value[:width], one.tag.kind)
            best[key] = max(best.get(key, one), one, key=lambda p: (p.confidence, p.until_s))
        rows = sorted(best.items())
        return cls(
            epoch,
            np.frombuffer(b"".join(value for (value, _), _ in rows), np.uint8).reshape(-1, width),
            np.array([_KINDS_INDEX[kind] for (_, kind), _ in rows], np.uint8),
            np.array([one.confidence for _, one in rows], np.uint8),
            np.array([one.until_s // DAY_SECONDS for _, one in rows], np.uint32),
        )

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
        if width not in (SHORT_TAG_BYTES, TAG_BYTES) or len(body) != n * (width + 6):
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
