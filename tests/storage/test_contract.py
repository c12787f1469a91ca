"""The same promises from limits in one process and from limits that nodes share through a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Protocol

import pytest
import redis

from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Costs, Ladder, Refusal
from stillwatch.limits.leased import LeasedLadder
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.reservation import Reservation, Reservations
from stillwatch.limits.sharing import Sharing
from stillwatch.limits.slots import Slots
from tests.storage.moved_time import World
from tests.storage.private_redis import PrivateRedis

Pair = tuple[Limit, str]


class Store(Protocol):
    """What a door sees of limits, with the clock in the test's hand."""

    def ladder(self, *bound: Pair) -> Ladder: ...
    def admit(self, ladder: Ladder, costs: Costs) -> Refusal | None: ...
    def move(self, seconds: float) -> None: ...
    @property
    def now(self) -> int: ...


class InProcess:
    def __init__(self) -> None:
        self.now = 1_000 * NANOSECONDS
        self._held: dict[Pair, Bucket | Slots] = {}

    def ladder(self, *bound: Pair) -> Ladder:
        made = [self._held.setdefault(pair, _new(pair[0])) for pair in bound]
        return Ladder([x for x in made if isinstance(x, Bucket)], [x for x in made if isinstance(x, Slots)])

    def admit(self, ladder: Ladder, costs: Costs) -> Refusal | None:
        return ladder.admit(costs, self.now)

    def move(self, seconds: float) -> None:
        self.now += round(seconds * NANOSECONDS)


def _new(limit: Limit) -> Bucket | Slots:
    return Slots(limit) if limit.measure is Measure.CONCURRENT else Bucket(limit)


class Shared:
    """One node of eight that may be, with the store's clock moved too; several nodes: test_bound.py."""

    def __init__(self, client: redis.Redis) -> None:
        self._world = World(client, Sharing(nodes=8))
        self._member = self._world.node()

    @property
    def now(self) -> int:
        return self._world.now

    def ladder(self, *bound: Pair) -> Ladder:
        return self._member.ladder(*bound)

    def admit(self, ladder: Ladder, costs: Costs) -> Refusal | None:
        assert isinstance(ladder, LeasedLadder)
        return self._member.admit(ladder, costs)

    def move(self, seconds: float) -> None:
        steps = ceil(seconds / 0.4)
        for _ in range(steps):  # as its task would, a node keeps in touch
            self._world.move(seconds / steps)
            self._member.sync()


@pytest.fixture(params=["in process", "shared"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "in process":
        yield InProcess()
        return
    server: PrivateRedis = request.getfixturevalue("server")
    with server.client() as client:
        yield Shared(client)


def limit(level: Level, quantity: int, burst: int | None = None, measure: Measure = Measure.REQUESTS) -> Limit:
    return Limit(level, measure, quantity, 60, burst)


def passed(store: Store, ladder: Ladder, tries: int, costs: Costs = (1, 0, 0, 0)) -> int:
    return sum(store.admit(ladder, costs) is None for _ in range(tries))


def test_a_quiet_account_has_its_whole_burst_and_not_one_more(store):
    assert passed(store, store.ladder((limit(Level.ACCOUNT, 600), "a")), 700) == 600


def test_what_drains_may_be_used_again(store):
    ladder = store.ladder((limit(Level.ACCOUNT, 600), "a"))
    passed(store, ladder, 700)
    store.move(2.0)
    assert passed(store, ladder, 700) == 20


def test_the_wait_that_is_said_is_the_wait_that_helps(store):
    ladder = store.ladder((limit(Level.ACCOUNT, 60, burst=1), "a"))
    assert store.admit(ladder, (1, 0, 0, 0)) is None
    refusal = store.admit(ladder, (1, 0, 0, 0))
    assert refusal is not None
    assert NANOSECONDS - 1_000 <= refusal.wait_ns <= NANOSECONDS + 1_000
    store.move(0.9)
    assert store.admit(ladder, (1, 0, 0, 0)) is not None
    store.move(0.2)
    assert store.admit(ladder, (1, 0, 0, 0)) is None


def test_what_one_level_refuses_costs_nothing_on_the_others(store):
    wide, narrow = (limit(Level.ACCOUNT, 100), "a"), (limit(Level.KEY, 5), "k")
    assert passed(store, store.ladder(narrow, wide), 50) == 5
    store.move(0.008)
    assert passed(store, store.ladder(wide), 200) == 95


def test_a_thousand_accounts_of_one_campaign_share_one_budget(store):
    campaign, own = limit(Level.CAMPAIGN, 500), limit(Level.ACCOUNT, 100)
    ladders = [store.ladder((own, f"a{n}"), (campaign, "c")) for n in range(1_000)]
    assert sum(store.admit(ladder, (1, 0, 0, 0)) is None for ladder in ladders) == 500


def test_a_cost_above_the_burst_passes_only_when_nothing_is_owed(store):
    ladder = store.ladder((limit(Level.ACCOUNT, 100, burst=10), "a"))
    assert store.admit(ladder, (50, 0, 0, 0)) is None
    store.move(1.0)
    assert store.admit(ladder, (50, 0, 0, 0)) is not None
    store.move(30.0)
    assert store.admit(ladder, (50, 0, 0, 0)) is None


@pytest.fixture
def reserved(store: Store) -> Callable[[int], int]:
    """Reserve 400 output tokens of 1000, use some; how many are then left."""

    def left(used: int) -> int:
        ladder = store.ladder((limit(Level.ACCOUNT, 1_000, measure=Measure.OUTPUT_TOKENS), "a"))
        open_ = Reservations(600 * NANOSECONDS)
        assert store.admit(ladder, (0, 0, 0, 0)) is None
        assert store.admit(ladder, (0, 0, 400, 0)) is None
        ladder.settle((0, 0, 400, 0), (0, 0, used, 0), store.now)
        assert len(open_) == 0
        return passed(store, ladder, 1_000, (0, 0, 1, 0))

    return left


@pytest.mark.parametrize(("used", "left"), [(400, 600), (150, 850), (0, 1_000), (1_500, 0)])
def test_what_was_used_takes_the_place_of_what_was_reserved(reserved, used, left):
    assert reserved(used) == left


def test_an_overdraft_is_drained_before_anything_passes(store):
    ladder = store.ladder((limit(Level.ACCOUNT, 600), "a"))
    ladder.settle((0, 0, 0, 0), (900, 0, 0, 0), store.now)
    store.move(16.0)
    assert passed(store, ladder, 50) == 0
    store.move(16.0)
    assert 15 <= passed(store, ladder, 50) <= 20  # a node reports up to 0.4 s later, which costs 4


def test_only_so_many_are_open_at_once(store):
    ladder = store.ladder((limit(Level.ACCOUNT, 3, measure=Measure.CONCURRENT), "a"))
    open_ = Reservations(600 * NANOSECONDS)

    def opened() -> Reservation | None:
        if store.admit(ladder, (1, 0, 0, 0)) is not None:
            return None
        made = open_.reserve(ladder, (1, 0, 0, 0), store.now)
        assert isinstance(made, Reservation)
        return made

    first = [opened() for _ in range(5)]
    assert [made is not None for made in first] == [True] * 3 + [False] * 2
    assert first[0] is not None
    open_.settle(first[0], store.now)
    assert opened() is not None
    assert opened() is None


def test_what_was_learned_afterwards_closes_a_budget_until_no_more_than_it_is_used(store):
    """Nothing of it is asked for at admission, so no request needs any of it; still none passes."""
    ladder = store.ladder((limit(Level.CAMPAIGN, 60, measure=Measure.NEW_INFORMATION), "ring"))
    assert store.admit(ladder, (1, 0, 0, 0)) is None
    ladder.settle((0, 0, 0, 0), (0, 0, 0, 90), store.now)
    store.move(0.5)
    refusal = store.admit(ladder, (1, 0, 0, 0))
    assert refusal is not None
    assert refusal.limit.measure is Measure.NEW_INFORMATION
    assert 29 * NANOSECONDS <= refusal.wait_ns <= 30 * NANOSECONDS
    store.move(29.0)
    assert store.admit(ladder, (1, 0, 0, 0)) is not None
    store.move(1.0)
    assert store.admit(ladder, (1, 0, 0, 0)) is None


def test_an_answer_that_overruns_gets_what_a_hard_limit_has_left_and_no_more(store):
    hard = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 60_000, 3_600, is_hard=True)
    owed = Limit(Level.KEY, Measure.OUTPUT_TOKENS, 10_000, 3_600)
    ladder = store.ladder((hard, "a"), (owed, "k"))
    assert store.admit(ladder, (1, 0, 9_000, 0)) is None
    granted = 0
    for _ in range(150):
        granted += ladder.extend(500, store.now)
        store.move(0.1)
    assert 50_500 <= granted <= 51_000 + 15 * 60_000 // 3_600
    store.move(0.5)
    assert ladder.buckets[1].remaining(store.now) == 0  # what is not hard was charged all the same
