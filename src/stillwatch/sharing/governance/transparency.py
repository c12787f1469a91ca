"""Totals that may be published: old enough, of enough members, and of none of them too much.

With few members a total minus one's own share is a rival's number. So a cell is shown only if at least five members are
behind it, none of them holds more than a quarter, and its quarter ended ninety days ago or more; numbers are given in
decades. The rule has the form of the safety zone that the US agencies published in 1996 and withdrew in 2023: no law,
but still the only published yardstick.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_MEMBERS = 5
LARGEST_SHARE = 0.25
LEAST_AGE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many objects of a class by one member on a day. `what`: as in `campaign published` or `indicator revoked`."""

    member: str
    what: str
    day: date
    number: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """`band`: the decade, as `10-99`; None where the rule withholds it, with the reason."""

    quarter: str
    what: str
    band: str | None
    withheld: str = ""


def cells(counted: Iterable[Counted], today: date) -> list[Cell]:
    """The table that may be shown today, a row for each quarter and class."""
    by: dict[tuple[int, int, str], Counter[str]] = {}
    for one in counted:
        at = one.day.year, (one.day.month - 1) // 3 + 1, one.what
        by.setdefault(at, Counter())[one.member] += one.number
    return [_cell(*at, of, today) for at, of in sorted(by.items())]


def band(number: int) -> str:
    """The decade that holds a number."""
    if number <= 0:
        return "0"
    low = 10 ** (len(str(number)) - 1)
    return f"{low}-{10 * low - 1}"


def _cell(year: int, quarter: int, what: str, of: Counter[str], today: date) -> Cell:
    name, total = f"{year}-Q{quarter}", of.total()
    if today - _last_day(year, quarter) < LEAST_AGE:
        return Cell(name, what, None, f"it ended less than {LEAST_AGE.days} days ago")
    if len(of) < LEAST_MEMBERS:
        return Cell(name, what, None, f"fewer than {LEAST_MEMBERS} members are behind it")
    if max(of.values()) > LARGEST_SHARE * total:
        return Cell(name, what, None, "one member holds more than a quarter")
    return Cell(name, what, band(total))


def _last_day(year: int, quarter: int) -> date:
    return date(year, 12, 31) if quarter == 4 else date(year, 3 * quarter + 1, 1) - timedelta(days=1)
