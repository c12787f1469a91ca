"""Calibration, cost of evasion, and what is left without a family: by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.campaigns.families import ALL_FAMILIES, COMPLEMENTARITY
from stillwatch.evaluation.detector import Look
from stillwatch.evaluation.detectors.hunt import Stillwatch
from stillwatch.evaluation.metrics.ablation import ablations
from stillwatch.evaluation.metrics.calibration import calibration_points
from stillwatch.evaluation.metrics.case import DAY_US, Case
from stillwatch.evaluation.metrics.cost import Multiple, costs
from stillwatch.evaluation.world import World

from .cases import OTHER, RING, campaign, case, entry, look, truth

NOTHING = Multiple(None, None, None)


def test_e_values_cross_where_they_reach_one_over_alpha() -> None:
    """Of five honest accounts one has an e-value of 10 and one of 100; a campaign's account does not count."""
    said = Look(3, {}, (), log_e={"p": math.log(10), "u": math.log(100), "a": 9.0})
    crossed = {point.alpha: point.crossed.successes for point in calibration_points([case(said)], True)}
    assert (crossed[0.5], crossed[0.1], crossed[0.05], crossed[0.01], crossed[0.005]) == (2, 2, 1, 1, 0)


def test_p_values_cross_where_they_are_at_most_alpha() -> None:
    """Beside nine benign scores 1 .. 9, a score of 9.5 has p = 0.1 and one of 9 has p = 0.2."""
    said = Look(
        3, {"p": 9.5, "q": 9.0, "r": 0.0, "u": 0.0, "v": 0.0}, (), benign_scores=tuple(map(float, range(1, 10)))
    )
    crossed = {point.alpha: point.crossed.successes for point in calibration_points([case(said)], False)}
    assert (crossed[0.2], crossed[0.1], crossed[0.05]) == (2, 1, 0)


def test_without_a_benign_log_nothing_is_said_of_calibration() -> None:
    assert calibration_points([case(look(3))], False) == []


def test_cost_is_per_exchange_that_was_kept_and_relative_to_the_first_level() -> None:
    """X (E0): 16 requests, 16 harvested, never acted on. Y (E5): 8 requests, 4 harvested (half is cover), both accounts
    acted on at the end of day 0, with 2 requests served and 2 exchanges kept."""
    harvest = [(a, "X", d) for a in RING for d in range(4)] + [(a, "Y", d) for a in OTHER for d in (0, 2)]
    rows = {row.level: row for row in costs([case(look(0, "ef"), look(3, "ef"), of=truth(harvest))])}
    first = rows["E0"]
    assert [one.value for one in (first.requests_undefended, first.requests, first.accounts)] == [1.0, 1.0, 1.0]
    assert (rows["E5"].harvested, rows["E5"].kept, rows["E5"].base) == (4, 2, "E0")
    assert rows["E5"].requests_undefended.value == pytest.approx(2.0)
    assert rows["E5"].requests.value == pytest.approx(1.0)
    assert rows["E5"].accounts_undefended.value == pytest.approx((2 / 4) / (4 / 16))
    assert rows["E5"].accounts.value == pytest.approx((2 / 2) / (4 / 16))


def test_where_nothing_was_kept_no_price_is_enough() -> None:
    harvest = [("a", "X", 0), ("e", "Y", 2)]
    rows = {row.level: row for row in costs([case(look(0, "ef"), of=truth(harvest))])}
    assert (rows["E5"].kept, rows["E5"].requests, rows["E5"].accounts) == (0, NOTHING, NOTHING)


def test_what_people_are_shown_is_charged_apart_from_what_is_acted_on() -> None:
    """Y is shown at the end of day 0 and never acted on: it keeps all 4 exchanges, or 2 if people act."""
    harvest = [(a, "Y", d) for a in OTHER for d in (0, 2)]
    shown = look(0, "", entry("ef", "campaign"))
    (row,) = costs([case(shown, look(3, "", entry("ef", "campaign")), of=truth(harvest))])[1:]
    assert (row.kept, row.kept_unseen) == (4, 2)
    assert row.accounts_unseen.value == pytest.approx(2 * (row.accounts.value or 0))


def test_bounds_take_five_accounts_and_hold_the_truth_as_often_as_they_say() -> None:
    """A hundred campaigns of forty accounts, each of which keeps ten of its ten exchanges with chance one half.

    The true multiple is 2. Bounds at 95 % that miss it 14 times or more of 100 would have a chance of 0.04 % if they
    missed it one time in twenty; those by drawing again miss a little more often, which the rest allows for.
    """
    rng, misses = np.random.default_rng(5), 0
    accounts = tuple(f"a{i}" for i in range(40))
    for _ in range(100):
        kept = rng.random(40) < 0.5
        stopped = tuple(name for name, is_kept in zip(accounts, kept.tolist(), strict=True) if not is_kept)
        harvest = [(name, "X", day) for name in accounts for day in range(1, 3)]
        of = replace(truth(harvest), campaigns=(campaign("X", "E0", accounts),))
        sent = {name: np.arange(1, 3) * DAY_US + 1 for name in accounts}
        (row,) = costs([Case(of, frozenset(accounts), (Look(0, {}, stopped),), True, sent)])
        assert row.accounts.low is not None
        assert row.accounts.high is not None
        misses += not row.accounts.low <= 2.0 <= row.accounts.high
    assert misses < 14


def test_of_fewer_than_five_accounts_no_bound_is_claimed() -> None:
    """Four accounts, of which none can be drawn that says how much another would differ."""
    (row, *_) = costs([case(look(3), of=truth([(a, "X", 0) for a in RING]))])
    assert (row.accounts.value, row.accounts.low, row.accounts.high) == (1.0, None, None)


WITHOUT = {
    "infrastructure": (entry("abcd"), entry("ef", "campaign"), entry("pu", "campaign")),
    "template": (entry("ef", "watch"),),
}


def test_ablation_counts_what_hunts_without_a_family_found() -> None:
    """With every family two campaigns are shown and one is acted on. Without infrastructure an entry of two honest
    accounts is shown as well; without templates both campaigns are gone."""
    whole = Look(3, {}, tuple("abcd"), (entry("abcd"), entry("ef", "campaign")), without=WITHOUT)
    rows = {row.without: row for row in ablations([case(whole)])}
    assert list(rows) == ["", "infrastructure", "template"]
    assert {name: (row.listed.successes, row.acted.successes) for name, row in rows.items()} == {
        "": (2, 1),
        "infrastructure": (2, 1),
        "template": (0, 0),
    }
    false, honest = rows["infrastructure"].false_entries, rows["infrastructure"].honest
    assert (false.successes, false.trials) == (1, 3)
    assert (honest.successes, honest.trials) == (2, 5)


def test_ablation_speaks_of_what_was_left_out_everywhere() -> None:
    one = Look(3, {}, (), without=WITHOUT)
    other = Look(3, {}, (), without={"template": ()})
    assert [row.without for row in ablations([case(one), case(other)])] == ["", "template"]
    assert ablations([case(look(3))]) == ablations([]) == []


@pytest.mark.long
def test_the_hunt_leaves_each_family_out_on_the_last_look(world: World) -> None:
    """Each has a row. Both campaigns of the tiny world are told from strangers with one tool by division of work."""
    first, last = world.cuts(2)
    watch = Stillwatch().learned(world)
    assert watch(first).without == {}
    whole = Case(world.truth, frozenset(map(world.name_of, world.names)), (watch(last),), has_rings=True)
    listed = {row.without: row.listed.successes for row in ablations([whole])}
    assert set(listed) == {"", *ALL_FAMILIES}
    assert (listed[""], listed[COMPLEMENTARITY]) == (2, 0)
    assert whole.last.tested >= len(whole.last.entries)
