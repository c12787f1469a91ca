"""Plots with a place for each level of evasion: what leaked, when the first alert came, what evading costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from stillwatch.evaluation.metrics.cost import Cost, Multiple
from stillwatch.evaluation.metrics.leak import CampaignLeak
from stillwatch.evaluation.plot import Mark, Plot, Series, percent, slots
from stillwatch.report.axis import Tick

_COLOUR = "c1"
_ALERT = "First alert after"
_CHEAPEST = 0.5  # where the axis of multiples begins: 1 stands a little above the line
_SPREAD = 0.5  # of a slot: where several campaigns of a level stand side by side

_Share = Callable[[CampaignLeak], tuple[float | None, bool]]
"""Of a campaign: where its mark stands, and whether it came to pass."""


def leak_plots(leaks: Sequence[CampaignLeak], levels: Sequence[str]) -> list[Plot]:
    """A mark for each campaign: the share that leaked before half of it was shown, half and 90 % acted on, and when the
    first alert came. Hollow marks: it never came to that."""
    longest = max((one.first_alert_hours or 0.0 for one in leaks), default=0.0) / 24
    days = max(1, math.ceil(longest))
    every = max(1, math.ceil(days / 4))
    upward = (*(Tick(day / (days + 1), f"{day} d") for day in range(0, days + 1, every)), Tick(1.0, "none"))
    leaked = {
        "Leaked before half was shown": ("listed_before_half", "is_half_listed"),
        "Leaked before half was acted on": ("before_half", "is_half_acted"),
        "Leaked before 90 % was acted on": ("before_most", "is_most_acted"),
    }
    plots = [_campaigns(title, leaks, levels, partial(_leaked, *fields)) for title, fields in leaked.items()]
    return [*plots, _campaigns(_ALERT, leaks, levels, partial(_alerted, days), upward)]


def _leaked(before: str, is_reached: str, one: CampaignLeak) -> tuple[float | None, bool]:
    return (getattr(one, before) / one.harvested if one.harvested else None), getattr(one, is_reached)


def _alerted(days: int, one: CampaignLeak) -> tuple[float | None, bool]:
    if one.first_alert_hours is None:
        return 1.0, False
    return one.first_alert_hours / 24 / (days + 1), True


def _campaigns(
    title: str, leaks: Sequence[CampaignLeak], levels: Sequence[str], of: _Share, upward: tuple[Tick, ...] = ()
) -> Plot:
    solid: list[Mark] = []
    hollow: list[Mark] = []
    for place, level in zip(slots(len(levels)), levels, strict=True):
        own = [one for one in leaks if one.level == level]
        for number, one in enumerate(own):
            value, is_reached = of(one)
            at = place + _SPREAD * ((number + 0.5) / len(own) - 0.5) / len(levels)
            said = f"{level}, {one.campaign} in {one.world}: {_said(one, title, value, is_reached)}"
            (solid if is_reached else hollow).append(Mark(at, value, value or 0.0, value or 0.0, level, said))
    series = (
        Series("it came to that", _COLOUR, "whole", tuple(solid)),
        Series("never", _COLOUR, "hollow", tuple(hollow)),
    )
    across = tuple(Tick(at, level) for at, level in zip(slots(len(levels)), levels, strict=True))
    return Plot(title, series, across, upward) if upward else Plot(title, series, across)


def _said(one: CampaignLeak, title: str, value: float | None, is_reached: bool) -> str:
    if title == _ALERT:
        return "no alert" if one.first_alert_hours is None else f"{one.first_alert_hours:.0f} hours"
    return f"{percent(value)}" + ("" if is_reached else ", never")


def cost_plots(costs: Sequence[Cost], title: str) -> list[Plot]:
    """Requests, and accounts, for an exchange that is kept: undefended, with the detector, and if people act on what
    they are shown; bands are bounds at 95 %."""
    named: dict[str, tuple[Callable[[Cost], Multiple], ...]] = {
        "Requests for an exchange": (
            lambda c: c.requests_undefended,
            lambda c: c.requests,
            lambda c: c.requests_unseen,
        ),
        "Accounts for an exchange": (
            lambda c: c.accounts_undefended,
            lambda c: c.accounts,
            lambda c: c.accounts_unseen,
        ),
    }
    top = _top([one(cost) for multiples in named.values() for one in multiples for cost in costs])
    ticks = tuple(Tick(_place(10.0**power, top), f"{10**power:,}\u00d7") for power in range(top + 1))
    across = tuple(Tick(at, cost.level) for at, cost in zip(slots(len(costs)), costs, strict=True))
    names = ("undefended", f"with {title}", "if people act on what they are shown")
    styles = (("rest", "whole"), (_COLOUR, "whole"), ("c2", "dashed"))
    return [
        Plot(
            name,
            tuple(
                Series(label, *style, _marks(costs, of, top, label), shows_bounds=style[0] != "rest")
                for label, style, of in zip(names, styles, multiples, strict=True)
            ),
            across,
            (Tick(0.0, ""), *ticks),
        )
        for name, multiples in named.items()
    ]


def _marks(costs: Sequence[Cost], of: Callable[[Cost], Multiple], top: int, label: str) -> tuple[Mark, ...]:
    """Levels at which nothing was kept have no mark: no price was enough. A bound that is not known is the edge."""
    marks = []
    for at, cost in zip(slots(len(costs)), costs, strict=True):
        one = of(cost)
        if one.value is not None:
            low = one.value if one.low is None else one.low
            high = (one.value if one.low is None else 10.0**top) if one.high is None else one.high
            value, low, high = (_place(each, top) for each in (one.value, low, high))
            marks.append(Mark(at, value, low, high, cost.level, f"{cost.level}, {label}: {times(one)}"))
    return tuple(marks)


def times(multiple: Multiple) -> str:
    """With its bounds, as `3.1 (2.8 to 3.6)` with a sign of multiplication."""
    if multiple.value is None:
        return "nothing kept"
    said = f"{multiple.value:.3g}\u00d7"
    if multiple.low is None:
        return said
    return f"{said} ({multiple.low:.3g} to {'no bound' if multiple.high is None else f'{multiple.high:.3g}'})"


def _top(multiples: Sequence[Multiple]) -> int:
    """The power of ten that the axis ends with."""
    largest = max((value for one in multiples for value in (one.value, one.high) if value is not None), default=1.0)
    return max(1, math.ceil(math.log10(max(largest, 1.0))))


def _place(value: float, top: int) -> float:
    share = math.log(max(value, _CHEAPEST) / _CHEAPEST) / math.log(10.0**top / _CHEAPEST)
    return min(1.0, share)
