"""Bundles: bytes to records and back, strictly.

A bundle is checked in this order: its size, its JSON (one reading only), its form, each object by its record, that no
id is there twice, that markings and extension definitions are what was published. What is not of the closed vocabulary
is refused with its place in the bundle; nothing is dropped silently, since what was dropped could have been what
mattered.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.errors import StillwatchError
from stillwatch.sharing.hub.definitions import ForgedMarking, meaning_of
from stillwatch.sharing.hub.markings import TLP1_IDS, TLP2_IDS
from stillwatch.sharing.stix import extension
from stillwatch.sharing.stix.objects import Object, StixObject
from stillwatch.sharing.stix.tlp import MARKINGS
from stillwatch.sharing.taxii.strict_json import read_strictly

LARGEST_BYTES = 16_000_000
"""Chosen: ten thousand objects of 1.5 KB."""
_PUBLISHED: dict[str, dict[str, object]] = {
    str(one["id"]): one for one in (*MARKINGS.values(), *extension.definitions())
}
"""What travels with bundles and is the same in all of them."""


class BundleRefused(StillwatchError):
    """A bundle or an object is not of the vocabulary. Names the place and the rule, never a value."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`definitions`: markings of the alliance's own that came along, as they are; TLP's and ours are not repeated."""

    objects: tuple[StixObject, ...]
    definitions: tuple[Mapping[str, Any], ...] = ()


def write(objects: Sequence[StixObject], own_markings: Iterable[Mapping[str, Any]] = ()) -> bytes:
    """The objects as a bundle, behind the definitions that they refer to.

    Raises `BundleRefused` for an id given twice, and for an object that `read` would refuse.
    """
    encoded, markings = [_checked(one) for one in objects], list(own_markings)
    listed = [*_referred(objects, markings), *markings, *encoded]
    _no_id_twice([str(one["id"]) for one in listed])
    return msgspec.json.encode({"type": "bundle", "id": f"bundle--{uuid.uuid4()}", "objects": listed})


def write_object(one: StixObject) -> bytes:
    """One object alone, as an envelope carries it. Raises `BundleRefused` likewise."""
    return msgspec.json.encode(_checked(one))


def read(raw: bytes) -> Bundle:
    """The bundle's objects. Raises `BundleRefused`."""
    if len(raw) > LARGEST_BYTES:
        raise BundleRefused(f"a bundle has {len(raw):,} bytes and may have {LARGEST_BYTES:,}", "Send it in parts")
    try:
        document = read_strictly(raw)
    except ValueError as error:
        raise BundleRefused(f"a bundle is {error}") from None
    listed = document.get("objects") if isinstance(document, dict) else None
    if not isinstance(listed, list) or document.get("type") != "bundle" or document.keys() - {"type", "id", "objects"}:
        raise BundleRefused("this is no bundle of STIX 2.1", "It has type, id and objects")
    found = [_read(place, one) for place, one in enumerate(listed)]
    _no_id_twice([str(one["id"]) if isinstance(one, dict) else one.id for one in found])
    own = tuple(one for one in found if isinstance(one, dict) and one["id"] not in _PUBLISHED)
    return Bundle(tuple(one for one in found if not isinstance(one, dict)), own)


def read_object(document: Mapping[str, Any]) -> StixObject:
    """One object of JSON that was read strictly. Raises `BundleRefused`."""
    try:
        found: StixObject = msgspec.convert(document, StixObject)
    except msgspec.ValidationError as error:
        raise BundleRefused(f"an object is not of the vocabulary: {error}", "See docs/stix.md") from None
    return found


def _read(place: int, one: object) -> StixObject | dict[str, Any]:
    if not isinstance(one, dict):
        raise BundleRefused(f"objects[{place}] is no object")
    try:
        if one.get("type") in ("marking-definition", "extension-definition") or one.get("id") in _PUBLISHED:
            return _definition(one)
        return read_object(one)
    except BundleRefused as refused:
        raise BundleRefused(f"objects[{place}]: {refused.problem}", refused.remedy) from None


def _checked(one: StixObject) -> dict[str, Any]:
    """As it goes out: constructors check order and ids, reading checks every form."""
    document: dict[str, Any] = msgspec.to_builtins(one)
    read_object(document)
    return document


def _definition(one: dict[str, Any]) -> dict[str, Any]:
    """A definition as published, or a marking whose restriction is understood."""
    id = one.get("id")
    if id in _PUBLISHED:
        if one != _PUBLISHED[id]:
            raise BundleRefused("a published definition was changed", "Take it from this package")
        return one
    if id in TLP1_IDS or one.get("type") != "marking-definition" or not isinstance(id, str):
        raise BundleRefused("a definition that is not TLP 2.0's, not ours and no marking of an alliance")
    try:
        understood = meaning_of(one) is not None
    except ForgedMarking as error:
        raise BundleRefused(f"a marking is forged: {error}") from None
    if not understood:
        raise BundleRefused("a marking that might restrict anything", "Use TLP 2.0, or an audience (docs/hub.md)")
    return one


def _referred(objects: Sequence[StixObject], markings: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The markings that objects name, and our extensions where an object or a marking has one."""
    named = {id for one in objects for id in one.object_marking_refs or () if id in TLP2_IDS}
    named |= {id for one in markings for id in (*one.get("extensions", {}), extension.AUTHOR)}
    for one in objects:
        extensions = msgspec.to_builtins(one).get("extensions", {})
        named |= {*extensions, extension.AUTHOR} if extensions else set()
        if isinstance(one, Object) and one.created_by_ref == extension.AUTHOR:
            named.add(extension.AUTHOR)
    return [one for id, one in _PUBLISHED.items() if id in named]


def _no_id_twice(ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        raise BundleRefused("a bundle holds one id twice", "Send versions of an object in bundles of their own")
