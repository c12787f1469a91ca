"""What is put on record before it is used: commitments of keys before they mark, plans before anything is asked.

Both go into the hash-chained journal of decisions, so that their order can be shown later to who holds its head.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from stillwatch.audit.protocol import FROZEN
from stillwatch.audit.protocol import Protocol as Plan
from stillwatch.errors import InputError, UsageError
from stillwatch.watermark.keys import Commitment

COMMITTED = "mark key committed"
"""The kind of a commitment's entry in the journal."""


class Entry(Protocol):
    """An entry of the journal."""

    @property
    def number(self) -> int: ...
    @property
    def ts_us(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def digest(self) -> str: ...


class Book(Protocol):
    """What can be added to and read, oldest first, and not altered unseen: `decision.journal.Journal`."""

    def append(self, kind: str, body: Mapping[str, Any], ts_us: int) -> Entry: ...
    def read(self) -> Iterator[tuple[Entry, int]]: ...


def commit(book: Book, commitments: Iterable[Commitment], now_us: int) -> list[Entry]:
    """Put these on record, but for those that are there already; the new entries."""
    known = {one.digest for one, _ in committed(book)}
    new = [one for one in commitments if one.digest not in known]
    return [book.append(COMMITTED, msgspec.to_builtins(one), now_us) for one in new]


def committed(book: Book) -> list[tuple[Commitment, Entry]]:
    """Every key that was committed to, with its entry, oldest first. Raises `InputError` for an entry that is none."""
    entries = [entry for entry, _ in book.read() if entry.kind == COMMITTED]
    try:
        return [(msgspec.convert(entry.body, Commitment), entry) for entry in entries]
    except msgspec.ValidationError as error:
        raise InputError(f"an entry of the journal is no commitment: {error}") from None


def freeze(book: Book, plan: Plan) -> Entry:
    """Put a plan on record. Raises `UsageError` where one of its keys was not committed to before."""
    known = {one.digest for one, _ in committed(book)}
    if strangers := [one for one in plan.keys if one.digest not in known]:
        raise UsageError(
            f"{len(strangers)} of the {len(plan.keys)} keys were never committed to, the first for account "
            f"{strangers[0].account!r}, epoch {strangers[0].epoch}",
            "Commit with `stillwatch watermark commit` before a key marks anything: a key that comes afterwards proves "
            "nothing",
        )
    return book.append(FROZEN, {"plan": plan.digest, **msgspec.to_builtins(plan)}, plan.made_us)


def frozen(book: Book, plan: Plan) -> Entry:
    """The plan's entry. Raises `UsageError` where it was not put on record as it is now."""
    found = [entry for entry, _ in book.read() if entry.kind == FROZEN and entry.body.get("plan") == plan.digest]
    if not found:
        raise UsageError(
            f"no plan with the digest {plan.digest[:16]} was frozen in this journal",
            "Name the journal it was frozen in, or freeze a new plan: a plan that was changed is another plan",
        )
    return found[0]
