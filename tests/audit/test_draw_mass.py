"""Keyed draws weighed: the bound is never too small, hardly too large, and long tails do not break it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.audit.draw_mass import draw_mass, log_tail
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.draws import WEIGHTS, surprise
from stillwatch.watermark.gamma_sums import tail
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Kind, Scheme


def surprises(rng: np.random.Generator, count: int) -> np.ndarray:
    """Of cells that have nothing to do with a key."""
    return np.asarray(WEIGHTS[0] * rng.exponential(size=count) + WEIGHTS[1] * rng.exponential(size=count))


@pytest.mark.parametrize(("cells", "mean"), [(40, 1.3), (400, 1.1), (400, 1.6), (20, 3.0), (20_000, 1.02)])
def test_for_equal_weights_it_bounds_the_exact_tail_closely(cells: int, mean: float) -> None:
    exact = math.log(tail(cells, WEIGHTS, cells * mean))
    bound = log_tail(np.ones(cells), cells * (mean - 1))
    assert exact <= bound + 1e-9
    assert bound <= exact + 4


@pytest.mark.parametrize("heavy", [0.0, 30.0])
def test_a_weighted_null_crosses_no_level_more_often_than_it_says(heavy: float) -> None:
    """2,000 real keys on the same cells, of weights of both signs, and with one that weighs as much as all others."""
    rng, master = np.random.default_rng(5), MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
    weights = rng.standard_t(3, 400)
    weights[0] += heavy
    cells = Cells(rng.integers(0, 9_000, 400).astype(np.uint64), np.arange(400, dtype=np.uint64))
    keys = [master.key(Scheme(kind=Kind.GUMBEL), "tok", epoch=epoch) for epoch in range(2_000)]
    p = np.array([draw_mass(weights, surprise(cells, key)).p for key in keys])
    for level in (0.5, 0.05, 0.01, 0.001):
        assert chance_of_so_many(int((p <= level).sum()), 2_000, level) > 1e-4
    assert (p <= 0.5).mean() > 0.02  # it is a bound that says something


def test_what_leans_towards_the_draws_is_found_and_what_leans_away_is_not() -> None:
    rng = np.random.default_rng(6)
    drawn = surprises(rng, 5_000)
    weights = rng.normal(0, 0.1, 5_000) + 0.01 * (drawn - 1)
    towards, away = draw_mass(weights, drawn), draw_mass(-weights, drawn)
    assert towards.statistic == pytest.approx(-away.statistic)
    assert towards.log_p < -10
    assert away.p == 1.0


def test_weights_that_are_all_negative_have_a_light_tail_and_an_end() -> None:
    """T is at most the sum of the weights, where every surprise is 0."""
    lost = -np.ones(40)
    assert log_tail(lost, 20.0) < log_tail(-lost, 20.0) < 0
    assert log_tail(lost, 39.999) < -100


def test_the_scale_of_weights_means_nothing() -> None:
    rng = np.random.default_rng(7)
    weights, drawn = rng.normal(0.05, 1, 300), 1.2 * surprises(rng, 300)
    one, other = draw_mass(weights, drawn), draw_mass(1e-6 * weights, drawn)
    assert one.log_p == pytest.approx(other.log_p, rel=1e-6)
    assert one.log_p < 0


def test_nothing_moved_and_too_few_cells_are_no_evidence() -> None:
    assert draw_mass(np.zeros(20), np.full(20, 9.0)).p == 1.0
    assert draw_mass(np.ones(LEAST_CELLS - 1), np.full(LEAST_CELLS - 1, 9.0)).p is None
    assert draw_mass(np.empty(0), np.empty(0)).p is None
