"""What each quarter held, counted as it is published, because objects end before their quarter may be told of.

One file (mode 600) at the hub: of each collection until when it was counted, how many of each class by each member in
quarters that may not be told of yet, and for those that may, the cells alone: who contributed how much is then gone.
A first version is published, one with `revoked` withdrawn, another one corrected; the operator's seeds are not counted.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.errors import InputError
from stillwatch.ledger.durable import write_file
from stillwatch.sharing.alliance.store import AllianceStore, Published
from stillwatch.sharing.governance.transparency import CLAIMS, Cell, Quarter, cells

FILE = "totals.json"
_MOST = 1_000
_OPINIONS = {
    "agree": "agreement",
    "strongly-agree": "agreement",
    "disagree": "dispute",
    "strongly-disagree": "dispute",
}


class _Counted(msgspec.Struct):
    """`open`: of a quarter and a class, how many by each member. `closed`: of a quarter its cells."""

    until_us: int = 0
    open: dict[str, dict[str, dict[str, int]]] = {}
    closed: dict[str, list[Cell]] = {}


class Totals:
    """The file, made when something is counted first. Safe for threads and processes; `now_us` is the clock."""

    def __init__(self, file: Path, now_us: Callable[[], int]) -> None:
        self._file = file
        self._now_us = now_us
        self._counted_us: dict[str, int] = {}

    def catch_up(self, store: AllianceStore) -> None:
        """Count what was published since somebody counted last."""
        behind = [one for one in store.governed() if store.newest_us(one) > self._counted_us.get(one, -1)]
        if not behind:
            return
        with self._changing() as found:
            for collection in behind:
                counted = found.setdefault(collection, _Counted())
                while published := store.published(collection, counted.until_us, _MOST):
                    _count(counted, published)
                self._counted_us[collection] = counted.until_us

    def quarters(self, collection: str) -> dict[Quarter, list[Cell]]:
        """The cells of each quarter of a collection that may be told of today, oldest first."""
        with self._changing() as found:
            counted = found.get(collection, _Counted())
            _close(counted, self._today())
            return {Quarter.named(name): of for name, of in sorted(counted.closed.items())}

    def _today(self) -> date:
        return datetime.fromtimestamp(self._now_us() / 1_000_000, UTC).date()

    @contextmanager
    def _changing(self) -> Generator[dict[str, _Counted]]:
        """What the file holds, by collection; what was changed is written at the end. One at a time."""
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._file.read_bytes() if self._file.exists() else b"{}"
            try:
                found = msgspec.json.decode(before, type=dict[str, _Counted])
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InputError(f"{self._file} holds no totals: {error}", "Bring it back from a backup") from None
            yield found
            after = msgspec.json.encode(found)
            if after != before:
                write_file(self._file, after, mode=0o600)


def _count(counted: _Counted, published: Sequence[Published]) -> None:
    for one in published:
        counted.until_us = one.date_added_us
        what = _class(msgspec.json.decode(one.body))
        if what and one.contributor:
            quarter = str(Quarter.of(datetime.fromtimestamp(one.date_added_us / 1_000_000, UTC).date()))
            of = counted.open.setdefault(quarter, {}).setdefault(what, {})
            of[one.contributor] = of.get(one.contributor, 0) + 1


def _close(counted: _Counted, today: date) -> None:
    """Make cells of the quarters that may be told of, those without anything too; their counts go."""
    begun = [*counted.open, *counted.closed]
    quarter = min(map(Quarter.named, begun)) if begun else Quarter.of(today)
    while quarter.shown_from <= today:
        if str(quarter) not in counted.closed:
            counted.closed[str(quarter)] = cells(quarter, counted.open.pop(str(quarter), {}), today)
        quarter = quarter.next


def _class(document: dict[str, Any]) -> str | None:
    """What an object is counted as, None for what is not."""
    kind = document.get("type")
    if kind == "sighting":
        return "sighting"
    if kind == "opinion":
        return _OPINIONS.get(str(document.get("opinion")))
    if kind not in CLAIMS:
        return None
    if document.get("revoked") is True:
        return f"{kind} withdrawn"
    return f"{kind} published" if document.get("created") == document.get("modified") else f"{kind} corrected"
