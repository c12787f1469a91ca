"""Pools of strangers who ask about the very same things: found whole where there is one, and never made up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.stats import binomial
from stillwatch.tracing import shared_subjects
from stillwatch.tracing.shared_subjects import EVERYBODY, UNITS_AT_LEAST, Pool, Space, pool_of, pools, units_near
from stillwatch.tracing.subjects import CONVERSATIONS_AT_LEAST, NO_SUBJECTS

from .askers import Asked, asked, own_subjects, said

Ints = NDArray[np.int64]

STRANGERS = 300
LOGS = 40
"""Made at random: none with a fault in so many bounds the rate of faults at 7 % (one side, 95 %)."""
SELDOM = 0.12
LARGE = 12
"""Units: a pool that a judgement may call a campaign."""


@dataclass(frozen=True)
class Log:
    """Strangers with subjects of their own; the accounts from `STRANGERS` on draw from one pool."""

    asked: Asked
    pool: Ints


def strangers(seed: int, least: int = CONVERSATIONS_AT_LEAST, most: int = 150) -> Asked:
    rng = np.random.default_rng(seed)
    return asked(own_subjects(STRANGERS, rng), rng.integers(least, most, STRANGERS, endpoint=True), rng)


def log(
    seed: int, size: int, least: int = 30, most: int = 120, *, cover: float = 0.0, in_the_middle: bool = False
) -> Log:
    """`size` accounts of `least` to `most` conversations on a pool with subjects of its own, among strangers.

    A share `cover` of their conversations is about what a person in the place of the account would ask. The pool may
    also lie `in_the_middle` of what all people ask about.
    """
    rng = np.random.default_rng(seed)
    usual = own_subjects(STRANGERS + size, rng)
    drawn_from = np.zeros(64) if in_the_middle else own_subjects(1, rng)[0]
    each = np.concatenate(
        [rng.integers(CONVERSATIONS_AT_LEAST, 150, STRANGERS), rng.integers(least, most, size, endpoint=True)]
    )
    account = np.repeat(np.arange(STRANGERS + size), each)
    dealt = (account >= STRANGERS) & (rng.random(len(account)) >= cover)
    about = np.where(dealt[:, None], drawn_from, usual[account])
    return Log(said(account, about, rng), np.arange(STRANGERS, STRANGERS + size))


def members(found: list[Pool]) -> list[list[int]]:
    return [one.accounts.tolist() for one in found]


def recall_and_others(one: Log) -> tuple[float, float]:
    """Of the pool, how much the largest pool that is found has, and how much of that are others."""
    found = pools(one.asked.space())
    if not found:
        return 0.0, 0.0
    inside = np.isin(found[0].accounts, one.pool)
    return float(inside.sum() / len(one.pool)), float((~inside).mean())


def test_strangers_are_no_pool() -> None:
    """Three hundred with 12 to 150 conversations each: a dozen that look alike are hardly ever among them."""
    wrong = sum(any(len(one.accounts) >= LARGE for one in pools(strangers(seed).space())) for seed in range(LOGS))
    assert binomial.upper(wrong, LOGS) < SELDOM


@pytest.mark.parametrize("size", [20, 40, 60])
def test_a_pool_is_found_whole_and_pure(size: int) -> None:
    """Nine in ten of its accounts or more, with five in a hundred others at most, in nearly every log."""
    logs = 15
    measured = [recall_and_others(log(seed, size)) for seed in range(logs)]
    assert float(np.mean([recall for recall, _ in measured])) >= 0.9
    assert float(np.mean([others for _, others in measured])) <= 0.05
    assert binomial.lower(sum(recall >= 0.8 for recall, _ in measured), logs) > 0.8


def test_a_pool_in_the_middle_takes_in_the_most_usual_people() -> None:
    """The price of certainty with few conversations: it is found whole, with three in a hundred strangers."""
    logs = [log(seed, 40, in_the_middle=True) for seed in range(10)]
    found = [pools(one.asked.space())[0].accounts for one in logs]
    assert min(np.isin(one.pool, accounts).mean() for one, accounts in zip(logs, found, strict=True)) >= 0.9
    assert float(np.mean([(accounts < STRANGERS).sum() for accounts in found])) <= 0.03 * STRANGERS


def test_a_pool_under_cover_is_still_found() -> None:
    """Three conversations in ten are about something of the account's own."""
    measured = [recall_and_others(log(seed, 40, least=50, cover=0.3)) for seed in range(10)]
    assert float(np.mean([recall for recall, _ in measured])) >= 0.8
    assert max(others for _, others in measured) <= 0.1


def test_most_of_it_cover_hides_it() -> None:
    """The stated weakness: what nine in ten conversations are about is the account's own."""
    assert [pools(log(seed, 40, cover=0.9).asked.space()) for seed in range(3)] == [[], [], []]


def test_too_few_conversations_are_nothing_and_not_something_wrong() -> None:
    """Below the least that counts a pool leaves no trace; at the least, what is found of it is of it."""
    unseen = log(1, 40, least=4, most=CONVERSATIONS_AT_LEAST - 1)
    assert not np.isin(unseen.asked.subjects().account, unseen.pool).any()
    for seed in range(10):
        short = log(seed, 40, least=CONVERSATIONS_AT_LEAST, most=CONVERSATIONS_AT_LEAST)
        for found in pools(short.asked.space()):
            assert np.isin(found.accounts, short.pool).mean() > 0.8


@pytest.mark.parametrize("accounts", [60, 400])
def test_what_everybody_asks_about_is_no_pool(accounts: int) -> None:
    rng = np.random.default_rng(accounts)
    one = asked(np.zeros((accounts, 64)), np.full(accounts, 40), rng)
    assert pools(one.space()) == []


def test_a_pool_may_be_this_much_of_a_log_and_no_more() -> None:
    """A fifth of those who said enough."""
    for size, is_one in ((70, True), (90, False)):
        assert (size < EVERYBODY * (STRANGERS + size)) == is_one
        assert bool([found for found in pools(log(3, size).asked.space()) if len(found.accounts) > 40]) == is_one


def test_who_always_says_the_same_has_no_subjects() -> None:
    """Identical projections have no variance to measure distances in: nothing, and no division by it."""
    account = np.repeat(np.arange(30), 20)
    same = Asked(account, np.full((600, 64), 5, np.int8)).space()
    each_his_own = Asked(account, np.repeat(np.arange(30, dtype=np.int8), 20)[:, None] * np.ones(64, np.int8)).space()
    assert (len(same), pools(same)) == (0, [])
    assert (len(each_his_own), pools(each_his_own)) == (0, [])


def test_nobody_and_one_account_are_no_pool() -> None:
    nobody = Space.of(NO_SUBJECTS, np.empty(0, np.int64), NO_SUBJECTS.within)
    assert (len(nobody), pools(nobody)) == (0, [])
    assert pools(asked(np.zeros((1, 64)), np.array([50]), np.random.default_rng(1)).space()) == []


def test_names_of_units_and_the_order_of_accounts_change_nothing() -> None:
    """Other numbers for the same accounts give the same pool under those numbers."""
    one = log(5, 40)
    accounts = STRANGERS + 40
    moved = np.random.default_rng(1).permutation(accounts)
    order = np.argsort(moved[one.asked.account], kind="stable")
    other = Asked(moved[one.asked.account][order], one.asked.projection[order])
    found = pools(one.asked.space())
    assert len(found[0].accounts) >= 35
    assert members(pools(one.asked.space(np.random.default_rng(2).permutation(10**6)[:accounts]))) == members(found)
    assert members(pools(other.space())) == [np.sort(moved[pool.accounts]).tolist() for pool in found]


def test_accounts_of_one_organisation_are_one_unit() -> None:
    """Forty accounts of four organisations are no pool of strangers, and those of five are."""
    one = log(6, 40)
    own = np.arange(STRANGERS + 40)
    few, enough = (np.where(own >= STRANGERS, 10**6 + own % count, own) for count in (4, UNITS_AT_LEAST))
    assert not any(np.isin(found.accounts, one.pool).any() for found in pools(one.asked.space(few)))
    assert np.isin(one.pool, pools(one.asked.space(enough))[0].accounts).mean() >= 0.9


def test_pools_are_disjoint_and_the_largest_comes_first() -> None:
    """Two pools with subjects of their own among the same strangers."""
    rng = np.random.default_rng(8)
    usual = own_subjects(STRANGERS, rng)
    two = own_subjects(2, rng)[np.repeat([0, 1], [20, 40])]
    found = pools(asked(np.concatenate([usual, two]), np.full(STRANGERS + 60, 60), rng).space())
    assert [len(np.intersect1d(one.accounts, range(STRANGERS + 20, STRANGERS + 60))) >= 36 for one in found[:2]] == [
        True,
        False,
    ]
    together = np.concatenate([one.accounts for one in found])
    assert len(np.unique(together)) == len(together)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_near_and_far(seed: int) -> None:
    """Who is neither is who cannot be told; members of a pool are near it, most strangers far."""
    one = log(seed, 40)
    space = one.asked.space()
    pool = pools(space)[0]
    near, far = space.near(pool.centre, pool.variance), space.far(pool.centre, pool.variance)
    assert not (near & far).any()
    assert near[np.isin(space.account, pool.accounts)].all()
    stranger = ~np.isin(space.account, one.pool)
    assert near[stranger].mean() < 0.02
    assert far[stranger & (space.variance < 1 / 50)].mean() > 0.9


def test_another_log_says_how_usual_a_pool_is() -> None:
    """Of strangers hardly anybody is near it; of a log with the same pool everybody who draws from it, by unit."""
    one = log(9, 40)
    within = one.asked.subjects().within
    pool = pool_of(one.asked.space(), one.pool)
    others = strangers(10).subjects()
    assert units_near(pool, Space.of(others, np.arange(STRANGERS), within)) <= 2
    assert units_near(pool, one.asked.space()) >= 36
    halves = np.arange(STRANGERS + 40) // 2
    assert 18 <= units_near(pool, one.asked.space(halves)) <= 22


@pytest.mark.parametrize(
    ("bound", "value"),
    [("_SEARCHED_AT_MOST", 120), ("_NEIGHBOURS", 4), ("_BLOCK", 7)],
    ids=["a third of all compared", "too few neighbours for one community", "block by block"],
)
def test_bounds_on_the_work_cost_no_pool(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    """Whoever was not compared, or is no neighbour, joins by the centre of those who were."""
    one = log(12, 60)
    space = one.asked.space()
    whole = members(pools(space))
    monkeypatch.setattr(shared_subjects, bound, value)
    found = pools(space)
    assert len(found) == len(whole) == 1
    assert len(np.setxor1d(found[0].accounts, whole[0])) <= 2
    assert np.isin(one.pool, found[0].accounts).mean() >= 0.9
