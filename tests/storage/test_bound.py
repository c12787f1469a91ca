"""What several nodes admit together stays within the stated bound, whoever is killed and whatever is lost."""

from __future__ import annotations

import random

import pytest
import redis

from stillwatch.errors import UsageError
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.sharing import Sharing
from tests.storage.moved_time import JOIN, Member, World

NODES = 8
MINUTE = Limit(Level.ACCOUNT, Measure.REQUESTS, 2_000, 60)
OPEN = Limit(Level.ACCOUNT, Measure.CONCURRENT, 40)


def passed(member: Member, limit: Limit, tries: int, cost: int = 1, name: str = "a") -> int:
    ladder = member.ladder((limit, name))
    return sum(member.admit(ladder, (cost, 0, 0, 0)) is None for _ in range(tries))


def most_in_any_interval(taken: list[tuple[int, int]], limit: Limit) -> float:
    """The largest excess of any interval over the burst and what drains in it, in units."""
    worst, lowest, total = 0.0, 0.0, 0
    for at, cost in taken:  # excess of [i, j] = (total_j - drained_j) - (total_before_i - drained_i)
        drained = at * limit.quantity / limit.window_ns
        lowest = min(lowest, total - drained) if total else total - drained
        total += cost
        worst = max(worst, total - drained - lowest)
    return worst - limit.most_at_once


def hammered(client: redis.Redis, limit: Limit, seed: int, *, is_kind: bool) -> float:
    """Eight nodes at random, some killed, some answers lost, some silent for a while; the excess that came of it."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    world = World(client, Sharing(nodes=NODES))
    members = [world.node() for _ in range(NODES)]
    taken: list[tuple[int, int]] = []
    for _ in range(500):
        world.move(chance.expovariate(60))
        place = chance.randrange(NODES)
        member, event = members[place], chance.random()
        if event < 0.3:
            member.sync()
        elif not is_kind and event < 0.31:
            del members[place]
            world.move(0.6)  # its deadline passes, and its successor may join
            members.insert(place, world.node())
        elif not is_kind and event < 0.34:
            member.lose_reply()
        else:
            cost = chance.choice((1, 1, 5, 40))
            taken += [(world.now, cost)] * passed(member, limit, chance.randrange(8), cost)
    return most_in_any_interval(taken, limit)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("window_seconds", [5, 60, 3_600])
@pytest.mark.parametrize("is_kind", [True, False])
def test_no_interval_exceeds_the_bound(client, seed, window_seconds, is_kind):
    """In any interval: the burst, what drains, and `Sharing.overshoot`, which is at most one per cent."""
    limit = Limit(Level.ACCOUNT, Measure.REQUESTS, 2_000, window_seconds)
    bound = Sharing(nodes=NODES).overshoot(limit)
    assert bound <= 0.01 * limit.quantity
    assert hammered(client, limit, seed, is_kind=is_kind) <= bound


def test_all_of_a_limit_can_be_used_by_one_node(client):
    world = World(client, Sharing(nodes=NODES))
    assert passed(world.node(), MINUTE, 2_100) == 2_000


def test_what_nodes_hold_and_do_not_use_is_at_most_their_slices_and_comes_back(client):
    world = World(client, Sharing(nodes=NODES))
    idle, busy = world.node(), world.node()
    assert passed(idle, MINUTE, 1) == 1
    assert passed(busy, MINUTE, 2_100) >= 1_999 - world.sharing.slice_of(MINUTE)
    for _ in range(6):
        world.move(0.4)
        busy.sync()
        idle.sync()
    assert idle.ladder((MINUTE, "a")).leases[0].held == 0


def test_what_a_killed_node_held_counts_as_used_and_drains_like_anything_used(client):
    world = World(client, Sharing(nodes=NODES))
    killed, other = world.node(), world.node()
    passed(killed, MINUTE, 1)
    held = killed.ladder((MINUTE, "a")).leases[0].held
    assert held > 0
    del killed
    assert passed(other, MINUTE, 2_100) == 2_000 - held
    world.move(60.5)
    other.sync()
    assert passed(other, MINUTE, 2_100) == 2_000


def test_slots_of_a_killed_node_come_back_when_its_life_is_over(client):
    world = World(client, Sharing(nodes=NODES))
    killed, other = world.node(), world.node()

    def opened(member: Member, tries: int) -> int:
        ladder, count = member.ladder((OPEN, "a")), 0
        for holder in range(tries):
            if member.admit(ladder, (1, 0, 0, 0)) is None:
                ladder.slots[0].hold(holder, 0)
                count += 1
        return count

    assert opened(killed, 30) == 30
    assert opened(other, 40) <= 10
    world.move(0.4)
    other.sync()
    assert opened(other, 1) == 0
    world.move(0.4)
    other.sync()
    assert opened(other, 40) >= 30


def test_a_reply_that_is_lost_counts_nothing_twice(client):
    world = World(client, Sharing(nodes=NODES))
    member = world.node()
    assert passed(member, MINUTE, 500) == 500
    for _ in range(5):
        member.lose_reply()
    member.sync()
    member.sync()
    assert passed(member, MINUTE, 2_000) == 1_500


def test_a_node_that_was_taken_for_dead_counts_nothing_twice(client):
    world = World(client, Sharing(nodes=NODES))
    member = world.node()
    passed(member, MINUTE, 500)
    held = member.ladder((MINUTE, "a")).leases[0].held
    member.lose_reply()
    world.move(1)
    member.sync()
    again = passed(member, MINUTE, 2_100)
    assert 1_500 - held <= again <= 1_500 + 2_000 / 60 + 1


def test_a_store_that_lost_its_data_hears_what_was_used(client):
    world = World(client, Sharing(nodes=NODES))
    first, second = world.node(), world.node()
    passed(first, MINUTE, 1_000)
    passed(second, MINUTE, 900)
    first.sync()
    second.sync()
    first.sync()
    world.lose_data()
    first.sync()
    second.sync()
    assert passed(second, MINUTE, 2_000) <= 100 + world.sharing.overshoot(MINUTE)


def test_open_requests_survive_the_loss_of_the_store_s_data(client):
    world = World(client, Sharing(nodes=NODES))
    first, second = world.node(), world.node()
    ladder = first.ladder((OPEN, "a"))
    for holder in range(40):
        assert first.admit(ladder, (1, 0, 0, 0)) is None
        ladder.slots[0].hold(holder, 0)
    world.lose_data()
    first.sync()
    second.sync()
    assert second.admit(second.ladder((OPEN, "a")), (1, 0, 0, 0)) is not None


def test_as_many_nodes_join_as_limits_were_cut_for_and_not_one_more(client):
    world = World(client, Sharing(nodes=2))
    members = [world.node(), world.node()]
    assert members[0].send(members[0].node.join(JOIN)) is None
    world.move(1)
    assert world.node().node.number == 3


def test_a_key_takes_less_than_200_bytes_while_eight_nodes_hold_some_of_it(client):
    world = World(client, Sharing(nodes=NODES))
    members = [world.node() for _ in range(NODES)]
    assert [passed(member, MINUTE, 1) for member in members] == [1] * NODES
    key = members[0].ladder((MINUTE, "a")).leases[0].key
    assert client.strlen(key) == 8 + 11 * NODES
    assert client.memory_usage(key) < 200
    assert 60_000 <= client.pttl(key) <= 121_000


def test_a_principal_at_its_limit_does_not_make_its_node_ask_for_every_try(client):
    world = World(client, Sharing(nodes=NODES))
    member = world.node()
    passed(member, MINUTE, 2_000)
    before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert passed(member, MINUTE, 1_000) == 0
    assert client.info("commandstats")["cmdstat_evalsha"]["calls"] <= before + 1
    refusal = member.ladder((MINUTE, "a")).admit((1, 0, 0, 0), world.now)
    assert refusal is not None
    assert 0 < refusal.wait_ns <= 60 * NANOSECONDS / 2_000 + 1_000


@pytest.mark.parametrize("wrong", [{"nodes": 0}, {"interval_seconds": 0}, {"life_seconds": 0.1}, {"share": 0.0}])
def test_a_way_to_share_that_cannot_work_is_refused(wrong):
    with pytest.raises(UsageError):
        Sharing(**wrong)
