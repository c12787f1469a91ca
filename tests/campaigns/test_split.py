"""What is judged apart: one pool among strangers, and cards among a tool's users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.split import split
from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

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
    nothing = np.zeros(count, np.int64)
    found = Accounts(np.arange(count), np.arange(count), *[nothing] * 5, {}, {}, {})
    return Candidate(np.arange(count), np.array([1], np.uint64), 1), carried, found


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
