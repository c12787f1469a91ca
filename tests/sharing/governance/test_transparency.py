"""No published total tells a rival's number."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.governance.transparency import Counted, band, cells

TODAY, DAY = date(2026, 11, 21), date(2026, 5, 2)


def of(**numbers: int) -> list[Counted]:
    return [Counted(member, "campaign published", DAY, number) for member, number in numbers.items()]


def test_an_old_total_of_five_even_members_is_shown_in_its_decade() -> None:
    (cell,) = cells(of(a=5, b=5, c=5, d=5, e=5), TODAY)
    assert (cell.quarter, cell.band) == ("2026-Q2", "10-99")


@pytest.mark.parametrize(
    ("numbers", "day", "why"),
    [
        ({"a": 5, "b": 5, "c": 5, "d": 5}, DAY, "fewer than 5"),
        ({"a": 6, "b": 4, "c": 4, "d": 4, "e": 4}, DAY, "a quarter"),
        ({"a": 5, "b": 5, "c": 5, "d": 5, "e": 5}, date(2026, 9, 30), "less than 90 days"),
    ],
)
def test_others_are_withheld_and_say_why(numbers: dict[str, int], day: date, why: str) -> None:
    (cell,) = cells([Counted(m, "campaign published", day, n) for m, n in numbers.items()], TODAY)
    assert cell.band is None
    assert why in cell.withheld


def test_a_share_of_exactly_a_quarter_is_shown() -> None:
    (cell,) = cells(of(a=5, b=5, c=4, d=4, e=2), TODAY)
    assert cell.band == "10-99"


@given(st.integers(1, 10**9))
def test_a_band_holds_its_number(number: int) -> None:
    low, high = map(int, band(number).split("-"))
    assert low <= number <= high < 10 * low
