"""Traffic over time as bars and lanes, in percent of the width, ready to be drawn.

A review may carry any number of bins of any length; here they become at most 96 bars of a length with a name (an hour,
a day, a week). Exchanges of several campaigns in one bar are stacked; what is left is everybody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stillwatch.campaigns.campaign import Bin
from stillwatch.report.axis import CountAxis, Tick, bin_length_us, bin_name, bin_start, count_axis, time_ticks
from stillwatch.report.wording import DAY_US, HOUR_US, day, moment

_MOST_BARS = 96  # chosen: ten pixels a bar on a desk screen, three on a phone
_GAP = 0.14  # chosen: share of a bar's room left empty


@dataclass(frozen=True, slots=True)
class Series:
    """The traffic of one campaign (or of several, told together): `colour` names its class in the style sheet."""

    name: str
    colour: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar, upward from `bottom`; both from 0 to 1 of the axis."""

    bottom: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `at` and `width` from 0 to 1 of the chart."""

    at: float
    width: float
    segments: tuple[Segment, ...]
    when: str
    exchanges: int
    flagged: int  # exchanges in it that belong to the series
    words: str


@dataclass(frozen=True, slots=True)
class LaneMark:
    """One bar's worth of a lane: `weight` from 0 to 1 of the lane's own busiest."""

    at: float
    width: float
    weight: float


@dataclass(frozen=True, slots=True)
class Lane:
    """When one series was active, on a scale of its own: a small campaign is as visible as a large one."""

    name: str
    colour: str
    marks: tuple[LaneMark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A chart without pixels."""

    bars: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    counts: CountAxis
    ticks: tuple[Tick, ...]
    bar_length: str


def timeline(total: Sequence[Bin], series: Sequence[Series], finest_us: int) -> Timeline | None:
    """The traffic `total`, with what belongs to each series stacked from the bottom; None where there is none.

    `finest_us` is how long the input's own bins are.
    """
    everything = [*total, *(b for one in series for b in one.bins)]
    if not everything:
        return None
    first_us, last_us = min(b.start_us for b in everything), max(b.start_us for b in everything)
    length_us = bin_length_us(first_us, last_us, finest_us, _MOST_BARS)
    stacks = [_rebinned(one.bins, length_us) for one in series]
    sums = _rebinned(total, length_us)
    for stack in stacks:
        sums.update(dict.fromkeys(stack, 0))
    tallest = max((max(sums[s], sum(stack[s] for stack in stacks)) for s in sums), default=0)
    counts = count_axis(tallest)
    start_us, end_us = bin_start(first_us, length_us), bin_start(last_us, length_us) + length_us
    span_us = end_us - start_us

    def place(us: int) -> tuple[float, float]:
        return (us - start_us + _GAP / 2 * length_us) / span_us, (1 - _GAP) * length_us / span_us

    bars = []
    for us in sorted(sums):
        flagged = [(one, stack[us]) for one, stack in zip(series, stacks, strict=True) if stack[us]]
        segments = _stacked(flagged, sums[us], counts.top)
        bars.append(_bar(place(us), segments, _when(us, length_us), flagged, sums[us]))
    lanes = tuple(_lane(one, stack, place) for one, stack in zip(series, stacks, strict=True) if stack)
    return Timeline(tuple(bars), lanes, counts, tuple(time_ticks(start_us, end_us)), bin_name(length_us))


def finest_us(bins: Sequence[Bin]) -> int:
    """How long the bins of an input are; a day where one bin does not tell."""
    starts = sorted({b.start_us for b in bins})
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    return min(gaps, default=DAY_US)


def merged(name: str, colour: str, timelines: Iterable[Sequence[Bin]]) -> Series:
    """Several campaigns as one series, for those that have no colour of their own."""
    sums: Counter[int] = Counter()
    for bins in timelines:
        for one in bins:
            sums[one.start_us] += one.exchanges
    return Series(name, colour, tuple(Bin(us, sums[us], 0) for us in sorted(sums)))


def _rebinned(bins: Iterable[Bin], length_us: int) -> Counter[int]:
    sums: Counter[int] = Counter()
    for one in bins:
        sums[bin_start(one.start_us, length_us)] += one.exchanges
    return sums


def _stacked(flagged: list[tuple[Series, int]], total: int, top: int) -> tuple[Segment, ...]:
    segments = []
    height = 0
    for one, exchanges in flagged:
        segments.append(Segment(height / top, exchanges / top, one.colour))
        height += exchanges
    if total > height:
        segments.append(Segment(height / top, (total - height) / top, "rest"))
    return tuple(segments)


def _bar(
    place: tuple[float, float], segments: tuple[Segment, ...], when: str, flagged: list[tuple[Series, int]], total: int
) -> Bar:
    flagged_sum = sum(exchanges for _, exchanges in flagged)
    total = max(total, flagged_sum)
    parts = [f"{when}: {total:,} exchanges", *(f"{one.name} {exchanges:,}" for one, exchanges in flagged)]
    return Bar(*place, segments, when, total, flagged_sum, "; ".join(parts))


def _lane(one: Series, stack: Counter[int], place: Callable[[int], tuple[float, float]]) -> Lane:
    busiest = max(stack.values()) or 1
    marks = tuple(LaneMark(*place(us), stack[us] / busiest) for us in sorted(stack) if stack[us])
    return Lane(one.name, one.colour, marks)


def _when(us: int, length_us: int) -> str:
    if length_us == DAY_US:
        return day(us)
    if length_us > DAY_US:
        return f"{day(us)} to {day(us + length_us - HOUR_US)}"
    return moment(us)
