"""Plots by level: where marks stand, which are hollow, and what a multiple without a bound looks like."""

from __future__ import annotations

import pytest

from stillwatch.evaluation.adaptive.picture import learning_curve
from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.by_level import cost_plots, leak_plots, times
from stillwatch.evaluation.metrics.cost import Cost, Multiple
from stillwatch.evaluation.metrics.leak import CampaignLeak
from stillwatch.evaluation.plot import Mark, Plot

FOUND = CampaignLeak("w", "X", "E1", "items", 4, 400, 240, True, 400, False, 320, 100, True, 36.0)
MISSED = CampaignLeak("w", "Y", "E5", "items", 4, 400, 400, False, 400, False, 400, 400, False, None)
ONE, NOTHING = Multiple(1.0, None, None), Multiple(None, None, None)


def marks(plot: Plot, name: str) -> tuple[Mark, ...]:
    """The marks of a series."""
    return next(one.marks for one in plot.series if one.name == name)


def test_a_campaign_has_a_mark_in_the_slot_of_its_level() -> None:
    """X leaked a quarter before half was shown, at E1; Y never came to that, and its mark is hollow."""
    shown, acted, most, _ = leak_plots([FOUND, MISSED], ["E1", "E5"])
    assert [(mark.at, mark.value) for mark in marks(shown, "it came to that")] == [(0.25, 0.25)]
    assert [(mark.at, mark.value) for mark in marks(shown, "never")] == [(0.75, 1.0)]
    assert [mark.value for mark in marks(acted, "it came to that")] == [0.6]
    assert len(marks(most, "never")) == 2


def test_several_campaigns_of_a_level_stand_side_by_side() -> None:
    """Within their slot."""
    shown, *_ = leak_plots([FOUND, FOUND, MISSED], ["E1", "E5"])
    places = [mark.at for mark in marks(shown, "it came to that")]
    assert len(set(places)) == 2
    assert all(0.0 < at < 0.5 for at in places)


def test_no_alert_stands_above_all_days() -> None:
    """36 hours are a day and a half of two days and the line above them."""
    *_, alerts = leak_plots([FOUND, MISSED], ["E1", "E5"])
    assert marks(alerts, "it came to that")[0].value == pytest.approx(1.5 / 3)
    assert (marks(alerts, "never")[0].value, alerts.upward[-1].label) == (1.0, "none")


def test_a_level_at_which_nothing_was_kept_has_no_mark() -> None:
    """The line stops: no price was enough."""
    first = Cost("E0", "E0", 9, 9, 9, ONE, ONE, ONE, ONE, ONE, ONE)
    caught = Cost("E1", "E0", 9, 0, 0, ONE, ONE, NOTHING, NOTHING, NOTHING, NOTHING)
    requests, accounts = cost_plots([first, caught], "Stillwatch")
    assert len(marks(requests, "undefended")) == 2
    assert len(marks(accounts, "with Stillwatch")) == 1


def test_an_unknown_upper_bound_reaches_the_edge() -> None:
    """Some samples of the accounts kept nothing."""
    open_ended = Multiple(20.0, 8.0, None)
    row = Cost("E0", "E0", 9, 9, 9, ONE, ONE, ONE, open_ended, ONE, ONE)
    _, accounts = cost_plots([row], "Stillwatch")
    (mark,) = marks(accounts, "with Stillwatch")
    assert mark.high == 1.0
    assert times(open_ended) == "20\u00d7 (8 to no bound)"
    assert (times(ONE), times(NOTHING)) == ("1\u00d7", "nothing kept")


def test_the_learning_curve_has_both_verdicts_at_the_end_of_each_round() -> None:
    """Half named and all closed after two days, nobody after four."""
    first = Round(2, (), 0, 20, 10, 20, 20, 480, 480, 1.0, 1.0, 1.0)
    second = Round(4, ("a card each",), 3, 20, 0, 0, 40, 960, 960, 1.0, 2.0, 1.1)
    plot = learning_curve("w", (first, second))
    assert [(mark.at, mark.value) for mark in marks(plot, "named by his own hunt")] == [(0.5, 0.5), (1.0, 0.0)]
    assert [mark.value for mark in marks(plot, "closed by the defender")] == [1.0, 0.0]
