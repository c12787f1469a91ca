"""Provider JSON into typed wire structs: exact where the client kept to the documentation, lenient where not.

The exact path is one `msgspec` decode. Where a field has a type that the documentation does not allow, the
lenient path decodes field by field and puts None for what it cannot read: a wrong optional value costs that
value and not the exchange. Both paths fill the same struct, so what a struct means is said once.

Wire structs name every field as the provider does, default to `UNSET` (absent) and allow None (null or
unreadable) for every field and list item. The lenient path reads each byte once per nesting level of the
structs, so its cost is bounded by the size of the body.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Raw, UnsetType

from stillwatch.errors import MalformedRow

S = TypeVar("S", bound=msgspec.Struct)

Body = bytes | Raw
"""JSON as it came over the wire, or as it lies inside a row that was decoded around it."""

Count = int | float | None | UnsetType
Number = int | float | None | UnsetType
Word = str | None | UnsetType
Switch = bool | None | UnsetType
Untyped = Raw | UnsetType
"""Types of wire fields. `Count` admits 100.0, which JavaScript and some Python clients send for 100."""


MAX_ITEMS = 4_000_000
"""Chosen: no documented request has more list items and members; bounds the objects that one body can make."""


MAX_MENDED_ITEMS = 100_000
"""Chosen: mending costs some microseconds an item; a longer list with a wrong item counts as unreadable."""


def decode(kind: type[S], body: Body, what: str = "body") -> S:
    """Decode `body` as a `kind`; raise `MalformedRow` where it is not one whole JSON object.

    `what` names the thing in the reason. The reason never quotes the body.
    """
    if body.__class__ is not bytes or len(body) > MAX_ITEMS:
        _require_few_items(body, what)
    try:
        decoded: S = _exact(kind).decode(body)
    except msgspec.ValidationError:
        decoded = _on_second_thought(_lenient_or_repaired, kind, body, what)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decoded = _on_second_thought(_decode_repaired, kind, body, what)
    return decoded


def decode_members(body: Body, what: str = "body") -> dict[str, Raw]:
    """The members of a JSON object, each still as it came; raise `MalformedRow` where it is not one."""
    _require_few_items(body, what)
    try:
        return _OBJECT.decode(body)
    except (ValueError, RecursionError):
        found: dict[str, Raw] = _on_second_thought(_members_repaired, dict, body, what)
        return found


def decode_leniently(kind: type[S], body: Body) -> S:
    """Decode an object field by field; a field that does not fit its type becomes None."""
    present = _OBJECT.decode(body)
    return kind(**{name: _mend(type_, present[wire]) for name, wire, type_ in _fields(kind) if wire in present})


def value_of(kind: Any, raw: Raw | UnsetType | None) -> Any:
    """One value as a `kind`, as far as it fits; None where it is absent or does not."""
    if not isinstance(raw, Raw):
        return None
    try:
        return _mend(kind, raw)
    except (ValueError, RecursionError):
        return None


def elements(body: Body | UnsetType | None) -> list[Raw]:
    """The items of a JSON array, each still as it came; none for anything else."""
    try:
        return [] if body is None or body is UNSET else _ARRAY.decode(body)
    except (ValueError, RecursionError):
        return []


def members(body: Body | UnsetType | None) -> dict[str, Raw]:
    """The members of a JSON object, each still as it came; none for anything else."""
    try:
        return {} if body is None or body is UNSET else _OBJECT.decode(body)
    except (ValueError, RecursionError):
        return {}


def raw_bytes(value: Raw | UnsetType | None) -> bytes:
    """What an untyped field held, empty if it was absent or null."""
    if not isinstance(value, Raw):
        return b""
    held = bytes(value)
    return b"" if held == b"null" else held


def repaired(body: Body) -> bytes:
    """The same JSON without what clients emit beyond RFC 8259; raises ValueError or RecursionError.

    Lone surrogates (half an emoji) become U+FFFD, NaN and infinities become null. Without this, one such
    character in every prompt would keep a client out of sight.
    """
    value = json.loads(bytes(body).decode("utf-8-sig"), parse_constant=lambda _name: None)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub("\ufffd", text).encode()


_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])
_SURROGATE = re.compile("[\ud800-\udfff]")


def _require_few_items(body: Body, what: str) -> None:
    size = len(body) if isinstance(body, bytes) else memoryview(body).nbytes
    if size > MAX_ITEMS and bytes(body).count(b",") > MAX_ITEMS:
        raise MalformedRow(f"{what} has more than {MAX_ITEMS} items")


def _on_second_thought(attempt: Any, kind: Any, body: Body, what: str) -> Any:
    try:
        decoded = attempt(kind, body)
    except RecursionError:
        raise MalformedRow(f"{what} is nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedRow(f"{what} is not UTF-8") from None
    except msgspec.ValidationError:
        raise MalformedRow(f"{what} is not a JSON object") from None
    except ValueError:
        raise MalformedRow(f"{what} is not whole JSON") from None
    return decoded


def _lenient_or_repaired(kind: type[S], body: Body) -> S:
    try:
        return decode_leniently(kind, body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):  # the exact path stopped before it came to the damage
        return _decode_repaired(kind, body)


def _members_repaired(_kind: Any, body: Body) -> dict[str, Raw]:
    return _OBJECT.decode(repaired(body))


def _decode_repaired(kind: type[S], body: Body) -> S:
    mended = repaired(body)
    try:
        decoded: S = _exact(kind).decode(mended)
    except msgspec.ValidationError:
        return decode_leniently(kind, mended)
    return decoded


def _mend(kind: Any, raw: Raw) -> Any:
    try:
        return _exact(kind).decode(raw)
    except msgspec.ValidationError:
        return _mend_parts(kind, raw)


def _mend_parts(kind: Any, raw: Raw) -> Any:
    """The part of `raw` that fits one alternative of the union `kind`, or None."""
    first = bytes(memoryview(raw)[:1])
    for alternative in _alternatives(kind):
        if first == b"{" and isinstance(alternative, type) and issubclass(alternative, msgspec.Struct):
            return decode_leniently(alternative, raw)
        if first == b"[" and get_origin(alternative) is list:
            (item,) = get_args(alternative)
            found = _ARRAY.decode(raw)
            return [_mend(item, element) for element in found] if len(found) <= MAX_MENDED_ITEMS else None
    return None


@lru_cache(maxsize=512)  # one per type that a wire struct mentions; the number of types is fixed by the code
def _exact(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=512)
def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


@lru_cache(maxsize=512)
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Python name, wire name and type of each field."""
    types = get_type_hints(kind)
    return tuple(
        (name, wire, types[name])
        for name, wire in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    )
