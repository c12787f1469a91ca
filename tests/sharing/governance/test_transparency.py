"""No published total tells a rival's number, and what is withheld does not tell that something happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.governance.transparency import CLASSES, Cell, Quarter, band, cells

TODAY, SPRING = date(2026, 11, 21), Quarter(2026, 2)
WHAT = "campaign published"


def cell(numbers: Mapping[str, int], quarter: Quarter = SPRING, today: date = TODAY) -> Cell:
    return next(one for one in cells(quarter, {WHAT: numbers}, today) if one.what == WHAT)


def test_an_old_total_of_five_even_members_is_shown_in_its_decade() -> None:
    assert cell({"a": 5, "b": 5, "c": 5, "d": 5, "e": 5}).band == "10-99"


@pytest.mark.parametrize(
    ("numbers", "quarter", "why"),
    [
        ({"a": 5, "b": 5, "c": 5, "d": 5}, SPRING, "fewer than 5"),
        ({}, SPRING, "fewer than 5"),
        ({"a": 6, "b": 4, "c": 4, "d": 4, "e": 4}, SPRING, "a quarter"),
        ({"a": 5, "b": 5, "c": 5, "d": 5, "e": 5}, Quarter(2026, 3), "less than 90 days"),
    ],
)
def test_others_are_withheld_and_say_why(numbers: Mapping[str, int], quarter: Quarter, why: str) -> None:
    found = cell(numbers, quarter)
    assert found.band is None
    assert why in found.withheld


def test_a_share_of_exactly_a_quarter_is_shown() -> None:
    assert cell({"a": 5, "b": 5, "c": 4, "d": 4, "e": 2}).band == "10-99"


def test_ninety_days_are_ninety_days() -> None:
    """The second quarter ends on 30 June: 28 September is the ninetieth day behind it."""
    even = dict.fromkeys("abcde", 5)
    assert SPRING.shown_from == date(2026, 9, 28)
    assert cell(even, today=date(2026, 9, 27)).band is None
    assert cell(even, today=date(2026, 9, 28)).band == "10-99"
    assert Quarter(2026, 4).shown_from == date(2027, 3, 31)


def test_every_class_has_its_cell_whether_anything_happened_or_not() -> None:
    """What nobody did and what four members did look alike to who is not told why."""
    nothing, four = cells(SPRING, {}, TODAY), cells(SPRING, {WHAT: dict.fromkeys("abcd", 9)}, TODAY)
    assert [(one.what, one.band) for one in nothing] == [(one.what, one.band) for one in four]
    assert [one.what for one in nothing] == list(CLASSES)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_quarter_follows_another(day: date) -> None:
    quarter = Quarter.of(day)
    assert quarter < quarter.next <= Quarter.of(day.replace(day=1, year=day.year + 1))
    assert Quarter.named(str(quarter)) == quarter


@given(st.integers(1, 10**9))
def test_a_band_holds_its_number(number: int) -> None:
    low, high = map(int, band(number).split("-"))
    assert low <= number <= high < 10 * low
