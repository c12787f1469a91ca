"""The tags that members published, as one set an epoch, which each member downloads whole (`tags.tag_set`).

In it is what the member may see and may act on: tags of indicators in their newest version that are not withdrawn, not
suspended and not over. A tag that is an object of its own is not: it names nobody who stands behind it, and no end.
Members who may see the same indicators get the same bytes, of which one copy is kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from stillwatch.sharing.hub import store as hub
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.stix.patterns import PatternUnknown, read
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.tag_set import PublishedTag, TagRows, TagSet
from stillwatch.sharing.taxii.selection import Selection
from stillwatch.sharing.taxii.timestamps import read_us

_INDICATORS = Selection(types=("indicator",))
_PAGE = 1_000
_PAGE_WITH_BODIES = 100
"""Indicators that are read at once: a full one has 36 kB."""
_KEPT = 4
"""Views of members of which sets are kept: most members see the same; one of a million tags is 22 MB."""

_Key = tuple[int, tuple[int, ...]]
"""The day, and the rows of the indicators."""


@dataclass(frozen=True, slots=True)
class Served:
    """An encoded set; `digest`: its SHA-256, which names it in `ETag`."""

    encoded: bytes
    digest: str


class _Indicator(msgspec.Struct, frozen=True):
    pattern: str
    pattern_type: str
    confidence: int
    valid_until: str
    revoked: bool = False


class TagSets:
    """Sets over a hub's store; `now_us` is the clock. Blocking, and safe for threads."""

    def __init__(self, objects: hub.Store, now_us: Callable[[], int]) -> None:
        self._objects = objects
        self._now_us = now_us
        self._kept: OrderedDict[_Key, dict[int, Served]] = OrderedDict()
        self._making = threading.Lock()

    def of(
        self, collections: Sequence[hub.Collection], member: Member, suspended: Collection[str], epoch: int
    ) -> Served:
        """The set of an epoch as this member may have it, empty where nobody published a tag of it."""
        today = self._now_us() // (DAY_SECONDS * 1_000_000)
        seen = (row for one in collections for row in self._rows(one, member, _PAGE, bodies=False))
        key = today, tuple(row.place.row for row in seen if row.id not in suspended)
        with self._making:
            if key not in self._kept:
                self._kept[key] = self._made(collections, member, suspended, today)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key].get(epoch) or _served(TagSet.of(epoch, ()))

    def _made(
        self, collections: Sequence[hub.Collection], member: Member, suspended: Collection[str], today: int
    ) -> dict[int, Served]:
        by_epoch: dict[int, TagRows] = {}
        for collection in collections:
            for row in self._rows(collection, member, _PAGE_WITH_BODIES, bodies=True):
                for one in () if row.id in suspended else _tags(row.body, today):
                    by_epoch.setdefault(one.tag.epoch, TagRows(one.tag.epoch)).add(one)
        return {epoch: _served(rows.as_set()) for epoch, rows in by_epoch.items()}

    def _rows(self, collection: hub.Collection, member: Member, page: int, bodies: bool) -> Iterator[hub.Row]:
        after, is_more = None, True
        while is_more:
            rows, is_more = self._objects.page(collection, member, _INDICATORS, after, page, bodies)
            yield from rows
            after = rows[-1].place if rows else None


def _in_force(body: bytes, today: int) -> tuple[_Indicator, int] | None:
    """The indicator and its end in seconds, unless it is withdrawn, over, or the operator's seed of something else."""
    try:
        found = msgspec.json.decode(body, type=_Indicator)
        until_s = read_us(found.valid_until) // 1_000_000
    except (msgspec.MsgspecError, ValueError):
        return None
    return None if found.revoked or until_s // DAY_SECONDS <= today else (found, until_s)


def _tags(body: bytes, today: int) -> Iterator[PublishedTag]:
    """What an indicator in force looks for, if that is tags."""
    if (in_force := _in_force(body, today)) is None:
        return
    found, until_s = in_force
    with suppress(PatternUnknown):
        looked = read(found.pattern) if found.pattern_type == "stix" else ()
        if isinstance(looked, tuple):
            yield from (PublishedTag(tag, found.confidence, until_s) for tag in looked)


def _served(made: TagSet) -> Served:
    encoded = made.encode()
    return Served(encoded, hashlib.sha256(encoded).hexdigest())
