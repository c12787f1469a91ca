"""Limits on several levels: all or nothing, shared where principals are, settled by what was used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Ladder, Refusal
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.meters import SWEPT_AT_ONCE, Meters
from stillwatch.limits.reservation import Reservation, Reservations

START = 1_000 * NANOSECONDS
LEVELS = (Level.KEY, Level.ACCOUNT, Level.ORGANIZATION, Level.CAMPAIGN)


def requests(level: Level, quantity: int, window_seconds: int = 60) -> Limit:
    return Limit(level, Measure.REQUESTS, quantity, window_seconds)


def names(account: str, campaign: str | None = None) -> tuple[str | None, ...]:
    return (f"key of {account}", account, None, None, None, campaign)


def tats(ladder: Ladder) -> list[int]:
    return [bucket.tat for bucket in ladder.buckets]


def test_what_one_level_refuses_costs_nothing_on_the_others():
    ladder = Ladder([Bucket(requests(Level.KEY, 100)), Bucket(requests(Level.ACCOUNT, 1))])
    assert ladder.admit((1, 0, 0, 0), START) is None
    before = tats(ladder)
    refusal = ladder.admit((1, 0, 0, 0), START)
    assert refusal is not None
    assert refusal.limit.level is Level.ACCOUNT
    assert tats(ladder) == before


@given(
    quantities=st.lists(st.integers(1, 50), min_size=1, max_size=6),
    tries=st.lists(st.tuples(st.integers(0, 5 * NANOSECONDS), st.integers(0, 60), st.integers(0, 60)), max_size=40),
)
def test_a_ladder_admits_exactly_what_each_of_its_buckets_admits(quantities, tries):
    """`Ladder.admit` writes `Bucket.wait` and `Bucket.take` out; here they are compared, move by move."""
    limits = [
        Limit(Level.ACCOUNT, Measure.REQUESTS if n % 2 else Measure.INPUT_TOKENS, quantity, 60)
        for n, quantity in enumerate(quantities)
    ]
    ladder, plain = Ladder([Bucket(limit) for limit in limits]), [Bucket(limit) for limit in limits]
    now = START
    for pause, asked, tokens in tries:
        now += pause
        cost = [asked if bucket.limit.measure is Measure.REQUESTS else tokens for bucket in plain]
        waits = [bucket.wait(c, now) for bucket, c in zip(plain, cost, strict=True)]
        refusal = ladder.admit((asked, tokens, 0, 0), now)
        assert (refusal.wait_ns if refusal else 0) == max(waits)
        if refusal is None:
            for bucket, c in zip(plain, cost, strict=True):
                bucket.take(c, now)
        assert [max(tat, now) for tat in tats(ladder)] == [max(bucket.tat, now) for bucket in plain]


def test_a_thousand_accounts_of_one_campaign_share_one_budget():
    meters = Meters([requests(Level.ACCOUNT, 100), requests(Level.CAMPAIGN, 500)])
    passed = sum(
        meters.ladder(names(f"a{n % 1_000}", "campaign"), START).admit((1, 0, 0, 0), START) is None
        for n in range(2_000)
    )
    assert passed == 500
    assert meters.ladder(names("someone else"), START).admit((1, 0, 0, 0), START) is None


def test_keys_of_one_account_share_what_the_account_has_left():
    meters = Meters([requests(Level.ACCOUNT, 3)])
    ladders = [meters.ladder((key, "account", None, None, None, None), START) for key in ("one", "two")]
    assert [ladders[n % 2].admit((1, 0, 0, 0), START) is None for n in range(4)] == [True, True, True, False]


def test_sweeping_forgets_nothing_that_is_owed():
    meters = Meters([requests(Level.ACCOUNT, 60)])
    meters.ladder(names("busy"), START).admit((60, 0, 0, 0), START)
    for n in range(100):
        meters.ladder(names(f"idle {n}"), START)
    assert meters.sweep(START) == 100
    assert meters.ladder(names("busy"), START).admit((1, 0, 0, 0), START) is not None
    assert meters.sweep(START + 60 * NANOSECONDS) == 1


def test_memory_is_bounded_by_who_is_active_however_many_names_are_invented():
    meters = Meters([requests(Level.KEY, 10)])
    for n in range(10 * SWEPT_AT_ONCE):
        meters.ladder(names(f"invented {n}"), START)
    assert len(meters) <= SWEPT_AT_ONCE


def test_a_sweep_looks_at_a_bounded_number_and_at_all_in_turn():
    meters = Meters([requests(Level.ACCOUNT, 60)])
    for n in range(2 * SWEPT_AT_ONCE):
        assert meters.ladder(names(f"busy {n}"), START).admit((1, 0, 0, 0), START) is None
    assert [meters.sweep(START) for _ in range(3)] == [0, 0, 0]
    assert len(meters) == 2 * SWEPT_AT_ONCE
    assert [meters.sweep(START + 60 * NANOSECONDS) for _ in range(3)] == [SWEPT_AT_ONCE, SWEPT_AT_ONCE, 0]


def test_who_is_idle_behind_a_crowd_that_is_busy_is_found():
    meters = Meters([requests(Level.ACCOUNT, 60)])
    for n in range(3 * SWEPT_AT_ONCE):
        meters.ladder(names(f"busy {n}"), START).admit((1, 0, 0, 0), START)
    meters.ladder(names("idle"), START)
    assert sum(meters.sweep(START) for _ in range(4)) == 1


def test_a_new_policy_forgets_nothing_that_was_taken_of_a_limit_that_stays():
    kept, other = requests(Level.ACCOUNT, 2), requests(Level.KEY, 5)
    meters = Meters([kept])
    meters.ladder(names("a"), START).admit((2, 0, 0, 0), START)
    meters.replace([kept, other])
    refusal = meters.ladder(names("a"), START).admit((1, 0, 0, 0), START)
    assert refusal is not None
    assert refusal.limit == kept


class TestReservations:
    LIMITS = (
        Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 1_000, 60),
        Limit(Level.ACCOUNT, Measure.CONCURRENT, 2),
    )

    def reserve(self, output_tokens: int = 100) -> Reservation:
        made = self.open.reserve(self.meters.ladder(names("a"), START), (1, 0, output_tokens, 0), START)
        assert isinstance(made, Reservation)
        return made

    def left(self, now: int = START) -> int:
        return self.meters.ladder(names("a"), now).buckets[0].remaining(now)

    def setup_method(self) -> None:
        self.meters = Meters(self.LIMITS)
        self.open = Reservations(600 * NANOSECONDS)

    def test_what_was_reserved_and_not_used_comes_back(self):
        self.open.settle(self.reserve(400), START, (1, 0, 150, 0))
        assert self.left() == 850

    def test_what_was_used_beyond_the_reservation_is_owed(self):
        self.open.settle(self.reserve(100), START, (1, 0, 1_500, 0))
        assert self.left() == 0
        assert self.left(START + 30 * NANOSECONDS) == 0  # 500 were overdrawn, and drain in 30 s
        assert self.left(START + 60 * NANOSECONDS) == 500

    def test_breaking_off_is_not_free(self):
        reservation = self.reserve(400)
        reservation.delivered = 399
        self.open.settle(reservation, START)
        assert self.left() == 601

    def test_a_provider_that_counts_nothing_makes_no_answer_free(self):
        reservation = self.reserve(400)
        reservation.delivered = 250
        self.open.settle(reservation, START, (1, 10, 0, 0))
        assert self.left() == 750

    def test_settling_twice_is_settling_once(self):
        reservation = self.reserve(400)
        self.open.settle(reservation, START, (1, 0, 100, 0))
        self.open.settle(reservation, START, (1, 0, 0, 0))
        assert self.left() == 900

    def test_only_so_many_are_open_at_once_and_a_refused_one_takes_no_tokens(self):
        first, _ = self.reserve(10), self.reserve(10)
        refusal = self.open.reserve(self.meters.ladder(names("a"), START), (1, 0, 10, 0), START)
        assert isinstance(refusal, Refusal)
        assert refusal.limit.measure is Measure.CONCURRENT
        assert self.left() == 980
        self.open.settle(first, START)
        self.reserve(10)

    def test_an_answer_that_nobody_settles_gives_its_place_and_its_tokens_back_in_the_end(self):
        reservation = self.reserve(400)
        reservation.delivered = 30
        assert self.open.expire(START + 599 * NANOSECONDS) == 0
        assert self.open.expire(START + 600 * NANOSECONDS) == 1
        assert len(self.open) == 0
        assert not self.meters.ladder(names("a"), START).slots[0].are_held(START)


@pytest.mark.parametrize(
    ("field", "value"), [("quantity", 0), ("quantity", 10**16), ("window_seconds", 0), ("burst", 0), ("burst", -1)]
)
def test_a_limit_that_nobody_can_mean_is_refused_by_name(field, value):
    with pytest.raises(UsageError, match=r"the limit of requests per account|the burst of|the window of"):
        Limit(**{"level": Level.ACCOUNT, "measure": Measure.REQUESTS, "quantity": 1, field: value})
