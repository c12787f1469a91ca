"""What a request selects: the filters of its query (3.4), read strictly.

A parameter that is malformed, or given twice, is a fault (400). Match fields that the standard does not name are passed
over, as it allows. Values inside a field are alternatives; fields all have to hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.sharing.taxii.faults import malformed
from stillwatch.sharing.taxii.timestamps import read_us

MOST_VALUES = 500
"""Alternatives of one field; each costs the store a look-up."""
_LONGEST_VALUE = 256
_KEYWORDS = {"first", "last", "all"}
_SPECS = {"2.0": 20, "2.1": 21}
_LARGEST_LIMIT = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Versions:
    """Which versions of an object: keywords, and exact times in microseconds."""

    first: bool = False
    last: bool = False
    every: bool = False
    exactly_us: tuple[int, ...] = ()

    @property
    def is_exact_only(self) -> bool:
        """No keyword, only times."""
        return bool(self.exactly_us) and not (self.first or self.last)


LAST = Versions(last=True)
EVERY = Versions(every=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters of a request. None where a field was not given; `specs` are 20 and 21 for STIX 2.0 and 2.1."""

    ids: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    specs: tuple[int, ...] | None = None
    versions: Versions = LAST
    added_after_us: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as read: the selection, how many at most (None: as many as the server gives), and where to go on."""

    selection: Selection
    limit: int | None = None
    next: str | None = None
    names_version: bool = False
    """A version was asked for, rather than the default."""


def read_query(parameters: Sequence[tuple[str, str]], fields: Iterable[str]) -> Asked:
    """The query of an endpoint that supports these match fields; raises a fault (400) where it is malformed."""
    given: dict[str, str] = {}
    for name, value in parameters:
        known = name in ("added_after", "limit", "next") or name in {f"match[{field}]" for field in fields}
        if not known:
            continue
        if name in given:
            raise malformed(f"{name} must not occur more than once")
        if "\0" in value or not value:
            raise malformed(f"{name} must have a value of printable characters")
        given[name] = value
    selection = Selection(
        ids=_values(given, "id"),
        types=_values(given, "type"),
        specs=_specs(_values(given, "spec_version")),
        versions=_versions(_values(given, "version")),
        added_after_us=_added_after(given.get("added_after")),
    )
    return Asked(selection, _limit(given.get("limit")), given.get("next"), "match[version]" in given)


def _values(given: dict[str, str], field: str) -> tuple[str, ...] | None:
    text = given.get(f"match[{field}]")
    if text is None:
        return None
    values = tuple(value.strip() for value in text.split(","))
    if len(values) > MOST_VALUES or not all(0 < len(value) <= _LONGEST_VALUE for value in values):
        raise malformed(f"match[{field}] must list 1 to {MOST_VALUES} values, separated by commas")
    return values


def _specs(values: tuple[str, ...] | None) -> tuple[int, ...] | None:
    if values is None:
        return None
    if not all(re.fullmatch(r"\d{1,3}\.\d{1,3}", value, re.ASCII) for value in values):
        raise malformed("match[spec_version] must list versions as 2.1")
    return tuple(sorted({_SPECS.get(value, 0) for value in values}))


def _versions(values: tuple[str, ...] | None) -> Versions:
    if values is None:
        return LAST
    if len(set(values)) < len(values):
        raise malformed("match[version] must not name a version twice")
    if "all" in values and len(values) > 1:
        raise malformed("match[version]: all must stand alone")
    try:
        exactly = tuple(read_us(value) for value in values if value not in _KEYWORDS)
    except ValueError:
        raise malformed("match[version] must list first, last, all or timestamps of versions") from None
    return Versions("first" in values, "last" in values, "all" in values, exactly)


def _added_after(value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return read_us(value)
    except ValueError as error:
        raise malformed(f"added_after is {error}") from None


def _limit(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,16}", value, re.ASCII) or not 0 < int(value) <= _LARGEST_LIMIT:
        raise malformed("limit must be a whole number greater than zero")
    return int(value)
