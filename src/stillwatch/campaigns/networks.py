"""Offline databases of networks: an address to its country and network operator. Nothing is asked of any network.

The user names a file: MaxMind's format (`.mmdb`, countries or network numbers, read by the package `maxminddb`, extra
`network`), or a CSV of ranges

    first,last,country,asn,name
    198.18.0.0,198.18.255.255,DE,65544,Example Hosting

with first and last address of either version, an empty field where nothing is known, and a header or none.

A hunt asks for names of network numbers only: what it reads are sketches, which hold no address. `completed` is for
programs that sketch themselves and still have addresses; it looks up only what their log does not say.
"""

from __future__ import annotations

import csv
import ipaddress
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import msgspec

from stillwatch.errors import InputError, UsageError
from stillwatch.exchange.record import UNKNOWN, Principal

_COLUMNS = 5
_MOST_RANGES = 5_000_000  # a whole table of the routed internet has about one million


class BadDatabase(InputError):
    """A database of networks that cannot be read; the problem names file and line."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a database knows of an address; unknown parts are None, `UNKNOWN` and empty."""

    country: str | None = None
    asn: int = UNKNOWN
    name: str = ""


NOWHERE = Place()


class Networks(Protocol):
    """A database of networks."""

    def place(self, address: str) -> Place:
        """What is known of this address; `NOWHERE` for what is no address or in no range."""
        ...

    def name(self, asn: int) -> str:
        """Who runs the network of this number; empty where that is not known."""
        ...


def open_networks(path: Path) -> Networks:
    """The database in a file; `.mmdb` by MaxMind's format, anything else as CSV. Raises `BadDatabase`."""
    return _Mmdb(path) if path.suffix == ".mmdb" else _Ranges.read(path)


def completed(principal: Principal, networks: Networks) -> Principal:
    """The principal with country and network number looked up where the log gave none."""
    if principal.ip is None or (principal.country and principal.asn != UNKNOWN):
        return principal
    place = networks.place(principal.ip)
    return msgspec.structs.replace(
        principal,
        country=principal.country or place.country,
        asn=place.asn if principal.asn == UNKNOWN else principal.asn,
    )


@dataclass(frozen=True)
class _Ranges:
    """Ranges of addresses by version: ascending firsts, and for each its last address and what is known."""

    firsts: Mapping[int, list[int]]
    lasts: Mapping[int, list[int]]
    places: Mapping[int, list[Place]]
    names: Mapping[int, str]

    def place(self, address: str) -> Place:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return NOWHERE
        at = bisect_right(self.firsts[found.version], int(found)) - 1
        if at < 0 or int(found) > self.lasts[found.version][at]:
            return NOWHERE
        return self.places[found.version][at]

    def name(self, asn: int) -> str:
        return self.names.get(asn, "")

    @classmethod
    def read(cls, path: Path) -> _Ranges:
        """All ranges of a CSV, sorted. Ranges of one version may not overlap."""
        rows: dict[int, list[_Span]] = {4: [], 6: []}
        for version, span in _spans(path):
            rows[version].append(span)
        for spans in rows.values():
            spans.sort(key=lambda span: span[:2])
            _require_apart(path, spans)
        return cls(
            {version: [first for first, _, _ in spans] for version, spans in rows.items()},
            {version: [last for _, last, _ in spans] for version, spans in rows.items()},
            {version: [place for _, _, place in spans] for version, spans in rows.items()},
            {place.asn: place.name for spans in rows.values() for _, _, place in spans if place.name},
        )


_Span = tuple[int, int, Place]


def _spans(path: Path) -> Iterator[tuple[int, _Span]]:
    """The lines of a CSV as ranges, each with its version."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                if number > _MOST_RANGES:
                    raise BadDatabase(f"{path} has more than {_MOST_RANGES:,} lines", "Leave out what is not needed")
                if row and not (number == 1 and row[0].strip().lower() == "first"):
                    yield _span(path, number, row)
    except OSError as error:
        raise BadDatabase(f"{path} cannot be read: {error.strerror}", "Name a CSV or .mmdb file") from None
    except (UnicodeDecodeError, csv.Error):
        raise BadDatabase(f"{path} is no CSV in UTF-8", "Name a CSV of ranges, or an .mmdb file") from None


def _span(path: Path, number: int, row: list[str]) -> tuple[int, _Span]:
    """One line of the CSV: version, and first, last and place."""
    remedy = "A line is first,last,country,asn,name"
    if len(row) != _COLUMNS:
        raise BadDatabase(f"{path}, line {number} has {len(row)} fields and not {_COLUMNS}", remedy)
    first, last, country, asn, name = (cell.strip() for cell in row)
    try:
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    except ValueError:
        raise BadDatabase(f"{path}, line {number} does not begin with two addresses", remedy) from None
    if low.version != high.version or int(low) > int(high):
        raise BadDatabase(f"{path}, line {number} is no range: the first address is above the last", remedy)
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise BadDatabase(f"{path}, line {number} has no country of two letters", remedy)
    digits = asn.upper().removeprefix("AS")
    if digits and not (digits.isascii() and digits.isdigit()):
        raise BadDatabase(f"{path}, line {number} has no network number", remedy)
    place = Place(country.upper() or None, int(digits) if digits else UNKNOWN, name)
    return low.version, (int(low), int(high), place)


def _require_apart(path: Path, spans: Sequence[_Span]) -> None:
    for (_, last, _), (first, _, _) in pairwise(spans):
        if first <= last:
            where = ipaddress.ip_address(first)
            raise BadDatabase(f"{path}: two ranges hold {where}", "Leave one of them out: each address has one place")


class _Mmdb:
    """MaxMind's format: a database of countries or of network numbers. Schema: MaxMind DB specification 2.0."""

    def __init__(self, path: Path) -> None:
        try:
            import maxminddb
        except ImportError:
            raise UsageError(
                f"{path} needs the package maxminddb", "Install stillwatch[network], or name a CSV of ranges"
            ) from None
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise BadDatabase(f"{path} cannot be read as a MaxMind database: {error}", "Name a whole file") from None

    def place(self, address: str) -> Place:
        try:
            found = self._reader.get(address)
        except ValueError:  # no address, or of a version that the database does not hold
            return NOWHERE
        return _place(found)

    def name(self, asn: int) -> str:
        return self._names.get(asn, "")

    @cached_property
    def _names(self) -> dict[int, str]:
        """Of all networks: the format leads from addresses to numbers, so it is read through once (seconds)."""
        places = (_place(record) for _, record in self._reader)
        return {place.asn: place.name for place in places if place.name}


def _place(record: object) -> Place:
    """What MaxMind's databases of countries and of network numbers say, in one shape."""
    if not isinstance(record, dict):
        return NOWHERE
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else None
    asn, name = record.get("autonomous_system_number"), record.get("autonomous_system_organization")
    return Place(
        code if isinstance(code, str) else None,
        asn if isinstance(asn, int) else UNKNOWN,
        name if isinstance(name, str) else "",
    )
