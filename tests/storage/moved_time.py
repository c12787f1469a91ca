"""Nodes on a real Redis whose clock the test moves: the same scripts, with one line that reads the time from a key."""

from __future__ import annotations

import redis

from stillwatch.limits.ladder import Costs, Refusal
from stillwatch.limits.lease import Lease
from stillwatch.limits.leased import LeasedLadder, Unleased
from stillwatch.limits.limit import NANOSECONDS, Limit
from stillwatch.limits.sharing import Sharing
from stillwatch.storage import wire
from stillwatch.storage.keys import Keys
from stillwatch.storage.node import Node

SERVER_START = 1_700_000_000
_TIME = "redis.call('TIME')"
BATCH = wire.BATCH_SCRIPT.replace(_TIME, "redis.call('LRANGE', '{limits}:clock', 0, 1)")
JOIN = wire.JOIN_SCRIPT.replace(_TIME, "redis.call('LRANGE', '{limits}:clock', 0, 1)")
assert BATCH != wire.BATCH_SCRIPT
assert JOIN != wire.JOIN_SCRIPT


class World:
    """A store, its clock, and the nodes on it. `now` is every node's clock, in nanoseconds since the start."""

    def __init__(self, client: redis.Redis, sharing: Sharing) -> None:
        self.client, self.sharing, self.now = client, sharing, 1_000 * NANOSECONDS
        client.flushdb()
        for script in (BATCH, JOIN):
            client.script_load(script)
        self.move(0)

    def move(self, seconds: float) -> None:
        """Time passes, for the store and for every node."""
        self.now += round(seconds * NANOSECONDS)
        second, rest = divmod(self.now // 1_000, 1_000_000)
        self.client.delete("{limits}:clock")
        self.client.rpush("{limits}:clock", SERVER_START + second, rest)

    def lose_data(self) -> None:
        self.client.flushdb()
        self.move(0)

    def node(self) -> Member:
        return Member(self)


class Member:
    """One node with what it holds; `sync` is one exchange with the store."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.node = Node(world.sharing, Keys(), BATCH)
        self._connection = world.client.connection_pool.make_connection()
        self._leases: dict[tuple[Limit, str], Lease] = {}
        self.join()

    def join(self) -> None:
        reply = self.send(self.node.join(JOIN))
        assert reply is not None, "no room for another node"
        self.node.joined(*reply, self.world.now, self._leases.values())

    def ladder(self, *bound: tuple[Limit, str]) -> LeasedLadder:
        leases = [self._leases.setdefault(pair, Lease(pair[0], Keys().of(*pair))) for pair in bound]
        return LeasedLadder(self.node.contact, leases)

    def send(self, command: bytes) -> object:
        self._connection.send_packed_command([command], check_health=False)
        return self._connection.read_response()

    def sync(self) -> None:
        reply = self.send(self.node.batch(self.world.now).sent)
        if reply is None:
            self.join()
            reply = self.send(self.node.batch(self.world.now).sent)
        assert isinstance(reply, bytes)
        self.node.answered(reply, self.world.now)

    def lose_reply(self) -> None:
        """The store counts a batch, and its answer never arrives."""
        self.send(self.node.batch(self.world.now).sent)

    def admit(self, ladder: LeasedLadder, costs: Costs) -> Refusal | None:
        """As a door does: from the leases, else after asking."""
        refusal = ladder.admit(costs, self.world.now)
        if isinstance(refusal, Unleased):
            self.node.want(ladder, costs)
            self.sync()
            refusal = ladder.admit(costs, self.world.now)
        return refusal
