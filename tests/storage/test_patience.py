"""Time in which a node itself stood still is not the store's: what came meanwhile is read before the store is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from stillwatch.limits.sharing import Sharing
from stillwatch.storage import wire
from stillwatch.storage.link import Link, Unreachable
from stillwatch.storage.patience import MOST_LATE, TURNS, patience
from stillwatch.storage.shared import SharedMeters
from tests.storage.private_redis import PrivateRedis

TIME_OUT = 0.2
PING = wire.command(b"PING")
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def hold(seconds: float) -> None:
    """Keep the event loop from running, as a process that is stopped or gets no processor."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def asked(link: Link, command: bytes) -> asyncio.Task[object]:
    """A question whose bytes have left, and whose answer nobody has read."""
    question = asyncio.create_task(link.ask(command))
    await asyncio.sleep(0)
    return question


@LOOPS
def test_an_answer_that_arrived_while_the_loop_was_held_is_read(server: PrivateRedis, run: Run) -> None:
    """The timer is overdue when the loop goes on, and the answer lies in the socket's buffer."""

    async def story() -> object:
        link = Link(server.url, TIME_OUT)
        await link.ask(PING)
        question = await asked(link, PING)
        hold(3 * TIME_OUT)
        try:
            return await question
        finally:
            await link.close()

    assert run(story()) == b"PONG"


@LOOPS
def test_a_loop_that_is_held_while_it_connects_connects(server: PrivateRedis, run: Run, monkeypatch) -> None:
    monkeypatch.setattr("stillwatch.storage.link.CONNECT_SECONDS", TIME_OUT)

    async def story() -> object:
        link = Link(server.url, TIME_OUT)
        question = await asked(link, PING)
        hold(3 * TIME_OUT)
        try:
            return await question
        finally:
            await link.close()

    assert run(story()) == b"PONG"


@LOOPS
def test_a_store_that_stands_still_is_away_also_where_the_loop_was_held(run: Run) -> None:
    async def story(server: PrivateRedis) -> None:
        link = Link(server.url, TIME_OUT)
        await link.ask(PING)
        server.pause()
        question = await asked(link, PING)
        hold(3 * TIME_OUT)
        async with asyncio.timeout(30):  # one that waits for ever fails here
            await question

    with PrivateRedis() as server:
        try:
            with pytest.raises(Unreachable, match="TimeoutError"):
                run(story(server))
        finally:
            server.resume()


@LOOPS
def test_a_loop_that_is_late_each_time_waits_for_a_bounded_number_of_its_rounds(run: Run) -> None:
    """However badly a process is treated, a request that waits for the store is answered."""
    turn = 0.002

    async def story() -> int:
        held, loop = 0, asyncio.get_running_loop()

        def late() -> None:
            nonlocal held, timer
            held += 1
            hold(4 * turn)
            timer = loop.call_soon(late)

        timer = loop.call_soon(late)
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(30), patience(TURNS * turn):
                    await asyncio.Event().wait()
        finally:
            timer.cancel()
        return held

    assert TURNS <= run(story()) <= 2 * (TURNS + MOST_LATE) + 2  # two rounds a timer on loops that look at them first


@LOOPS
def test_what_ends_in_time_is_left_alone(run: Run) -> None:
    """No timer of it stays behind to end something else."""

    async def story() -> str:
        async with patience(0.01):
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        return "went on"

    assert run(story()) == "went on"


def test_a_node_that_failed_tries_again_soon_and_then_less_and_less_often(server: PrivateRedis) -> None:
    """Leases outlive an exchange that failed; they would not outlive a second's pause."""
    sharing = Sharing(interval_seconds=0.1, timeout_seconds=30.0, life_seconds=60.0, retry_seconds=1.0)

    async def story() -> tuple[list[float], float]:
        nowhere = SharedMeters([], sharing, Link("redis://127.0.0.1:1", TIME_OUT))
        pauses = []
        for _ in range(6):
            await nowhere._exchange()
            pauses.append(nowhere._pause())
        nowhere._link = Link(server.url, TIME_OUT)
        await nowhere._exchange()
        await nowhere.close()
        return pauses, nowhere._pause()

    assert asyncio.run(story()) == ([0.1, 0.2, 0.4, 0.8, 1.0, 1.0], 0.1)
