"""Calibration, cost of evasion, and what is left without a family: by hand."""

from __future__ import annotations

import math

import pytest

from stillwatch.evaluation.detector import Entry, Look
from stillwatch.evaluation.metrics.ablation import ablations, remaining, spoken_for
from stillwatch.evaluation.metrics.calibration import calibration_points
from stillwatch.evaluation.metrics.cost import costs

from .cases import OTHER, RING, case, look, truth


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
    assert (rows["E0"].requests_undefended, rows["E0"].requests, rows["E0"].accounts) == (1.0, 1.0, 1.0)
    assert (rows["E5"].harvested, rows["E5"].kept, rows["E5"].base) == (4, 2, "E0")
    assert rows["E5"].requests_undefended == pytest.approx(2.0)
    assert rows["E5"].requests == pytest.approx(1.0)
    assert rows["E5"].accounts_undefended == pytest.approx((2 / 4) / (4 / 16))
    assert rows["E5"].accounts == pytest.approx((2 / 2) / (4 / 16))


def test_where_nothing_was_kept_no_price_is_enough() -> None:
    harvest = [("a", "X", 0), ("e", "Y", 2)]
    rows = {row.level: row for row in costs([case(look(0, "ef"), of=truth(harvest))])}
    assert (rows["E5"].kept, rows["E5"].requests, rows["E5"].accounts) == (0, None, None)


STRONG = Entry(tuple("abcd"), "act", {"template": 6.0, "complementarity": 6.0}, ("template", "complementarity"))
THREE = Entry(tuple("ef"), "act", {"template": 6.0, "timing": 6.0}, ("template", "timing", "infrastructure"))
WEAK = Entry(tuple("pq"), "watch", {"template": 1.0}, ("template",))


def test_an_entry_needs_two_families_and_enough_evidence() -> None:
    assert remaining([STRONG, THREE, WEAK], "", 3) == [STRONG, THREE]
    assert remaining([STRONG, THREE, WEAK], "complementarity", 3) == [THREE]
    assert remaining([STRONG, THREE, WEAK], "infrastructure", 3) == [STRONG, THREE]
    assert remaining([STRONG, THREE, WEAK], "timing", 3) == [STRONG, THREE]  # e^6 passes, and infrastructure speaks
    assert remaining([], "timing", 3) == []


def test_what_was_tested_and_let_go_counts_in_the_rule() -> None:
    """e^12 is past 300 / 0.01 for one of 300 tested, and e^6 is not."""
    assert remaining([STRONG], "", 300) == [STRONG]
    assert remaining([STRONG, THREE], "timing", 300) == [STRONG]
    assert spoken_for([STRONG, THREE, WEAK], "timing") == [STRONG, THREE]


def test_what_was_only_watched_is_not_shown_for_hearing_less() -> None:
    watched = Entry(tuple("pqr"), "watch", {"template": 6.0, "timing": 6.0}, ("template", "timing", "infrastructure"))
    assert spoken_for([watched], "timing") == []


def test_ablation_counts_campaigns_without_each_family_that_speaks() -> None:
    rows = {row.without: row.acted.successes for row in ablations([case(look(3, "", STRONG, THREE, WEAK))])}
    assert rows == {"": 2, "complementarity": 1, "infrastructure": 2, "template": 1, "timing": 2}
