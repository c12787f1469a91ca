"""Bars count every exchange once, at round times in UTC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.campaign import Bin
from stillwatch.report.axis import bin_length_us, bin_start, count_axis, time_ticks
from stillwatch.report.timeline import Series, finest_us, timeline
from stillwatch.report.wording import DAY_US, HOUR_US

MARCH_US = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC, a Sunday


def test_a_month_of_hours_becomes_bars_of_half_days() -> None:
    """No more bars than a screen has room for, and no exchange lost."""
    chart = timeline([Bin(MARCH_US + hour * HOUR_US, 10, 1) for hour in range(31 * 24)], [], HOUR_US)
    assert chart is not None
    assert (len(chart.bars), chart.bar_length) == (62, "12 hours")
    assert all(bar.exchanges == 120 for bar in chart.bars)


def test_daily_bins_are_never_cut_into_shorter_bars() -> None:
    """A bar cannot be finer than the input: there would be holes where nobody looked."""
    chart = timeline([Bin(MARCH_US + day * DAY_US, 5, 1) for day in range(4)], [], DAY_US)
    assert chart is not None
    assert [bar.when for bar in chart.bars] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]


@pytest.mark.parametrize("hours", [1, 2, 5, 7, 8, 11, 24, 100])
def test_even_traffic_gives_even_bars_whatever_the_length_of_its_bins(hours: int) -> None:
    """Bins that do not fit into bars would draw a comb where there is none; the ends may be part of a bar."""
    chart = timeline([Bin(MARCH_US + n * hours * HOUR_US, 100, 1) for n in range(200)], [], hours * HOUR_US)
    assert chart is not None
    middle = [bar.exchanges for bar in chart.bars[1:-1]]
    assert max(middle) - min(middle) <= 100
    assert max(middle) <= 1.1 * min(middle)


def test_campaigns_are_stacked_below_everybody_else() -> None:
    """The pieces of a bar touch and add up to all its exchanges."""
    ring = Series("C-1", "c1", (Bin(MARCH_US, 30, 3),))
    other = Series("C-2", "c2", (Bin(MARCH_US, 20, 2),))
    chart = timeline([Bin(MARCH_US, 100, 9), Bin(MARCH_US + DAY_US, 40, 4)], [ring, other], DAY_US)
    assert chart is not None
    first = chart.bars[0]
    assert [piece.colour for piece in first.segments] == ["c1", "c2", "rest"]
    assert [round(piece.height * chart.counts.top) for piece in first.segments] == [30, 20, 50]
    assert first.words == "2026-03-01: 100 exchanges; C-1 30; C-2 20"
    assert (first.flagged, chart.bars[1].flagged) == (50, 0)


def test_a_small_campaign_is_as_visible_as_a_large_one() -> None:
    """In the lanes each is drawn on a scale of its own."""
    small = Series("C-1", "c1", (Bin(MARCH_US, 1, 1), Bin(MARCH_US + DAY_US, 2, 1)))
    chart = timeline([Bin(MARCH_US + day * DAY_US, 1_000_000, 9) for day in range(9)], [small], DAY_US)
    assert chart is not None
    assert [mark.weight for mark in chart.lanes[0].marks] == [0.5, 1.0]


def test_nothing_is_drawn_of_nothing() -> None:
    assert timeline([], [], DAY_US) is None


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**6)), min_size=1, max_size=60))
def test_every_exchange_is_in_exactly_one_bar(rows: list[tuple[int, int]]) -> None:
    """Whatever times a log holds, over minutes or over decades."""
    bins = [Bin(us, exchanges, 1) for us, exchanges in rows]
    chart = timeline(bins, [], finest_us(bins))
    assert chart is not None
    assert sum(bar.exchanges for bar in chart.bars) == sum(exchanges for _, exchanges in rows)
    assert len(chart.bars) <= 96
    assert all(bar.at >= 0 and bar.at + bar.width <= 1 for bar in chart.bars)
    assert all(0 <= tick.at < 1 for tick in chart.ticks)
    assert len(chart.ticks) <= 10


@pytest.mark.parametrize("highest", [0, 1, 7, 10, 99, 101, 4_999, 10**9])
def test_a_count_axis_ends_at_or_just_above_the_highest(highest: int) -> None:
    axis = count_axis(highest)
    assert highest <= axis.top <= max(2 * highest, 4)
    assert 2 <= len(axis.ticks) <= 5
    assert (axis.ticks[0].label, axis.ticks[0].at, axis.ticks[-1].at) == ("0", 0.0, 1.0)


def test_days_and_weeks_start_where_the_calendar_starts_them() -> None:
    assert bin_start(MARCH_US + 5 * HOUR_US, DAY_US) == MARCH_US
    assert bin_start(MARCH_US, 7 * DAY_US) == MARCH_US - 6 * DAY_US  # Monday
    assert bin_length_us(0, 100 * 365 * DAY_US, HOUR_US, 96) % (28 * DAY_US) == 0


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (0.25, ["1 Mar", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        (5, ["1 Mar", "2 Mar", "3 Mar", "4 Mar", "5 Mar"]),
        (31, ["2 Mar", "9 Mar", "16 Mar", "23 Mar", "30 Mar"]),
        (365, ["Mar 2026", "May 2026", "Jul 2026", "Sep 2026", "Nov 2026", "Jan 2027"]),
    ],
)
def test_ticks_stand_at_round_moments(days: float, labels: list[str]) -> None:
    assert [tick.label for tick in time_ticks(MARCH_US, MARCH_US + int(days * DAY_US))] == labels
