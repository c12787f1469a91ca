"""The simulation of many accounts agrees with accounts that are simulated one by one, and names nobody wrongly."""

from __future__ import annotations

import numpy as np

from stillwatch.experiments.attribution import GAMMA, LEVEL, attributed, table
from stillwatch.stats.binomial import chance_of_so_many


def test_the_largest_of_many_is_drawn_as_if_all_were_drawn() -> None:
    rng = np.random.default_rng(1)
    whole = attributed(200, 500, 0.06, 4_000, rng)
    right = rng.binomial(500, GAMMA + 0.06, 4_000)
    others = rng.binomial(500, GAMMA, (4_000, 199)).max(axis=1)
    one_by_one = int((right > others).sum()) + int((right == others).sum()) / 2
    assert abs(whole.first - one_by_one) < 5 * (4_000 * 0.25 * 2) ** 0.5


def test_a_wrong_account_is_named_no_more_often_than_the_level_says() -> None:
    for accounts in (10, 1_000_000):
        found = attributed(accounts, 1_000, 0.05, 20_000, np.random.default_rng(2))
        assert chance_of_so_many(found.wrong, found.trials, LEVEL) > 1e-3


def test_more_candidates_and_more_colluders_need_more_cells() -> None:
    needed = {(row.accounts, row.colluders): row.cells for row in table() if row.excess == 0.1}
    assert needed[10, 1] < needed[1_000, 1] < needed[1_000_000, 1]
    assert 20 < needed[10, 5] / needed[10, 1] < 30
