"""What is judged apart: one pool among strangers, and cards among a tool's users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.split import split
from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.tracing.candidates import IN_POOL, OUT_OF_POOL
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

from .logs import accounts

EACH = 40
SUBJECT = 6.0  # spread of accounts' mean projections, of rows that spread by 8.6


def group(own: int, pooled: int, cards: dict[int, int], seed: int = 0) -> tuple[Candidate, Carried, Accounts]:
    """`own` accounts with subjects of their own, then `pooled` ones on one pool; `cards`: account to card."""
    rng = np.random.default_rng(seed)
    count = own + pooled
    account = np.repeat(np.arange(count), EACH)
    centre = rng.normal(0, SUBJECT, (count, 64))
    centre[own:] = 0
    card = np.array([cards.get(one, 1000 + one) for one in range(count)])
    columns: dict[str, Any] = {
        "projection": np.clip(rng.normal(centre[account], 8.6), -127, 127).astype(np.int8),
        "payload": np.arange(1, len(account) + 1),
        "matches": np.ones((len(account), ZONE_SLOTS), np.int32),
        "payment": card[account],
        "opens": np.ones(len(account), bool),
    }
    carried = Carried(account, columns, account, account, np.ones(len(account), bool))
    return Candidate(np.arange(count), np.array([1], np.uint64), 1), carried, accounts(count)


def sizes(own: int, pooled: int, cards: dict[int, int]) -> list[list[int]]:
    """The accounts of each part."""
    return [part.accounts.tolist() for part, _ in split(*group(own, pooled, cards), np.random.default_rng(1))]


def test_strangers_beside_a_pool_are_judged_apart() -> None:
    """The pool is most of the units."""
    assert sizes(5, 15, {}) == [list(range(5, 20)), list(range(5))]


def test_one_pool_and_plain_strangers_stay_whole() -> None:
    """There is nothing to divide, or nothing to divide by."""
    assert sizes(0, 20, {}) == [list(range(20))]
    assert sizes(20, 0, {}) == [list(range(20))]


def test_who_pays_with_one_card_is_judged_apart_from_the_users_of_his_tool() -> None:
    """Five of twenty strangers: what the others do with the tool says nothing for them."""
    assert sizes(20, 0, dict.fromkeys(range(5), 7)) == [list(range(5)), list(range(5, 20))]


@pytest.mark.parametrize("cards", [{0: 7, 1: 7}, {0: 0, 1: 0, 2: 0, 3: 0}])
def test_two_with_a_card_or_many_without_stand_with_the_rest(cards: dict[int, int]) -> None:
    """A couple is no ring, and an unknown card is no card."""
    assert sizes(20, 0, cards) == [list(range(20))]


def test_a_few_who_come_back_to_their_own_turns_stand_apart() -> None:
    """Two of twenty work for themselves; where most do so, that is what the group is."""

    def with_own_turns(accounts: int) -> list[list[int]]:
        candidate, carried, found = group(0, 20, {})
        own = carried.account < accounts
        carried.columns["payload"] = np.where(
            own, 10**6 + carried.account * 4 + np.arange(len(own)) % 4, np.arange(len(own))
        )
        return [part.accounts.tolist() for part, _ in split(candidate, carried, found, np.random.default_rng(1))]

    assert with_own_turns(2) == [list(range(2, 20)), [0, 1]]
    assert with_own_turns(15) == [list(range(20))]


def test_parts_take_their_exchanges_with_them() -> None:
    """Nothing is lost between parts."""
    candidate, carried, found = group(20, 0, dict.fromkeys(range(5), 7))
    parts = split(candidate, carried, found, np.random.default_rng(1))
    assert [len(rows.account) for _, rows in parts] == [5 * EACH, 15 * EACH]
    assert {part.pool for part, _ in parts} == {3, 4}


def carried_by(conversations: list[int]) -> tuple[Candidate, Carried, Accounts]:
    """One pool whose accounts carry the words in so many conversations each; all with one to each exchange."""
    candidate, carried, found = group(0, len(conversations), {})
    kept = np.concatenate([one * EACH + np.arange(count) for one, count in enumerate(conversations)])
    columns = {name: column[kept] for name, column in carried.columns.items()}
    return candidate, replace(carried, account=carried.account[kept], columns=columns), found


def parts_of(conversations: list[int]) -> list[tuple[list[int], int]]:
    """The accounts of each part, and its number."""
    found = split(*carried_by(conversations), np.random.default_rng(1))
    return [(part.accounts.tolist(), part.pool) for part, _ in found]


@pytest.mark.parametrize("rarely", [1, 2])
def test_who_says_once_or_twice_what_others_say_often_stands_apart(rarely: int) -> None:
    """A phrase in common makes nobody part of a ring."""
    assert parts_of([EACH] * 20 + [rarely] * 3) == [(list(range(20)), 0), ([20, 21, 22], 8)]


def test_who_stands_apart_for_saying_it_rarely_is_known_as_such() -> None:
    """A reseller's smallest customers pay with his card: that and a phrase are no ring of their own."""
    parts = split(*carried_by([EACH] * 20 + [2] * 3), np.random.default_rng(1))
    assert [part.says_it_rarely for part, _ in parts] == [False, True]


def test_a_tenth_of_what_is_usual_is_rare_too() -> None:
    """Three of forty conversations stand apart, four do not."""
    assert parts_of([EACH] * 20 + [3]) == [(list(range(20)), 0), ([20], 8)]
    assert parts_of([EACH] * 20 + [4]) == [(list(range(21)), 0)]


def test_where_all_carry_it_in_few_conversations_nobody_is_parted() -> None:
    """One of each is a new ring, or a slow one."""
    assert parts_of([1, 2, 5, 5, 5, 5, 2, 1]) == [(list(range(8)), 0)]
    assert parts_of([2] * 12) == [(list(range(12)), 0)]


def test_too_few_that_say_it_often_are_no_ring_to_part_others_from() -> None:
    """Of two heavy users and one rare one no ring is left."""
    assert parts_of([EACH, EACH, 1]) == [([0, 1, 2], 0)]


def test_later_turns_make_nobody_a_heavy_user() -> None:
    """One conversation of forty turns is one conversation."""
    candidate, carried, found = group(0, 21, {})
    first = np.arange(len(carried.account)) % EACH == 0
    carried.columns["opens"] = (carried.account < 20) | first
    parts = [part.accounts.tolist() for part, _ in split(candidate, carried, found, np.random.default_rng(1))]
    assert parts == [list(range(20)), [20]]


@pytest.mark.parametrize("pool", [0, 1, 7])
def test_parts_of_one_candidate_have_numbers_of_their_own(pool: int) -> None:
    """Also when it is taken apart again and again: two entries of a report with one name would be one."""
    conversations = [EACH] * 10 + [20] + [3] * 3 + [2] * 7  # without the seven, 40 are usual, and three are rare
    candidate, carried, found = carried_by(conversations)
    named = replace(candidate, pool=pool)
    parts = [part for part, _ in split(named, carried, found, np.random.default_rng(1))]
    assert [len(part.accounts) for part in parts] == [11, 3, 7]
    assert len({max(part.pool, 1) for part in parts}) == 3  # 0 and 1 name an entry alike
    assert sorted(np.concatenate([part.accounts for part in parts]).tolist()) == candidate.accounts.tolist()


def test_both_halves_of_a_wrapper_keep_names_of_their_own_when_split() -> None:
    """A pool and the other users of its words are split alike, each into a pool and the rest."""
    numbers = []
    for pool in (IN_POOL, OUT_OF_POOL):
        candidate, carried, found = group(5, 15, {})
        parts = split(replace(candidate, pool=pool), carried, found, np.random.default_rng(1))
        assert len(parts) == 2
        numbers += [part.pool for part, _ in parts]
    assert len(set(numbers)) == len(numbers)
