"""One sequence of bytes for one object, so that people can put their names to a digest of it.

The subset of RFC 8785 (JSON Canonicalization Scheme) that needs no rules for numbers: whole numbers within 2**53 and no
others. Names are sorted by UTF-16 code units and nothing but tokens is written. What another encoder could spell in a
second way (a fraction, a name given twice, half a surrogate pair) is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_LARGEST = 2**53  # RFC 8785, 3.2.2.3, by way of RFC 7493, 2.2
_DEEPEST = 32
"""Chosen: no object of the vocabulary has more than eight."""


class NotCanonical(ValueError):
    """The object has no canonical form; says why, and never what it holds."""


def canonical(document: Mapping[str, Any]) -> bytes:
    """The canonical JSON of an object. Raises `NotCanonical`."""
    try:
        return _encoded(document, 0).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("half of a surrogate pair") from None


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits: what approvals are bound to. Raises `NotCanonical`."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _encoded(value: object, depth: int) -> str:
    if depth > _DEEPEST:
        raise NotCanonical(f"deeper than {_DEEPEST}")
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_encoded(item, depth + 1) for item in value) + "]"
    raise NotCanonical(f"a {type(value).__name__}, which can be written in more than one way")


def _whole(value: int) -> str:
    if abs(value) >= _LARGEST:
        raise NotCanonical("a number beyond 2**53")
    return str(value)


def _object(value: Mapping[Any, Any], depth: int) -> str:
    if not all(isinstance(name, str) for name in value):
        raise NotCanonical("a property whose name is no text")
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    pairs = (f"{json.dumps(name, ensure_ascii=False)}:{_encoded(value[name], depth + 1)}" for name in names)
    return "{" + ",".join(pairs) + "}"
