"""JSON as RFC 7493 has it: UTF-8, no key twice, no lone surrogates, numbers that are numbers, bounded nesting.

Parsers differ on what they make of the rest, and a check that reads one thing while a client reads another is no check.
NUL is refused too: a program in C would take what follows it for absent.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MOST_LEVELS = 64
"""Nesting of lists and objects; the deepest of STIX's own examples has 8."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_DOUBTFUL = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_strictly(raw: bytes) -> Any:
    """The value; raises `ValueError` with a reason that quotes nothing."""
    if _levels_at_most(raw) > MOST_LEVELS and _levels(raw) > MOST_LEVELS:
        raise ValueError(f"nested deeper than {MOST_LEVELS} levels")
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MOST_LEVELS} levels") from None
    if _DOUBTFUL.search(text):
        _check_characters(value)
    return value


def _levels_at_most(raw: bytes) -> int:
    return raw.count(b"[") + raw.count(b"{")


def _levels(raw: bytes) -> int:
    """The deepest nesting, brackets inside strings not counted."""
    deepest = level = 0
    for byte in _STRING.sub(b"", raw):
        if byte in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"]}":
            level -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key occurs twice in one object")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _check_characters(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a string holds the character NUL")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("a string holds half of a surrogate pair")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_characters(name)
            _check_characters(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_characters(inner)
