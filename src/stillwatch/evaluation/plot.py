"""Where the marks of a plot stand, from 0 to 1 across and upward, so that a page can draw it at any width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate
from stillwatch.report.axis import Tick

PERCENT_TICKS = tuple(Tick(step / 4, f"{25 * step} %") for step in range(5))


@dataclass(frozen=True, slots=True)
class Mark:
    """A rate with its interval: `value` is None where nothing was tried. All from 0 to 1 of the plot."""

    at: float
    value: float | None
    low: float
    high: float
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """One line or row of marks. `colour` and `dash` name classes of the style sheet: no plot relies on one alone."""

    name: str
    colour: str
    dash: str
    marks: tuple[Mark, ...]
    shows_bounds: bool = False

    @property
    def line(self) -> str:
        """The points of an SVG polyline in a box of 100 by 100, y downward."""
        known = [(mark.at, mark.value) for mark in self.marks if mark.value is not None]
        return " ".join(f"{100 * x:.2f},{100 * (1 - y):.2f}" for x, y in known)

    @property
    def band(self) -> str:
        """The points of the polygon between lower and upper bounds."""
        upper = [(mark.at, mark.high) for mark in self.marks]
        lower = [(mark.at, mark.low) for mark in reversed(self.marks)]
        return " ".join(f"{100 * x:.2f},{100 * (1 - y):.2f}" for x, y in (*upper, *lower))


@dataclass(frozen=True, slots=True)
class Plot:
    """Series over common axes."""

    title: str
    series: tuple[Series, ...]
    across: tuple[Tick, ...]
    upward: tuple[Tick, ...] = PERCENT_TICKS
    across_title: str = ""


def in_words(rate: Rate) -> str:
    """`18 of 20 (68 to 99 %)`."""
    if rate.value is None:
        return "none to count"
    return f"{rate.successes:,} of {rate.trials:,} ({percent(rate.low)} to {percent(rate.high)})"


def percent(share: float | None) -> str:
    """A share with as many figures as it needs: 0 %, 0.012 %, 4.1 %, 87 %."""
    if share is None:
        return "-"
    value = 100 * share
    digits = 0
    if 0 < value < 10:
        digits = max(1, 1 - math.floor(math.log10(value)))
    elif 99.5 <= value < 99.95:
        digits = 1
    return f"{value:.{digits}f}\u00a0%"  # a number and its unit stay on one line


def mark(at: float, rate: Rate, label: str = "") -> Mark:
    """A rate on an axis from 0 to 100 %."""
    return Mark(at, rate.value, rate.low, rate.high, label, f"{label}: {in_words(rate)}" if label else in_words(rate))


def slots(count: int) -> list[float]:
    """The middles of `count` equal slots."""
    return [(place + 0.5) / count for place in range(count)]


def log_place(value: float, low: float) -> float:
    """Where a value stands on a logarithmic axis from `low` to 1; what is below stands at 0."""
    return max(0.0, 1 - math.log(value) / math.log(low)) if value > 0 else 0.0


def log_ticks(low: float) -> tuple[Tick, ...]:
    """Powers of ten from `low` to 1."""
    powers = range(round(math.log10(low)), 1)
    return tuple(Tick(log_place(10.0**power, low), _power(power)) for power in powers)


def _power(power: int) -> str:
    return "1" if power == 0 else f"1e{power}"


def log_series(name: str, style: tuple[str, str], points: Sequence[tuple[float, Rate]], low: float) -> Series:
    """Rates over levels, both on logarithmic axes."""
    marks = [
        Mark(
            log_place(at, low),
            None if rate.value is None else log_place(rate.value, low),
            log_place(rate.low, low),
            log_place(rate.high, low),
            f"{at:g}",
            f"{name} at {at:g}: {in_words(rate)}",
        )
        for at, rate in points
    ]
    return Series(name, *style, tuple(marks))
