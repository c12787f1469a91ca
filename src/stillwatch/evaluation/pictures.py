"""Which plots the page shows, made from the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from stillwatch.evaluation.bounds import Rate, pooled
from stillwatch.evaluation.metrics.leak import CampaignLeak
from stillwatch.evaluation.plot import (
    Mark,
    Plot,
    Series,
    in_words,
    log_place,
    log_series,
    log_ticks,
    mark,
    percent,
    slots,
)
from stillwatch.evaluation.summary import DetectorSummary, Evaluation
from stillwatch.evaluation.truth import LEVELS
from stillwatch.evaluation.windows import LEVEL, SHARES, SIZES, WindowRow
from stillwatch.report.axis import Tick

_COLOURS = ("c1", "c2", "c3", "c5", "c6", "c4", "c8")
_DASHES = ("whole", "dashed", "dotted", "long", "mixed", "close", "sparse")
FINEST = 1e-4
"""Where the axes of the calibration plot begin."""

WINDOW_TESTS = {"rare values": "Rare values shared by strangers", "mmd": "MMD, here"}

# Mean true-positive rates of the authors' own runs, recomputed from the scores that they publish beside the paper
# (arXiv 2606.05725): 14 data sets at window 100, 5 at 500 and 1,500; embeddings of a neural network.
PUBLISHED = {
    100: {0.0: 0.007, 0.05: 0.013, 0.1: 0.046, 0.25: 0.76, 0.5: 0.99, 1.0: 1.0},
    500: {0.0: 0.004, 0.05: 0.15, 0.1: 0.80, 0.25: 0.996, 0.5: 1.0, 1.0: 1.0},
    1500: {0.0: 0.0, 0.05: 0.74, 0.1: 0.94, 0.25: 1.0, 0.5: 1.0, 1.0: 1.0},
}


def style_of(place: int) -> tuple[str, str]:
    """Colour and dash of the detector at this place."""
    return _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]


def with_figures(evaluation: Evaluation) -> list[tuple[int, DetectorSummary]]:
    """The detectors that ran, with their place, which decides their colour."""
    return [(place, one) for place, one in enumerate(evaluation.detectors) if one.figures]


def levels_of(evaluation: Evaluation) -> list[str]:
    known = {level for world in evaluation.worlds for level in world.levels}
    return [level for level in LEVELS if level in known]


def recall_by_level(evaluation: Evaluation) -> list[Plot]:
    """A small plot for each detector: campaigns acted on, level by level."""
    levels = levels_of(evaluation)
    places = dict(zip(levels, slots(len(levels)), strict=True))
    plots = []
    for place, one in with_figures(evaluation):
        assert one.figures is not None  # noqa: S101 - by `with_figures`
        rates = {row.level: row.acted for row in one.figures.campaigns if row.level in places}
        marks = tuple(mark(places[level], rate, level) for level, rate in rates.items())
        series = [Series("acted on", *style_of(place), marks)]
        if one.has_rings:
            shown = {row.level: row.listed for row in one.figures.campaigns if row.level in places}
            hollow = tuple(Mark(places[k], r.value, 0, 0, k, f"{k} shown: {in_words(r)}") for k, r in shown.items())
            series.insert(0, Series("shown to people", style_of(place)[0], "hollow", hollow))
        ticks = tuple(Tick(at, level) for level, at in places.items())
        plots.append(Plot(one.title, tuple(series), ticks))
    return plots


def leak_curves(evaluation: Evaluation) -> Plot | None:
    """What campaigns got so far of all they would get, by each detector, over the time of the worlds."""
    series: list[Series] = []
    for place, one in with_figures(evaluation):
        assert one.figures is not None  # noqa: S101 - by `with_figures`
        curve = one.figures.leak_curve
        if not curve:
            continue
        if not series:
            plain = tuple(Mark(p.at, p.undefended, 0, 0, "", "") for p in curve)
            series.append(Series("nobody acted on", "rest", "whole", plain))
        marks = tuple(Mark(p.at, p.leaked, 0, 0, "", f"{one.title}: {percent(p.leaked)}") for p in curve)
        series.append(Series(f"{one.title}: {percent(curve[-1].leaked)}", *style_of(place), marks))
        if one.has_e_values:
            unseen = tuple(Mark(p.at, p.unseen, 0, 0, "", "") for p in curve)
            name = f"{one.title}, if people act on what they are shown: {percent(curve[-1].unseen)}"
            series.append(Series(name, style_of(place)[0], "dotted", unseen))
    if not series:
        return None
    across = tuple(Tick(step / 4, f"{25 * step} %", minor=step % 2 == 1) for step in range(5))
    return Plot("Harvested so far", tuple(series), across, across_title="of the worlds' time")


def calibration(evaluation: Evaluation) -> Plot | None:
    """Honest accounts that cross a level, beside the level."""
    series: list[Series] = []
    for place, one in with_figures(evaluation):
        assert one.figures is not None  # noqa: S101 - by `with_figures`
        points = [(point.alpha, point.crossed) for point in one.figures.calibration]
        if points:
            drawn = log_series(one.title, style_of(place), points, FINEST)
            series.append(replace(drawn, shows_bounds=one.has_e_values))
    if not series:
        return None
    ends = (Mark(0, 0, 0, 0, "", ""), Mark(log_place(1, FINEST), 1, 0, 0, "", ""))
    return Plot(
        "Honest accounts that cross",
        (Series("the most that is allowed", "rest", "whole", ends), *series),
        log_ticks(FINEST),
        log_ticks(FINEST),
        "level",
    )


def windows(evaluation: Evaluation) -> list[Plot]:
    """A plot for each size of window: the share of windows noticed, by how much of them harvests."""
    plots = []
    ticks = tuple(Tick(at, f"{100 * s:g} %") for s, at in zip(SHARES, slots(len(SHARES)), strict=True))
    for size in SIZES:
        rows = [r for r in evaluation.windows if (r.size, r.honest, r.level) == (size, "benign log", LEVEL)]
        if rows:
            plots.append(Plot(f"{size:,} exchanges a window", tuple(_window_series(rows, size)), ticks))
    return plots


def _window_series(rows: Sequence[WindowRow], size: int) -> list[Series]:
    places = dict(zip(SHARES, slots(len(SHARES)), strict=True))
    series: list[Series] = []
    for name, style in (("rare values", style_of(0)), ("mmd", style_of(3))):
        own = sorted((row for row in rows if row.test == name), key=lambda row: row.share)
        marks = tuple(mark(places[row.share], row.flagged, f"{100 * row.share:g} %") for row in own)
        series.append(Series(WINDOW_TESTS[name], *style, marks, shows_bounds=True))
    known = PUBLISHED.get(size, {})
    said = tuple(Mark(places[s], v, v, v, "", f"published at {100 * s:g} %: {percent(v)}") for s, v in known.items())
    return [*series, Series("MMD, as published", "rest", "dotted", said)]


def leaks_by_level(leaks: Sequence[CampaignLeak]) -> list[tuple[str, list[Rate], str]]:
    """Level; exchanges leaked before half was shown to people, before half and before 90 % was acted on, and in all;
    the median first alert."""
    rows = []
    for level in LEVELS:
        own = [leak for leak in leaks if leak.level == level]
        if not own:
            continue
        alerts = [one.first_alert_hours for one in own if one.first_alert_hours is not None]
        shown = f"{median(alerts):.0f} h ({len(alerts)} of {len(own)})" if alerts else f"none ({len(own)})"
        rates = [
            pooled(_leaked(getattr(one, name), one.harvested) for one in own)
            for name in ("listed_before_half", "before_half", "before_most", "leaked")
        ]
        rows.append((level, rates, shown))
    return rows


def _leaked(part: int, whole: int) -> Rate:
    """A share of exchanges without an interval: they are all of them, and no sample."""
    value = part / whole if whole else None
    return Rate(part, whole, value, value or 0.0, value or 0.0)


def headline(evaluation: Evaluation) -> str:
    """The first sentence: what the hunt did."""
    own = next((one for one in evaluation.detectors if one.figures), None)
    if own is None or own.figures is None:
        return "Nothing could be evaluated"
    found = own.figures.campaigns[0].acted if own.figures.campaigns else None
    if found is None:
        return "These worlds have no campaign: only collateral can be counted"
    shown = own.figures.campaigns[0].listed.successes
    more = f", and shows people {shown}" if shown > found.successes else ""
    return f"{own.title} acts on {found.successes} of {found.trials} campaigns at a false-discovery rate of 1 %{more}"


def honest_windows(evaluation: Evaluation) -> list[str]:
    """How often each test notices windows of honest traffic, which it should not: a clause a test."""
    sizes: dict[str, list[str]] = {}
    for row in evaluation.windows:
        if (row.honest, row.level) == ("traffic", LEVEL):
            sizes.setdefault(row.test, []).append(f"{in_words(row.flagged)} at {row.size:,}")
    return [f"{WINDOW_TESTS[test]}: {', '.join(said)}" for test, said in sizes.items()]
