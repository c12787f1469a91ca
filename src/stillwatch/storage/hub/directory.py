"""Members, tokens, trust groups and collections: who there is, and what is whose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.errors import InputError, UsageError
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.hub.members import Member, Role
from stillwatch.sharing.hub.store import Collection, Root
from stillwatch.storage.hub.database import Database

PUT_FACT = "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_JOIN = "INSERT INTO root_members VALUES (?, ?) ON CONFLICT DO NOTHING"
_MEMBER = "name, role, clearance, credential, certificate"
_ROOT = "r.name, r.title, r.description, r.max_content_length"
_OF_MEMBER = "(r.is_for_everyone = 1 OR EXISTS (SELECT 1 FROM root_members m WHERE m.root = r.name AND m.member = ?))"
_COLLECTION = (
    "SELECT c.number, c.root, c.id, c.alias, c.title, c.description, c.media_types, c.profile, "  # noqa: S608 - our own names
    "coalesce(g.can_read, c.can_read), coalesce(g.can_write, c.can_write), c.deletes_own_only "
    "FROM collections c JOIN roots r ON r.name = c.root "
    f"LEFT JOIN rights g ON g.collection = c.number AND g.member = ? WHERE c.root = ? AND {_OF_MEMBER}"
)


class Directory:
    """The part of a store that changes when people do."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def member(self, name: str) -> Member | None:
        """The member, unless there is none or it is revoked."""
        row = self._db.row(f"SELECT {_MEMBER} FROM members WHERE name = ? AND is_revoked = 0", name)  # noqa: S608 - our own names
        return _member(row) if row else None

    def members(self) -> list[tuple[Member, bool]]:
        """All members by name, and whether each is revoked."""
        rows = self._db.rows(f"SELECT {_MEMBER}, is_revoked FROM members ORDER BY name")  # noqa: S608 - our own names
        return [(_member(row[:-1]), bool(row[-1])) for row in rows]

    def put_member(self, member: Member, roots: Sequence[str] = ()) -> None:
        """Add a member to these trust groups, or change one; a revoked name comes back."""
        for root in roots:
            if not self.has_root(root):
                raise UsageError(f"there is no API root {root!r}", "Seed it first; `stillwatch hub seed --help`")
        values = (member.name, member.role.value, member.clearance.value, member.credential, member.certificate)
        self._db.change(
            [
                (f"INSERT INTO members ({_MEMBER}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values),  # noqa: S608 - our own names
                (
                    (
                        "UPDATE members SET role = ?, clearance = ?, credential = ?, certificate = ?, is_revoked = 0 "
                        "WHERE name = ?"
                    ),
                    (*values[1:], member.name),
                ),
                *((_JOIN, (root, member.name)) for root in roots),
            ]
        )

    def revoke(self, name: str) -> None:
        """End all credentials of a member, from the next request on; what it contributed stays."""
        self._db.change([("DELETE FROM tokens WHERE member = ?", (name,))])
        if not self._db.change([("UPDATE members SET is_revoked = 1, credential = '' WHERE name = ?", (name,))]):
            raise UsageError(f"there is no member {name!r}", "See `stillwatch hub member list`")

    def put_token(self, digest: bytes, member: str, roots: Sequence[str] | None, expires_us: int | None) -> None:
        """Let whoever knows the token of this SHA-256 come as `member`, to these roots or all of its own."""
        self._db.change(
            [
                (
                    "INSERT INTO tokens VALUES (?, ?, ?, ?)",
                    (digest, member, None if roots is None else json.dumps(list(roots)), expires_us),
                )
            ]
        )

    def token_holder(self, digest: bytes, now_us: int) -> tuple[Member, frozenset[str] | None] | None:
        """Whose token it is, and the API roots it is good for (None: all), unless revoked or expired."""
        row = self._db.row(
            f"SELECT t.roots, {_MEMBER} FROM tokens t JOIN members m ON m.name = t.member "  # noqa: S608 - our own names
            "WHERE t.digest = ? AND (t.expires_us IS NULL OR t.expires_us > ?) AND m.is_revoked = 0",
            digest,
            now_us,
        )
        if row is None:
            return None
        return _member(row[1:]), None if row[0] is None else frozenset(json.loads(row[0]))

    def put_root(self, root: Root, members: Sequence[str] | None) -> None:
        """Add a trust group or change it; with `members` None everybody belongs to it."""
        values = (root.title, root.description, root.max_content_length, int(members is None))
        self._db.change(
            [
                ("INSERT INTO roots VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (root.name, *values)),
                (
                    (
                        "UPDATE roots SET title = ?, description = ?, max_content_length = ?, is_for_everyone = ? "
                        "WHERE name = ?"
                    ),
                    (*values, root.name),
                ),
                *((_JOIN, (root.name, name)) for name in members or ()),
            ]
        )

    def roots(self, member: Member) -> list[Root]:
        """The trust groups of a member, in the order of their names."""
        query = f"SELECT {_ROOT} FROM roots r WHERE {_OF_MEMBER} ORDER BY r.name"  # noqa: S608 - our own names
        return [Root(*row) for row in self._db.rows(query, member.name)]

    def has_root(self, name: str) -> bool:
        """Whether there is such a trust group, whoever belongs to it."""
        return self._db.row("SELECT 1 FROM roots WHERE name = ?", name) is not None

    def put_collection(self, collection: Collection, rights: Mapping[str, tuple[bool, bool]]) -> int:
        """Add a collection or change it, with the rights of those who have others than all have; returns its number."""
        c = collection
        rules = (int(c.can_read), int(c.can_write), int(c.deletes_own_only))
        values = (c.alias, c.title, c.description, json.dumps(c.media_types), c.profile, *rules)
        with self._db.transaction() as db:
            known = "SELECT number FROM collections WHERE root = ? AND id = ?"
            found = db.execute(known, (c.root, c.id)).fetchone()
            if found is None:
                found = db.execute(
                    "INSERT INTO collections (root, id, alias, title, description, media_types, profile, can_read, "
                    "can_write, deletes_own_only) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
                    (c.root, c.id, *values),
                ).fetchone()
            else:
                db.execute(
                    "UPDATE collections SET alias = ?, title = ?, description = ?, media_types = ?, profile = ?, "
                    "can_read = ?, can_write = ?, deletes_own_only = ? WHERE number = ?",
                    (*values, found[0]),
                )
            number = int(found[0])
            db.execute("DELETE FROM rights WHERE collection = ?", (number,))
            db.executemany(
                "INSERT INTO rights VALUES (?, ?, ?, ?)",
                [(number, name, *map(int, both)) for name, both in rights.items()],
            )
        return number

    def collections(self, root: str, member: Member) -> list[Collection]:
        """The collections of a root in the order in which they were made."""
        rows = self._db.rows(f"{_COLLECTION} ORDER BY c.number", member.name, root, member.name)
        return [_collection(row, member) for row in rows]

    def collection(self, root: str, id: str, member: Member) -> Collection | None:
        """One of them, by id or alias."""
        query = f"{_COLLECTION} AND (c.id = ? OR (c.alias != '' AND c.alias = ?)) ORDER BY c.id = ? DESC"
        rows = self._db.rows(query, member.name, root, member.name, id, id, id)
        return _collection(rows[0], member) if rows else None

    def site(self) -> dict[str, object]:
        """What the discovery resource says."""
        row = self._db.row("SELECT value FROM facts WHERE name = 'site'")
        return json.loads(row[0]) if row else {"title": "Stillwatch hub"}

    def put_site(self, site: Mapping[str, object]) -> None:
        """Let the discovery resource say this."""
        self._db.change([(PUT_FACT, ("site", json.dumps(site).encode()))])


def _member(row: Sequence[Any]) -> Member:
    name, role, clearance, credential, certificate = row
    try:
        return Member(name, Role(role), Tlp(clearance), credential, certificate)
    except ValueError:
        raise InputError(f"the hub's store holds a member {name!r} of no role or level that exists") from None


def _collection(row: Sequence[Any], member: Member) -> Collection:
    number, root, id, alias, title, description, media_types, profile, can_read, can_write, own_only = row
    may_write = bool(can_write) and member.role is not Role.READER
    types = tuple(json.loads(media_types))
    return Collection(
        number, root, id, alias, title, description, types, profile, bool(can_read), may_write, bool(own_only)
    )
