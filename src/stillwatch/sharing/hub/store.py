"""What a hub needs of its store; `storage.hub` has one on SQLite and on PostgreSQL.

Every call may come from any thread, and reads what is committed at that moment: a member that is revoked, a right that
is withdrawn and an object that is deleted are so for the next request of every process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stillwatch.errors import StillwatchError
from stillwatch.sharing.hub.markings import Meaning, Visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import Selection


@dataclass(frozen=True, slots=True)
class Root:
    """An API root: a trust group."""

    name: str
    title: str
    description: str
    max_content_length: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as one member has it: `can_read` and `can_write` are that member's."""

    number: int
    root: str
    id: str
    alias: str
    title: str
    description: str
    media_types: tuple[str, ...]
    profile: str
    can_read: bool
    can_write: bool
    deletes_own_only: bool
    """A writer may delete only what it contributed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object to be added. Without `version_us` it has no version of its own and gets the time it was added."""

    id: str
    type: str
    spec: int
    version: str
    version_us: int | None
    visibility: Visibility
    stored: bytes
    defines: Meaning | None = None
    """What a marking definition restricts; None for other objects and for definitions not understood."""
    held_for: str = ""
    """Why it is quarantined; empty: it is not."""
    ends_us: int | None = None
    """When it has to be deleted, in microseconds since 1970; None: nothing says so."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of an entry: its version, and whether this version was already there."""

    version: str
    was_there: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a page; `body` is empty where only the manifest was asked for."""

    place: Place
    id: str
    version: str
    spec: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Definition:
    """A marking that is known to a trust group, and who defined it (empty: the operator)."""

    id: str
    meaning: Meaning | None
    contributor: str


class StoreBusy(StillwatchError):
    """The store could not be read or written now: locked for long, full, or away. Nothing was changed.

    Unless it went away while it confirmed a change: then that is there as a whole, and posting again does no harm.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "Try again; if that does not help, see whether it runs and has room")


class Store(Protocol):
    """Members, trust groups, collections, objects and statuses."""

    def cursor_key(self) -> bytes:
        """The key of cursors, the same for all processes."""

    def site(self) -> dict[str, object]:
        """What the discovery resource says: title, and optionally description, contact, default and api_roots."""

    def member(self, name: str) -> Member | None:
        """The member, unless there is none or it is revoked."""

    def token_holder(self, digest: bytes, now_us: int) -> tuple[Member, frozenset[str] | None] | None:
        """Whose token it is, and the API roots it is good for (None: all), unless revoked or expired."""

    def roots(self, member: Member) -> list[Root]:
        """The trust groups of a member, by name."""

    def has_root(self, name: str) -> bool:
        """Whether there is such a trust group, whoever belongs to it."""

    def collections(self, root: str, member: Member) -> list[Collection]:
        """The collections of a root in the order in which they were made."""

    def collection(self, root: str, id: str, member: Member) -> Collection | None:
        """One of them, by id or alias."""

    def page(
        self,
        collection: Collection,
        member: Member,
        selection: Selection,
        after: Place | None,
        limit: int,
        bodies: bool,
    ) -> tuple[list[Row], bool]:
        """At most `limit` rows that this member may see, in order of date added, and whether there are more."""

    def holds(self, collection: Collection, member: Member, id: str) -> bool:
        """Whether the member may see any version of this object."""

    def specs(self, collection: Collection, member: Member) -> set[int]:
        """The STIX versions (20, 21) of what the member may see there."""

    def definitions(self, root: str, ids: Sequence[str]) -> list[Definition]:
        """Those of these markings that are known to the trust group."""

    def definitions_for(self, root: str, member: Member) -> list[tuple[Definition, bytes]]:
        """Definitions that the member may see, with their bodies."""

    def add(
        self,
        collection: Collection,
        entries: Sequence[Entry],
        now_us: int,
        member: str,
        status_id: str,
        conclude: Callable[[Sequence[Added]], bytes],
    ) -> bytes:
        """Add entries and keep the status that `conclude` makes of it, all in one durable step; returns that status."""

    def delete(self, collection: Collection, member: Member, selection: Selection, own_only: bool) -> int:
        """Delete what is selected and the member may see (and contributed, with `own_only`); returns how many rows."""

    def status(self, root: str, id: str) -> tuple[str, bytes] | None:
        """Who posted (empty: the operator), and the status resource."""
