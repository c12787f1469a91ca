"""Totals that may be published: old enough, of enough members, and of none of them too much.

With few members a total minus one's own share is a rival's number. So a cell is shown only if at least five members are
behind it, none of them holds more than a quarter, and its quarter ended ninety days ago or more; numbers are given in
decades. The rule has the form of the safety zone that the US agencies published in 1996 and withdrew in 2023: no law,
but still the only published yardstick.

Every class has its cell in every quarter, so that a cell which is withheld does not say that something happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

LEAST_MEMBERS = 5
LARGEST_SHARE = 0.25
LEAST_AGE = timedelta(days=90)
CLAIMS = ("campaign", "intrusion-set", "threat-actor", "infrastructure", "indicator")
CLASSES = (
    *(f"{claim} {became}" for claim in CLAIMS for became in ("published", "corrected", "withdrawn")),
    "sighting",
    "agreement",
    "dispute",
)
"""What is counted."""


class Quarter(NamedTuple):
    """Three months, in UTC: `Quarter(2026, 2)` is April to June."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The one that a day is in."""
        return cls(day.year, (day.month - 1) // 3 + 1)

    @classmethod
    def named(cls, name: str) -> Quarter:
        """The one that `str` gave this name."""
        year, _, number = name.partition("-Q")
        return cls(int(year), int(number))

    @property
    def next(self) -> Quarter:
        """The one behind it."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def shown_from(self) -> date:
        """The first day on which its totals may be shown."""
        following = self.next
        return date(following.year, 3 * following.number - 2, 1) - timedelta(days=1) + LEAST_AGE

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


@dataclass(frozen=True, slots=True)
class Cell:
    """`band`: the decade, as `10-99`; None where the rule withholds it, with the reason, for the operator alone."""

    what: str
    band: str | None
    withheld: str = ""


def cells(quarter: Quarter, counts: Mapping[str, Mapping[str, int]], today: date) -> list[Cell]:
    """A cell for each class of a quarter; `counts`: of a class, how many by each member."""
    return [_cell(quarter, what, counts.get(what, {}), today) for what in CLASSES]


def band(number: int) -> str:
    """The decade that holds a number."""
    if number <= 0:
        return "0"
    low = 10 ** (len(str(number)) - 1)
    return f"{low}-{10 * low - 1}"


def _cell(quarter: Quarter, what: str, of: Mapping[str, int], today: date) -> Cell:
    if today < quarter.shown_from:
        return Cell(what, None, f"it ended less than {LEAST_AGE.days} days ago")
    if len(of) < LEAST_MEMBERS:
        return Cell(what, None, f"fewer than {LEAST_MEMBERS} members are behind it")
    total = sum(of.values())
    if max(of.values()) > LARGEST_SHARE * total:
        return Cell(what, None, "one member holds more than a quarter")
    return Cell(what, band(total))
