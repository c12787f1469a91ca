"""A store that is away, silent, emptied, guarded by a password or too old: what a node answers meanwhile and after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from stillwatch.errors import StoreError, UsageError
from stillwatch.limits.ladder import Refusal
from stillwatch.limits.leased import StoreAway
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.reservation import Reservation, Reservations
from stillwatch.limits.sharing import Sharing
from stillwatch.storage import link
from stillwatch.storage.link import Link
from stillwatch.storage.shared import SharedMeters
from tests.storage.private_redis import PrivateRedis

LIMIT = Limit(Level.ACCOUNT, Measure.REQUESTS, 400, 3_600)
NAMES = (None, "account", None, None, None, None)
SHARING = Sharing(nodes=8, interval_seconds=0.05, timeout_seconds=0.5, life_seconds=1.0, retry_seconds=0.05)
OPEN = Sharing(
    nodes=8,
    interval_seconds=0.05,
    timeout_seconds=0.5,
    life_seconds=1.0,
    retry_seconds=0.05,
    open_levels=frozenset({Level.ACCOUNT}),
)


@pytest.fixture
def fragile() -> Iterator[PrivateRedis]:
    with PrivateRedis() as server:
        yield server


class Door:
    """What a gateway's worker does with limits."""

    def __init__(self, url: str, sharing: Sharing) -> None:
        self.meters = SharedMeters([LIMIT], sharing, Link(url, sharing.timeout_seconds))
        self.open = Reservations(3_600 * NANOSECONDS)

    async def passed(self, tries: int) -> int:
        ladder = self.meters.ladder(NAMES, time.monotonic_ns())
        made = [await self.meters.reserve(self.open, ladder, (1, 0, 0, 0)) for _ in range(tries)]
        return sum(isinstance(one, Reservation) for one in made)

    async def until(self, *, is_down: bool) -> None:
        contact = self.meters.node.contact
        while contact.is_down is not is_down or (is_down and time.monotonic_ns() < contact.until):
            await asyncio.sleep(0.01)

    async def __aenter__(self) -> Door:
        await self.meters.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.meters.close()


def test_a_level_that_fails_closed_refuses_while_the_store_is_away_and_goes_on_after(fragile):
    async def story() -> None:
        async with Door(fragile.url, SHARING) as door:
            assert await door.passed(100) == 100
            fragile.stop()
            await door.until(is_down=True)
            assert await door.passed(10) == 0
            fragile.start()
            await door.until(is_down=False)
            assert 295 <= await door.passed(400) <= 302  # the emptied store heard of the first hundred

    asyncio.run(story())


def test_a_level_that_fails_open_goes_on_with_its_share_which_is_counted_when_the_store_is_back(fragile):
    async def story() -> None:
        async with Door(fragile.url, OPEN) as door:
            assert await door.passed(100) == 100
            fragile.stop()
            await door.until(is_down=True)
            alone = await door.passed(400)
            assert 30 <= alone <= 50  # an eighth of the limit, a quarter of it used: 37, and what was leased
            fragile.start()
            await door.until(is_down=False)
            await door.passed(1)
            assert 290 - alone <= await door.passed(400) <= 302 - alone

    asyncio.run(story())


def test_a_store_that_is_away_at_the_start_is_waited_for(fragile):
    async def story() -> None:
        fragile.stop()
        async with Door(fragile.url, SHARING) as door:
            assert await door.passed(1) == 0
            fragile.start()
            await door.until(is_down=False)
            assert await door.passed(1) == 1

    asyncio.run(story())


def test_a_store_that_takes_connections_and_answers_nothing_delays_a_request_by_a_bounded_time(fragile):
    async def story() -> None:
        async with Door(fragile.url, SHARING) as door:
            fragile.pause()
            try:
                async with asyncio.timeout(30):  # far beyond two time-outs: a request that hangs fails here
                    made = await door.meters.reserve(door.open, door.meters.ladder(NAMES, 0), (400, 0, 0, 0))
            finally:
                fragile.resume()
            assert isinstance(made, Refusal)
            await door.until(is_down=False)
            assert await door.passed(400) == 400

    asyncio.run(story())


class Garbling(Link):
    """A connection of which nothing makes sense."""

    async def ask(self, command: bytes) -> object:
        raise ValueError(command[:1])


def test_whatever_goes_wrong_with_the_store_no_request_waits_for_ever(caplog):
    async def story() -> None:
        meters = SharedMeters([LIMIT], SHARING, Garbling("redis://127.0.0.1:1", 0.1))
        await meters.start()
        try:
            ladder, open_ = meters.ladder(NAMES, time.monotonic_ns()), Reservations(3_600 * NANOSECONDS)
            for _ in range(3):
                meters.node.contact.is_down = False  # as if it had answered in between
                async with asyncio.timeout(30):
                    assert isinstance(await meters.reserve(open_, ladder, (1, 0, 0, 0)), StoreAway)
            assert str(meters.fault) == "ValueError"
        finally:
            await meters.close()

    asyncio.run(story())
    assert "An exchange with the store failed" in caplog.text


def test_a_wrong_password_is_said_so_and_what_to_do():
    with PrivateRedis("--requirepass", "right") as guarded:
        for url in (guarded.url, f"redis://:wrong@127.0.0.1:{guarded.port}"):
            with pytest.raises(StoreError, match=r"refuses the name or password. Put both into its address") as raised:
                asyncio.run(Door(url, SHARING).meters.start())
            assert "wrong" not in str(raised.value)

        async def right() -> int:
            async with Door(f"redis://:right@127.0.0.1:{guarded.port}", SHARING) as door:
                return await door.passed(5)

        assert asyncio.run(right()) == 5


def test_a_version_that_cannot_serve_is_named(server, monkeypatch):
    monkeypatch.setattr(link, "OLDEST", (99, 0))
    with pytest.raises(StoreError, match=r"the store is Redis 7.*need Redis"):
        asyncio.run(Door(server.url, SHARING).meters.start())


def test_a_key_that_holds_something_else_is_said_so(server, client):
    client.set("{limits}:nodes", "a string")
    with pytest.raises(StoreError, match="namespace or database of their own"):
        asyncio.run(Door(server.url, SHARING).meters.start())


@pytest.mark.parametrize("url", ["http://host", "host:6379", ""])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UsageError, match="address of the store"):
        Link(url, 1.0)


def test_who_leaves_takes_nothing_along(server, client):
    async def story() -> tuple[int, int]:
        async with Door(server.url, SHARING) as first:
            got = await first.passed(100)
        async with Door(server.url, SHARING) as second:
            return got, await second.passed(400)

    assert asyncio.run(story()) == (100, 300)
