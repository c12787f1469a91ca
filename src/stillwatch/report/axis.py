"""Where the marks of an axis stand: round counts upward, calendar days and hours in UTC along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stillwatch.report.wording import DAY_US, HOUR_US, compact

_MINUTE_US = HOUR_US // 60
_MONDAY_US = 4 * DAY_US  # 1970-01-05, the first Monday of Unix time
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Chosen: lengths that a reader knows by name.
BIN_LENGTHS_US = (
    _MINUTE_US,
    5 * _MINUTE_US,
    15 * _MINUTE_US,
    HOUR_US,
    3 * HOUR_US,
    6 * HOUR_US,
    12 * HOUR_US,
    DAY_US,
    2 * DAY_US,
    7 * DAY_US,
    28 * DAY_US,
)
_TICK_LENGTHS_US = (
    _MINUTE_US,
    5 * _MINUTE_US,
    15 * _MINUTE_US,
    HOUR_US,
    3 * HOUR_US,
    6 * HOUR_US,
    12 * HOUR_US,
    DAY_US,
    2 * DAY_US,
    7 * DAY_US,
    14 * DAY_US,
)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: `at` from 0 to 1 along it; `minor` ones give way where room is short."""

    at: float
    label: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class CountAxis:
    """An upward axis from zero to `top`."""

    top: int
    ticks: tuple[Tick, ...]


def bin_length_us(first_us: int, last_us: int, finest_us: int, most_bins: int) -> int:
    """The length of the bars for input that comes in bins of `finest_us`: at most `most_bins` of them.

    The input's own bins where they are few enough; else a length with a name into which they fit without remainder.
    Bins of eight hours in bars of twelve would give every second bar twice as much.
    """
    lengths = [finest_us, *(length for length in BIN_LENGTHS_US if length > finest_us and _fits(finest_us, length))]
    for length_us in lengths:
        if bin_start(last_us, length_us) - bin_start(first_us, length_us) < most_bins * length_us:
            return length_us
    length_us = lengths[-1]
    while last_us - first_us >= (most_bins - 1) * length_us:
        length_us *= 2
    return length_us


def _fits(finest_us: int, length_us: int) -> bool:
    return length_us % finest_us == 0 or length_us >= 20 * finest_us  # 1 bin of 20 more or less is not seen


def bin_start(us: int, length_us: int) -> int:
    """The start of the bin that holds `us`: midnight for days, Monday for weeks."""
    origin_us = _MONDAY_US if length_us % (7 * DAY_US) == 0 else 0
    return (us - origin_us) // length_us * length_us + origin_us


def bin_name(length_us: int) -> str:
    """`day`, `6 hours`: what one bar stands for."""
    for size_us, name in ((7 * DAY_US, "week"), (DAY_US, "day"), (HOUR_US, "hour"), (_MINUTE_US, "minute")):
        if length_us % size_us == 0:
            number = length_us // size_us
            return name if number == 1 else f"{number} {name}s"
    return f"{length_us / 1_000_000:g} seconds"


def count_axis(highest: int) -> CountAxis:
    """Two to four round marks above zero, the last one at or just above `highest`."""
    highest = max(1, highest)
    magnitude = 1
    while magnitude * 10 <= highest:
        magnitude *= 10
    steps = (magnitude // 5, magnitude // 2, magnitude, magnitude * 2, magnitude * 5)
    step = next(s for s in steps if s and -(-highest // s) <= 4)
    marks = -(-highest // step)
    return CountAxis(marks * step, tuple(Tick(mark / marks, compact(mark * step)) for mark in range(marks + 1)))


def time_ticks(start_us: int, end_us: int, most: int = 8) -> list[Tick]:
    """Marks at round moments in UTC between two times, every second one minor."""
    for length_us in _TICK_LENGTHS_US:
        if (end_us - start_us) / length_us <= most:
            return _even_ticks(start_us, end_us, length_us)
    return _month_ticks(start_us, end_us, most)


def _even_ticks(start_us: int, end_us: int, length_us: int) -> list[Tick]:
    at_us = bin_start(start_us - 1, length_us) + length_us
    marks = range(at_us, end_us, length_us)
    return [_tick(us, start_us, end_us, _moment_label(us, order == 0), order) for order, us in enumerate(marks)]


def _month_ticks(start_us: int, end_us: int, most: int) -> list[Tick]:
    try:
        first, last = (_EPOCH + timedelta(microseconds=us) for us in (start_us, end_us))
    except OverflowError:  # a log's clock can say anything; an axis without dates is still an axis
        return []
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next((s for s in _MONTH_STEPS if months / s <= most), _MONTH_STEPS[-1] * (1 + months // 960))
    ticks: list[Tick] = []
    for month in range((first.year * 12 + first.month - 1) // step * step, last.year * 12 + last.month, step):
        if month < 12:
            continue
        when = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        us = int((when - _EPOCH) / timedelta(microseconds=1))
        if start_us <= us < end_us:
            label = str(when.year) if step >= 12 else f"{_MONTHS[when.month - 1]} {when.year}"
            ticks.append(_tick(us, start_us, end_us, label, len(ticks)))
    return ticks


def _moment_label(us: int, is_first: bool) -> str:
    try:
        when = _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return ""
    date, clock = f"{when.day} {_MONTHS[when.month - 1]}", f"{when:%H:%M}"
    if us % DAY_US == 0:
        return date
    return f"{date} {clock}" if is_first else clock


def _tick(us: int, start_us: int, end_us: int, label: str, order: int) -> Tick:
    return Tick((us - start_us) / (end_us - start_us), label, minor=order % 2 == 1)
