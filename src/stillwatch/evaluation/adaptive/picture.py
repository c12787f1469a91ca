"""The operator's learning curve as a plot."""

from __future__ import annotations

from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.plot import Mark, Plot, Series, percent
from stillwatch.report.axis import Tick


def learning_curve(world: str, rounds: tuple[Round, ...]) -> Plot:
    """The share of his accounts that his own hunt names, and that the defender's closes, at the end of each round."""
    end = rounds[-1].day
    series = []
    for field, name, style in (
        ("named", "named by his own hunt", ("c2", "dashed")),
        ("closed", "closed by the defender", ("c1", "whole")),
    ):
        shares = [(one.day, getattr(one, field) / one.accounts) for one in rounds]
        marks = tuple(Mark(day / end, s, s, s, str(day), f"day {day}, {name}: {percent(s)}") for day, s in shares)
        series.append(Series(name, *style, marks))
    across = tuple(Tick(one.day / end, f"day {one.day}", minor=number % 2 == 0) for number, one in enumerate(rounds))
    return Plot(f"Accounts of the fleet, in {world}", tuple(series), across)
