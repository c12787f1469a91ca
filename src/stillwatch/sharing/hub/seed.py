"""The seed file: users, API roots, collections and objects that a hub begins with (docs/hub.md has the format).

Read strictly: an unknown key, an object that is no STIX or a member that does not exist is an error that names it. The
layout of the OASIS reference server's data file is read too, so that what was made for one can be tried on the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec

from stillwatch.errors import InputError
from stillwatch.sharing.hub.admission import OPEN
from stillwatch.sharing.hub.definitions import ForgedMarking, meaning_of
from stillwatch.sharing.hub.markings import TLP_IDS, Meaning, Tlp
from stillwatch.sharing.hub.members import Member, Role, check_name
from stillwatch.sharing.hub.passwords import hashed
from stillwatch.sharing.hub.posting import visibility_of
from stillwatch.sharing.hub.reference_layout import from_reference_layout, is_reference_layout
from stillwatch.sharing.hub.stix_object import NotStix, StixObject, read_object
from stillwatch.sharing.hub.store import Collection, Entry, Root
from stillwatch.sharing.taxii.timestamps import read_us

MAX_CONTENT_LENGTH = 104_857_600
"""Bytes of a post unless a root says otherwise: 100 MiB, the standard's own example (4.2.1)."""
_ROOT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_COLLECTION_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class SeedUser(_Strict):
    """A member; `password` is plain text or an Argon2 hash, and empty for who comes with tokens alone."""

    name: str
    password: str = ""
    role: str = "writer"
    clearance: str = ""
    certificate: str = ""


class SeedRights(_Strict):
    """What one user may do in a collection, instead of what everybody may."""

    can_read: bool
    can_write: bool


class SeedRecord(_Strict):
    """When an object was added, as a manifest has it."""

    id: str
    date_added: str
    version: str = ""
    media_type: str = ""


class SeedCollection(_Strict):
    """A collection. An element of `objects` is an object, or {"date_added": ..., "object": ...}."""

    id: Annotated[str, msgspec.Meta(pattern=_COLLECTION_ID)]
    title: str
    description: str = ""
    alias: str = ""
    can_read: bool = True
    can_write: bool = True
    media_types: tuple[str, ...] = ("application/stix+json;version=2.1",)
    profile: str = OPEN
    deletes: Literal["any", "own"] = "any"
    rights: dict[str, SeedRights] = {}
    objects: list[msgspec.Raw] = []
    manifest: list[SeedRecord] = []


class SeedRoot(_Strict):
    """An API root; without `members` all users belong to it. `statuses` are status resources."""

    name: Annotated[str, msgspec.Meta(pattern=_ROOT_NAME)]
    title: str
    description: str = ""
    max_content_length: Annotated[int, msgspec.Meta(gt=0)] = MAX_CONTENT_LENGTH
    members: list[str] | None = None
    collections: list[SeedCollection] = []
    statuses: list[dict[str, Any]] = []


class SeedSite(_Strict):
    """What discovery says; `api_roots` only where other URLs than the hub's own are to be told."""

    title: str = "Stillwatch hub"
    description: str | msgspec.UnsetType = msgspec.UNSET
    contact: str | msgspec.UnsetType = msgspec.UNSET
    default: str | msgspec.UnsetType = msgspec.UNSET
    api_roots: list[str] | msgspec.UnsetType = msgspec.UNSET


class Seed(_Strict):
    """A whole seed file."""

    site: SeedSite = msgspec.field(default_factory=SeedSite)
    users: list[SeedUser] = []
    api_roots: list[SeedRoot] = []


class SeedStore(Protocol):
    """What seeding needs of a store."""

    def members(self) -> list[tuple[Member, bool]]: ...
    def put_member(self, member: Member, roots: Sequence[str] = ()) -> None: ...
    def put_root(self, root: Root, members: Sequence[str] | None) -> None: ...
    def put_collection(self, collection: Collection, rights: Mapping[str, tuple[bool, bool]]) -> int: ...
    def put_site(self, site: Mapping[str, object]) -> None: ...
    def put_status(self, root: str, id: str, body: bytes, now_us: int) -> None: ...
    def seed(self, collection: int, root: str, dated: Sequence[tuple[Entry, int | None]], now_us: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Sown:
    """What a seed added: members that were new, and objects that were."""

    members: int
    objects: int


def read_seed(path: Path) -> Seed:
    """The seed of a file; raises `InputError` that names the fault."""
    try:
        document = json.loads(path.read_text("utf-8"))
        if is_reference_layout(document):
            document = from_reference_layout(document)
        if isinstance(document, dict) and isinstance(document.get("users"), dict):
            document["users"] = [{"name": name, "password": password} for name, password in document["users"].items()]
        return msgspec.json.decode(json.dumps(document), type=Seed)
    except (ValueError, msgspec.MsgspecError) as error:
        raise InputError(f"{path} is no seed file: {error}", "See docs/hub.md for the format") from None


def sow(seed: Seed, store: SeedStore, now_us: int) -> Sown:
    """Put a seed into a store. Members that exist, revoked ones too, and objects that are there stay as they are."""
    before = {member.name for member, _ in store.members()}
    new = [_member(user) for user in seed.users if user.name not in before]
    known = before | {member.name for member in new}
    _check_names(seed, known)
    for member in new:
        store.put_member(member)
    for root in seed.api_roots:
        store.put_root(Root(root.name, root.title, root.description, root.max_content_length), root.members)
        for status in root.statuses:
            store.put_status(root.name, str(status.get("id", "")), msgspec.json.encode(status), now_us)
    objects = sum(_sow_root(root, store, now_us) for root in seed.api_roots)
    store.put_site(msgspec.to_builtins(seed.site))
    return Sown(len(new), objects)


def _sow_root(root: SeedRoot, store: SeedStore, now_us: int) -> int:
    read = [(collection, list(_objects(collection))) for collection in root.collections]
    known: dict[str, Meaning | None] = {id: Meaning(level) for id, level in TLP_IDS.items()}
    known |= {one.id: _meaning(one) for _, dated in read for one, _ in dated if one.type == "marking-definition"}
    count = 0
    for collection, dated in read:
        rights = {name: (right.can_read, right.can_write) for name, right in collection.rights.items()}
        number = store.put_collection(_collection(root, collection), rights)
        entries = [(_entry(one, known), date_us) for one, date_us in dated]
        entries.sort(key=lambda entry: now_us if entry[1] is None else entry[1])
        count += store.seed(number, root.name, entries, now_us)
    return count


def _check_names(seed: Seed, known: set[str]) -> None:
    for root in seed.api_roots:
        named = {*(root.members or ()), *(name for collection in root.collections for name in collection.rights)}
        if unknown := sorted(named - known):
            raise InputError(f"API root {root.name} names {unknown[0]!r}, who is no user", "Add it under `users`")


def _member(user: SeedUser) -> Member:
    try:
        role = Role(user.role)
        usual = Tlp.RED if role is Role.ADMIN else Tlp.AMBER_STRICT
        clearance = Tlp.named(user.clearance) if user.clearance else usual
    except ValueError as error:
        raise InputError(f"user {user.name!r}: {error}", "Roles are reader, writer and admin") from None
    credential = hashed(user.password) if user.password else ""
    return Member(check_name(user.name), role, clearance, credential, user.certificate.lower())


def _collection(root: SeedRoot, seed: SeedCollection) -> Collection:
    return Collection(
        0,
        root.name,
        seed.id,
        seed.alias,
        seed.title,
        seed.description,
        seed.media_types,
        seed.profile,
        seed.can_read,
        seed.can_write,
        seed.deletes == "own",
    )


def _objects(collection: SeedCollection) -> Iterator[tuple[StixObject, int | None]]:
    """The objects, each with its date if the seed has one for it."""
    dates = {(record.id, record.version): record.date_added for record in collection.manifest}
    for number, raw in enumerate(collection.objects, start=1):
        try:
            document = msgspec.json.decode(raw)
            date = None
            if isinstance(document, dict) and "object" in document and "id" not in document:
                date, raw = document.get("date_added"), msgspec.Raw(msgspec.json.encode(document["object"]))
            one = read_object(bytes(raw))
            date = date or dates.get((one.id, one.version)) or dates.get((one.id, ""))
            yield one, None if date is None else read_us(date)
        except (NotStix, ValueError) as error:
            raise InputError(
                f"object {number} of collection {collection.id}: {error}", "Mend or leave it out"
            ) from None


def _meaning(one: StixObject) -> Meaning | None:
    try:
        return meaning_of(one.document)
    except ForgedMarking as error:
        raise InputError(f"{one.id}: forged marking: {error}", "Mend or leave it out") from None


def _entry(one: StixObject, known: Mapping[str, Meaning | None]) -> Entry:
    """The operator vouches for its seed: a marking that nothing defines is carried and restricts nothing."""
    meaning = known.get(one.id) if one.type == "marking-definition" else None
    understood = {id: known.get(id) or Meaning() for id in one.marking_ids}
    seen_by = visibility_of(one, meaning, understood, "")
    return Entry(one.id, one.type, one.spec, one.version, one.version_us, seen_by, one.stored, meaning)
