"""The generic cell rate algorithm against what it promises: a rate, a burst, and nothing forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure

START = 1_000 * NANOSECONDS


def bucket(quantity: int, window_seconds: int = 60, burst: int | None = None) -> Bucket:
    return Bucket(Limit(Level.ACCOUNT, Measure.REQUESTS, quantity, window_seconds, burst))


def admitted(held: Bucket, cost: int, now: int) -> bool:
    if held.wait(cost, now):
        return False
    held.take(cost, now)
    return True


def test_a_quiet_account_has_its_whole_burst_and_not_one_more():
    held = bucket(60)
    assert [admitted(held, 1, START) for _ in range(61)] == [True] * 60 + [False]


def test_what_was_refused_passes_after_the_wait_that_was_said_and_not_before():
    held = bucket(60, burst=1)
    assert admitted(held, 1, START)
    wait = held.wait(1, START)
    assert wait == NANOSECONDS
    assert not admitted(held, 1, START + wait - 1)
    assert admitted(held, 1, START + wait)


@given(
    quantity=st.integers(1, 10_000),
    window=st.integers(1, 86_400),
    burst=st.integers(1, 500),
    tries=st.lists(st.tuples(st.integers(0, 10 * NANOSECONDS), st.integers(1, 20)), max_size=60),
)
def test_no_window_ever_admits_more_than_the_burst_and_what_drains_in_it(quantity, window, burst, tries):
    """From any admitted request to any later one: at most the burst plus elapsed * quantity / window."""
    held, now, taken = bucket(quantity, window, burst), START, []
    for pause, cost in tries:
        now += pause
        if cost <= burst and admitted(held, cost, now):
            taken.append((now, cost))
    for first in range(len(taken)):
        total = 0
        for at, cost in taken[first:]:
            total += cost
            assert total * held.window <= (at - taken[first][0]) * quantity + burst * held.window


def test_a_cost_above_the_burst_passes_only_when_nothing_is_owed_and_is_then_owed():
    held = bucket(100, 60, burst=10)
    assert admitted(held, 50, START)
    assert not admitted(held, 50, START + NANOSECONDS)
    assert held.wait(1, START) == (50 - 10 + 1) * 60 * NANOSECONDS // 100
    assert admitted(held, 50, START + 30 * NANOSECONDS)


@given(cost=st.integers(0, 1_000), used=st.integers(0, 1_000), later=st.integers(0, 100 * NANOSECONDS))
def test_what_is_given_back_never_makes_more_room_than_an_unused_bucket_has(cost, used, later):
    held = bucket(1_000)
    held.take(cost, START)
    held.give_back(min(used, cost))
    assert held.remaining(START + later) <= 1_000
    assert held.remaining(START + later) >= 1_000 - cost


def test_remaining_is_exactly_what_would_be_admitted():
    held = bucket(60)
    held.take(7, START)
    left = held.remaining(START)
    assert left == 53
    assert held.wait(left, START) == 0
    assert held.wait(left + 1, START) > 0


def test_a_debt_refuses_even_a_request_that_costs_nothing_of_it():
    """New information is known afterwards: whoever overdrew it waits, although the next request adds none yet."""
    held = bucket(10, 60)
    held.take(100, START)
    assert held.wait(0, START) == 90 * 6 * NANOSECONDS


def test_a_day_of_a_huge_budget_loses_no_token_to_rounding():
    held = bucket(10**12, 86_400)
    for _ in range(10_000):
        held.take(1, START)
    exact = 10_000 * held.window / held.quantity
    assert exact <= held.tat - START <= exact + 10_000  # a nanosecond a request, to the stricter side
