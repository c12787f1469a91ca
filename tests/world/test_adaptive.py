"""An operator who learns: his options and their prices, his fleet from leg to leg, and a pool dealt out once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.world.hostile.adaptive import Operator
from stillwatch.world.hostile.means import COVERS, MOVES, SLOWEST, START
from stillwatch.world.stage import DAY_US
from tests.world.worlds import accounts_of, stage

DAYS = 10
PEOPLE = MOVES["people's sessions, homes and pasts"]


def begun() -> Operator:
    """On his first day, with his tool's defaults."""
    return Operator("it", "coding").prepared(stage(), 0, START, ())


def test_options_come_cheapest_first_and_none_is_dearer_than_he_can_pay() -> None:
    """And each of them changes something."""
    options = begun().options(DAYS, 1e9)
    prices = [means.price(DAYS) for _, means in options]
    assert prices == sorted(prices)
    assert all(means != START for _, means in options)
    most = prices[len(prices) // 2]
    assert all(means.price(DAYS) <= most for _, means in begun().options(DAYS, most))


def test_the_yield_he_wants_decides_how_many_accounts_he_needs() -> None:
    """240 a day at 12 an account are 20; half as busy 40; with cover of 60 % a hundred."""
    spread = MOVES["twice the accounts, half as busy"](START)
    assert (START.accounts, spread.accounts) == (20, 40)
    assert replace(spread, knobs=replace(spread.knobs, cover=0.6)).accounts == 100


def test_being_slow_costs_what_he_forgoes() -> None:
    """At half the pace he has half, for the same accounts: the price of an exchange is twice that of a busier day."""
    slow = MOVES["half the pace"](START)
    assert slow.accounts == START.accounts
    assert slow.price(DAYS) > 2 * START.price(DAYS)


@pytest.mark.parametrize("name", MOVES)
def test_every_move_comes_to_an_end(name: str) -> None:
    """After ten times, nothing changes any more."""
    means = PEOPLE(START)
    for _ in range(10):
        means = MOVES[name](means)
    assert MOVES[name](means) == means
    assert means.slowed <= SLOWEST
    assert means.knobs.cover in COVERS


def test_cover_takes_people() -> None:
    """A scheduler's program has no conversations."""
    assert MOVES["more cover"](START) == START
    assert MOVES["more cover"](PEOPLE(START)).knobs.cover == COVERS[1]


def test_accounts_stay_from_leg_to_leg_but_for_those_that_are_lost() -> None:
    """Three are lost, three are opened; the others go on with their addresses and cards."""
    where = stage()
    first, operator = begun().sent(where, 0, 2)
    names = operator.accounts(where)
    second, after = operator.prepared(where, 2, START, names[:3]).sent(where, 2, 2)
    assert after.opened == 23
    assert not accounts_of(second) & set(names[:3])
    assert set(names[3:]) <= accounts_of(second)
    cards = {one.account.account: one.account.payment for one in (*first, *second)}
    assert all(cards[one.account.account] == one.account.payment for one in (*first, *second))


@pytest.mark.parametrize(
    ("move", "stays"), [("fifty wordings", True), ("a card each", False), ("people's sessions, homes and pasts", False)]
)
def test_what_an_account_has_from_its_first_day_takes_new_accounts(move: str, stays: bool) -> None:
    """Words can be changed; a card that was shared was shared."""
    where = stage()
    operator = begun()
    after = operator.prepared(where, 2, MOVES[move](START), ())
    assert (set(after.accounts(where)) == set(operator.accounts(where))) is stays
    assert after.opened == (20 if stays else 40)


def test_a_leg_keeps_to_its_days_and_items_are_dealt_out_once() -> None:
    """Two legs of two days, by a scheduler and by people: from the first day of each to its last, no item twice."""
    where = stage()
    first, operator = begun().sent(where, 0, 2)
    second, after = operator.prepared(where, 2, PEOPLE(START), ()).sent(where, 2, 2)
    days = {(one.ts_us - where.first_us) // DAY_US for one in first}
    later = {(one.ts_us - where.first_us) // DAY_US for one in second}
    assert (days, later) == ({0, 1}, {2, 3})
    asked = [one.ask.turns[-1][1] for one in (*first, *second) if len(one.ask.turns) == 1]
    assert len(set(asked)) == len(asked)
    assert after.dealt > operator.dealt > 0


def test_an_account_warms_up_once() -> None:
    """In its second leg it harvests from the first session on."""
    where = stage()
    means = replace(PEOPLE(START), knobs=replace(PEOPLE(START).knobs, warm_up_days=5.0))
    first, operator = Operator("it", "coding").prepared(where, 0, means, ()).sent(where, 0, 2)
    second, _ = operator.prepared(where, 2, means, ()).sent(where, 2, 2)
    assert first
    assert not any(one.campaign for one in first)
    assert all(one.campaign for one in second)
