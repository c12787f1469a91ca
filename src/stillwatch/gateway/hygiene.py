"""Which header fields are ours, whose they are, and which end here: RFC 9110, 7.6.1 and what configuration adds.

A field's kind depends on its name alone, so each spelling is looked up once and remembered; the memory is bounded,
because clients choose names.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from functools import lru_cache
from typing import Final

from stillwatch.gateway.configuration import Forwarded, Headers
from stillwatch.gateway.guard import Header

KEEP: Final = 0
DROP: Final = 1
LENGTH: Final = 2
CODING: Final = 3
CONNECTION: Final = 4
HOST: Final = 5
EXPECT: Final = 6
FORWARDED_FOR: Final = 7

FIELD_OVERHEAD: Final = len(b": \r\n")
"""What a field takes beside its name and its value."""
REMEMBERED_NAMES = 4_096
"""Chosen: a few hundred spellings are seen in practice; more are an attack, and are then classified each time."""
_LONGEST_REMEMBERED = 64
"""Bytes of a name, or of a Connection field. Chosen: real ones have fewer; strangers' fill less than a megabyte."""

_REMEMBERED_CONNECTIONS = 64
"""Chosen: clients say keep-alive or close; whatever else they say is looked at again."""

# RFC 9110, 7.6.1, and 11.7.2: what is said to the next hop only. Connection itself is looked into.
_HOP_BY_HOP = (b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"http2-settings")
# Frameworks that obey these would answer another request than the one that was checked.
_OVERRIDES = (b"x-http-method-override", b"x-http-method", b"x-method-override", b"x-original-url", b"x-rewrite-url")
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port")
_ALWAYS = {b"content-length": LENGTH, b"transfer-encoding": CODING, b"connection": CONNECTION}


class Kinds(dict[bytes, int]):
    """The kind of each field name, in any spelling."""

    def __init__(self, kinds: dict[bytes, int]) -> None:
        super().__init__()
        self._kinds = kinds

    def __missing__(self, name: bytes) -> int:
        # Many servers take X_Internal for X-Internal, so an underscore must not carry a name past this list.
        kind = self._kinds.get(name.lower().replace(b"_", b"-"), KEEP)
        if b"_" in name and kind is not KEEP:
            kind = DROP
        if len(self) < REMEMBERED_NAMES and len(name) <= _LONGEST_REMEMBERED:
            self[name] = kind
        return kind


def request_kinds(headers: Headers) -> Kinds:
    """What becomes of each field of a request."""
    kinds = dict.fromkeys((*_HOP_BY_HOP, b"proxy-authorization", *_FORWARDED, *_OVERRIDES), DROP)
    kinds |= dict.fromkeys((name.lower().replace("_", "-").encode("latin-1") for name in headers.internal), DROP)
    if headers.forwarded is Forwarded.APPEND:
        kinds |= {b"x-forwarded-for": FORWARDED_FOR, b"x-forwarded-host": KEEP, b"x-forwarded-proto": KEEP}
    return Kinds({**kinds, **_ALWAYS, b"host": HOST, b"expect": EXPECT})


def answer_kinds() -> Kinds:
    """What becomes of each field of an answer."""
    return Kinds({**dict.fromkeys((*_HOP_BY_HOP, b"proxy-authenticate"), DROP), **_ALWAYS})


def named_in(connection: bytes) -> frozenset[bytes]:
    """Names that a Connection field lists: they end here as well."""
    return _seen_names(connection) if len(connection) <= _LONGEST_REMEMBERED else _names(connection)


def _names(connection: bytes) -> frozenset[bytes]:
    return frozenset(option.strip().lower() for option in connection.split(b",")) - {b"close", b"keep-alive", b""}


_seen_names = lru_cache(_REMEMBERED_CONNECTIONS)(_names)


def combined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Fields by their names in lower case; what was said several times is one list (RFC 9110, 5.3)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        name = name.lower()
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def without(headers: Iterable[Header], names: Set[bytes]) -> list[Header]:
    """The fields that `names` does not list, in lower case."""
    return [header for header in headers if header[0].lower() not in names]
