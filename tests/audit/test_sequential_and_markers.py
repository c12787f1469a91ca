"""Bets that may go on for ever, and markers that were drawn: both exact."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from stillwatch.audit.markers import Marker, all_together, log_e, p_value
from stillwatch.audit.sequential import DrawnWealth, Wealth, drawn_price
from stillwatch.errors import UsageError
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.draws import WEIGHTS

GAMMA = 0.25
LISTS = Marker("lists", ("dash", "star", "number", "arrow"), "arrow")


def test_without_a_mark_wealth_ever_reaches_its_bound_no_more_often_than_it_says() -> None:
    rng, crossed = np.random.default_rng(1), 0
    for _ in range(1_000):
        wealth = Wealth(GAMMA)
        crossed += max(wealth.bet(rng.random(20) < GAMMA) for _ in range(60)) >= math.log(20)
    assert chance_of_so_many(crossed, 1_000, 0.05) > 1e-3


def test_one_bet_on_many_cells_is_many_bets() -> None:
    greens = np.random.default_rng(2).random(500) < 0.3
    once, often = Wealth(GAMMA), Wealth(GAMMA)
    once.bet(greens)
    for part in np.split(greens, 50):
        often.bet(part)
    assert once.log_e == pytest.approx(often.log_e)
    assert (once.cells, once.log_e != 0) == (500, True)


def test_the_mean_of_wealth_is_one() -> None:
    """Exactly, over all outcomes of six cells."""
    mean = 0.0
    for outcome in range(64):
        greens = np.array([outcome >> place & 1 for place in range(6)], np.bool_)
        mean += math.exp(Wealth(GAMMA).bet(greens)) * GAMMA ** greens.sum() * (1 - GAMMA) ** (~greens).sum()
    assert mean == pytest.approx(1.0)


def test_a_little_greenness_is_found_if_one_asks_long_enough() -> None:
    wealth, rng = Wealth(GAMMA), np.random.default_rng(3)
    wealth.bet(rng.random(60_000) < 0.2588)  # the published excess at 5 % of marked training text
    assert wealth.log_e > math.log(20)


def test_bets_on_draws_cost_what_they_win_in_the_mean() -> None:
    """The mean of exp(stake s) over both exponentials, by an integral of its own."""
    stakes = np.array([0.05, 0.3, 0.6])
    steps = np.linspace(0, 200, 2_000_001)
    for stake, price in zip(stakes, drawn_price(stakes), strict=True):
        means = [np.trapezoid(np.exp((stake * weight - 1) * steps), steps) for weight in WEIGHTS]
        assert means[0] * means[1] == pytest.approx(math.exp(-price), rel=1e-6)


def test_wealth_on_draws_ever_reaches_its_bound_no_more_often_than_it_says() -> None:
    rng, crossed = np.random.default_rng(5), 0
    for _ in range(400):
        wealth = DrawnWealth()
        parts = 0.9 * rng.exponential(size=(30, 40)) + 0.1 * rng.exponential(size=(30, 40))
        crossed += max(wealth.bet(part) for part in parts) >= math.log(20)
    assert wealth.cells == 1_200
    assert chance_of_so_many(crossed, 400, 0.05) > 1e-3


def test_a_little_surprise_is_found_if_one_asks_long_enough() -> None:
    wealth = DrawnWealth()
    wealth.bet(1.025 * np.random.default_rng(6).exponential(size=30_000))
    assert wealth.log_e > math.log(20)


def test_the_rank_of_a_marker_is_uniform_over_the_draw() -> None:
    shown = {"dash": 9, "star": 3, "number": 1, "arrow": 0}
    p = sorted(p_value(Marker("lists", LISTS.alternatives, served), shown) for served in LISTS.alternatives)
    assert p == [0.25, 0.5, 0.75, 1.0]


def test_the_mean_of_a_markers_e_value_over_the_draw_is_one() -> None:
    for shown in ({"dash": 9, "star": 3}, {"arrow": 1}, {}):
        mean = np.mean(
            [math.exp(log_e(Marker("m", LISTS.alternatives, served), shown)) for served in LISTS.alternatives]
        )
        assert mean == pytest.approx(1.0)


def test_twenty_markers_that_a_suspect_shows_by_chance_prove_nothing_and_learned_ones_do() -> None:
    rng, crossed = np.random.default_rng(4), 0
    for _ in range(400):
        markers = [Marker("m", LISTS.alternatives, str(rng.choice(LISTS.alternatives))) for _ in range(20)]
        shown = [Counter(rng.choice(LISTS.alternatives, 5).tolist()) for _ in markers]
        crossed += all_together(markers, shown) >= math.log(20)
    assert chance_of_so_many(crossed, 400, 0.05) > 1e-3
    learned = [Counter({marker.served: 4, "dash": 1}) for marker in markers]
    assert all_together(markers, learned) > math.log(1e6)


def test_a_marker_without_a_choice_is_none() -> None:
    for alternatives, served in ((("a",), "a"), (("a", "b"), "c"), (("a", "a"), "a")):
        with pytest.raises(UsageError, match="no alternatives"):
            Marker("m", alternatives, served)
