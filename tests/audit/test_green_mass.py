"""The bound is never too small, and hardly too large."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm

from stillwatch.audit.green_mass import log_tail, mass
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.detect import LEAST_CELLS

GAMMA = 0.25


@pytest.mark.parametrize(("cells", "greens"), [(40, 20), (1_000, 300), (1_000, 400), (20, 20), (50_000, 13_500)])
def test_for_equal_weights_it_bounds_the_binomial_tail_closely(cells: int, greens: int) -> None:
    exact = binom.logsf(greens - 1, cells, GAMMA)
    bound = log_tail(np.ones(cells), greens - GAMMA * cells, GAMMA)
    assert exact <= bound + 1e-9
    assert bound <= max(0.6 * exact, exact + 6)


def test_a_weighted_null_crosses_no_level_more_often_than_it_says() -> None:
    rng = np.random.default_rng(5)
    weights = rng.standard_t(3, 400) * 0.1
    p = np.array([mass(weights, rng.random(400) < GAMMA, GAMMA).p for _ in range(2_000)])
    for level in (0.5, 0.1, 0.01, 0.001):
        assert chance_of_so_many(int((p <= level).sum()), 2_000, level) > 1e-4


def test_what_leans_towards_green_is_found_and_what_leans_away_is_not() -> None:
    rng = np.random.default_rng(6)
    greens = rng.random(5_000) < GAMMA
    weights = rng.normal(0, 0.1, 5_000) + 0.02 * (greens - GAMMA)
    towards, away = mass(weights, greens, GAMMA), mass(-weights, greens, GAMMA)
    assert towards.statistic == pytest.approx(-away.statistic)
    assert towards.log_p < -10
    assert norm.logsf(towards.statistic) <= towards.log_p + 1
    assert away.p == 1.0


def test_the_scale_of_weights_means_nothing() -> None:
    rng = np.random.default_rng(7)
    weights, greens = rng.normal(0.01, 1, 300), rng.random(300) < 0.4
    one, other = mass(weights, greens, GAMMA), mass(1e-6 * weights, greens, GAMMA)
    assert one.statistic == pytest.approx(other.statistic)
    assert one.log_p == pytest.approx(other.log_p, abs=1e-6)


def test_nothing_moved_is_no_evidence() -> None:
    assert mass(np.zeros(20), np.ones(20, np.bool_), GAMMA).p == 1.0


def test_too_few_cells_cannot_be_judged_however_they_lean() -> None:
    assert mass(np.ones(LEAST_CELLS - 1), np.ones(LEAST_CELLS - 1, np.bool_), GAMMA).p is None
    assert mass(np.empty(0), np.empty(0, np.bool_), GAMMA).p is None


def test_more_than_can_be_is_impossible() -> None:
    assert log_tail(np.ones(4), 3.1, GAMMA) == -np.inf
