"""Markers on record: the key of draws before anything is served, the probing of a suspect before anything is asked.

Without arrays and without the tests themselves, since a gateway's worker puts its commitment on record when it starts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Protocol

import msgspec

from stillwatch.errors import UsageError
from stillwatch.watermark.conventions import MOST_MARKERS, Commitment

COMMITTED = "marker key committed"
FROZEN = "marker audit frozen"
"""Kinds of entries in the journal."""
LEAST_WRONG_DRAWS = 400
"""Prescribed, as for keys of marks: with fewer, a test out of order cannot be told from a lucky one at 1 %."""


class MarkerPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked of a suspect, and whose draws are looked for. `commitment`: the digest of the key's.

    `accounts`: pseudonyms, or campaigns where these share a draw; `count`: conventions of each, as the policy served
    them; `level` is for all accounts together.
    """

    suspect: str
    tenant: str
    epoch: int
    commitment: str
    accounts: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_MARKERS)]
    prompts_digest: str
    level: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    wrong_draws: Annotated[int, msgspec.Meta(ge=LEAST_WRONG_DRAWS)] = LEAST_WRONG_DRAWS
    made_us: int

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, as 64 hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


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
    def append_unless(
        self, is_known: Callable[[], bool], kind: str, body: Mapping[str, Any], ts_us: int
    ) -> Entry | None: ...
    def read(self) -> Iterator[tuple[Entry, int]]: ...


def commit(book: Book, commitment: Commitment, now_us: int) -> Entry | None:
    """Put a key of draws on record; None where it is there already, whichever of several processes did so."""
    return book.append_unless(
        lambda: committed(book, commitment.digest) is not None, COMMITTED, msgspec.to_builtins(commitment), now_us
    )


def committed(book: Book, digest: str) -> Entry | None:
    """The first entry of this commitment."""
    return _first(book, COMMITTED, "digest", digest)


def freeze(book: Book, plan: MarkerPlan) -> Entry:
    """Put a plan on record. Raises `UsageError` where its key was not committed to before."""
    if committed(book, plan.commitment) is None:
        raise UsageError(
            f"the key of markers for tenant {plan.tenant!r}, epoch {plan.epoch}, was never committed to here",
            "Name the gateway's journal and its [files] markers: a key that comes afterwards proves nothing",
        )
    return book.append(FROZEN, {"plan": plan.digest, **msgspec.to_builtins(plan)}, plan.made_us)


def frozen(book: Book, plan: MarkerPlan) -> Entry:
    """The plan's entry. Raises `UsageError` where it was not put on record as it is now."""
    found = _first(book, FROZEN, "plan", plan.digest)
    if found is None:
        raise UsageError(
            f"no plan with the digest {plan.digest[:16]} was frozen in this journal",
            "Name the journal it was frozen in, or freeze a new plan: a plan that was changed is another plan",
        )
    return found


def _first(book: Book, kind: str, field: str, value: str) -> Entry | None:
    for entry, _ in book.read():
        if entry.kind == kind and entry.body.get(field) == value:
            return entry
    return None
