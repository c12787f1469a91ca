"""Templates, stocks and pools of subjects as disjoint candidates: who is parted from whom, and who stays together."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.tracing.candidates import IN_POOL, OUT_OF_POOL, with_pools
from stillwatch.tracing.shared_subjects import UNITS_AT_LEAST, Pool, Space, pool_of
from stillwatch.tracing.template import Candidate

from .askers import asked, own_subjects

Ints = NDArray[np.int64]

POOL = range(40, 70)
"""Accounts that draw from one pool; those before have subjects of their own, those after said too little to tell."""
ACCOUNTS = 80
OWN_UNIT = np.arange(ACCOUNTS)


@pytest.fixture(scope="module")
def space() -> Space:
    rng = np.random.default_rng(0)
    usual = own_subjects(ACCOUNTS, rng)
    usual[POOL] = own_subjects(1, rng)
    return asked(usual, np.repeat([80, 3], [POOL.stop, ACCOUNTS - POOL.stop]), rng).space()


@pytest.fixture(scope="module")
def pool(space: Space) -> Pool:
    return pool_of(space, np.array(POOL))


def wrapper(*accounts: int | range, key: int = 1) -> Candidate:
    """Accounts that share words."""
    members = np.unique(np.concatenate([np.atleast_1d(some) for some in accounts]))
    return Candidate(members, np.array([key], np.uint64), 1)


def shown(found: list[Candidate]) -> list[tuple[list[int], list[int], int]]:
    """Accounts, keys and pool of each."""
    return [(one.accounts.tolist(), one.keys.tolist(), one.pool) for one in found]


def test_without_pools_candidates_stay_as_they_are(space: Space) -> None:
    found = [wrapper(range(10)), wrapper(range(10, 14), key=2)]
    assert with_pools(found, [], space, OWN_UNIT) == found


def test_a_pool_without_words_is_a_candidate_of_its_own(space: Space, pool: Pool) -> None:
    """It has no keys, and leaves others alone with whom it shares nobody."""
    found = with_pools([wrapper(range(10))], [pool], space, OWN_UNIT)
    assert shown(found) == [(list(range(10)), [1], 0), (list(POOL), [], 0)]


def test_a_wrapper_mostly_of_the_pool_loses_who_surely_asks_about_other_things(space: Space, pool: Pool) -> None:
    """Five strangers use its words; whoever said too little to tell stays with the pool."""
    found = with_pools([wrapper(range(5), POOL, 75)], [pool], space, OWN_UNIT)
    assert shown(found) == [([*POOL, 75], [1], IN_POOL), (list(range(5)), [1], OUT_OF_POOL)]


def test_one_stranger_parted_from_a_wrapper_is_no_candidate(space: Space, pool: Pool) -> None:
    found = with_pools([wrapper(3, POOL)], [pool], space, OWN_UNIT)
    assert shown(found) == [(list(POOL), [1], IN_POOL)]


def test_a_wrapper_of_the_pool_alone_stays_whole(space: Space, pool: Pool) -> None:
    """With its words, which say more than what it asks about; a few that use no words of it are left to themselves."""
    for accounts in (POOL, range(POOL.start, POOL.stop - 5)):
        assert shown(with_pools([wrapper(accounts)], [pool], space, OWN_UNIT)) == [(list(accounts), [1], 0)]


def test_a_popular_tool_is_not_parted_by_a_pool_among_its_users(space: Space, pool: Pool) -> None:
    """The pool is less than half of them: whether it is a campaign is asked of them all."""
    tool = wrapper(range(40), POOL)
    assert with_pools([tool], [pool], space, OWN_UNIT) == [tool]


def test_a_small_wrapper_inside_a_pool_keeps_its_accounts(space: Space, pool: Pool) -> None:
    """Ten of thirty share words, which say more: the pool is the other twenty."""
    found = with_pools([wrapper(range(40, 50))], [pool], space, OWN_UNIT)
    assert shown(found) == [(list(range(40, 50)), [1], 0), (list(range(50, 70)), [], 0)]


def test_what_some_phrase_joins_loses_its_accounts_to_the_pool(space: Space, pool: Pool) -> None:
    """Ten of the pool say it, and fifteen others: the others keep it."""
    found = with_pools([wrapper(range(15), range(40, 50))], [pool], space, OWN_UNIT)
    assert shown(found) == [(list(range(15)), [1], 0), (list(POOL), [], 0)]


def test_who_is_left_alone_by_the_pool_is_no_candidate(space: Space, pool: Pool) -> None:
    """Two strangers say what one of the pool says: without him they are a candidate, and not if they are one unit."""
    mostly_others = wrapper(1, 2, 40)
    one_unit = np.where(OWN_UNIT == 2, 1, OWN_UNIT)
    assert shown(with_pools([mostly_others], [pool], space, one_unit)) == [(list(POOL), [], 0)]
    assert shown(with_pools([mostly_others], [pool], space, OWN_UNIT)) == [([1, 2], [1], 0), (list(POOL), [], 0)]


def test_what_wrappers_leave_of_a_pool_has_to_be_a_pool_still(space: Space, pool: Pool) -> None:
    """Fewer units than make one are no candidate, and take nobody from others."""
    left = UNITS_AT_LEAST - 1
    inside = [wrapper(range(40, 53)), wrapper(range(53, 70 - left), key=2), wrapper(0, 1, 69, key=3)]
    assert with_pools(inside, [pool], space, OWN_UNIT) == inside


@pytest.mark.parametrize("seed", range(30))
def test_results_are_disjoint_strangers_whatever_the_candidates(seed: int, space: Space) -> None:
    """Any disjoint wrappers and any two disjoint pools: nobody twice, nobody new, and two units each."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.choice(np.arange(1, ACCOUNTS), 7, replace=False))
    dealt = np.split(rng.permutation(ACCOUNTS), cuts)
    wrappers = [Candidate(np.sort(some), np.array([number], np.uint64), 1) for number, some in enumerate(dealt[:-1])]
    mixed = np.split(rng.permutation(POOL.stop), [rng.integers(6, 40)])
    drawn_from = [pool_of(space, np.sort(some)) for some in mixed]
    unit_of = rng.integers(0, 30, ACCOUNTS)
    found = with_pools(wrappers, drawn_from, space, unit_of)
    together = np.concatenate([one.accounts for one in found]) if found else np.empty(0, np.int64)
    assert len(np.unique(together)) == len(together)
    given = [one.accounts for one in wrappers] + [one.accounts for one in drawn_from]
    assert np.isin(together, np.concatenate(given)).all()
    assert all(len(np.unique(unit_of[one.accounts])) >= 2 for one in found)
    assert all((np.diff(one.accounts) > 0).all() for one in found)
