"""A worker that gets no processor while its store is well: nobody is told that the store is away."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from stillwatch.limits.sharing import Sharing
from tests.storage.private_redis import PrivateRedis

from .running import Client, run
from .test_shared_limits import MANY, answered, asks, until

ROOT = Path(__file__).parents[2]
SOCKETS = Path("/proc/net/tcp")
STALLED = (Sharing(nodes=8, interval_seconds=0.05, timeout_seconds=2, life_seconds=2.2, retry_seconds=0.05), MANY)
"""Long enough to stop one process after the other on a busy machine."""
WORKER = """
import sys
from asyncio import Event
from tests.gateway.running import run
from tests.gateway.test_shared_limits import nodes
from tests.gateway.test_stalled_worker import STALLED
async def main():
    async with nodes(sys.argv[1], *STALLED, count=1) as (server, (node,)):
        print(node.running.port, flush=True)
        await Event().wait()
run(main())
"""

pytestmark = pytest.mark.skipif(not SOCKETS.exists(), reason="/proc/net/tcp tells what lies in a socket: Linux only")


class Stalled:
    """A gateway in a process of its own, which the test stops, and its store."""

    def __init__(self, store: PrivateRedis) -> None:
        self.store = store
        self.process = subprocess.Popen([sys.executable, "-c", WORKER, store.url], cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        try:
            yield client
        finally:
            await client.close()

    async def stopped_while_the_store_answers(self) -> None:
        """From before the answer of an exchange arrives until the worker's time-out and its life are over."""
        self.store.pause()
        await until(lambda: unread(self.store.port) > 0)
        os.kill(self.process.pid, signal.SIGSTOP)
        self.store.resume()
        await until(lambda: unread(self.store.port) == 0)
        with self.store.client() as client:
            await until(lambda: is_forgotten(client))

    def goes_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


def unread(port: int) -> int:
    """Bytes that wait in sockets of this port for the process that owns them."""
    rows = [line.split() for line in SOCKETS.read_text().splitlines()[1:]]
    return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")


def is_forgotten(client: redis.Redis) -> bool:
    """Does the store take every node for dead?"""
    second, rest = client.time()
    return all(
        score < second * 1_000_000 + rest for _, score in client.zrange("{limits}:nodes", 0, -1, withscores=True)
    )


@pytest.fixture
def stalled() -> Iterator[Stalled]:
    with PrivateRedis() as store:
        made = Stalled(store)
        yield made
        store.resume()
        made.process.kill()
        made.process.communicate()


def test_a_worker_that_stood_still_answers_all_and_one_whose_store_stands_still_says_so(stalled) -> None:
    async def story() -> None:
        async with stalled.client() as busy, stalled.client() as newcomer:
            busy.send(asks("before"))
            assert (await busy.answer())[1] == answered("before")
            await stalled.stopped_while_the_store_answers()
            busy.send(asks("meanwhile") * 3)
            newcomer.send(asks("new", "newcomer"))
            stalled.goes_on()
            got = [await busy.answer() for _ in range(3)] + [await newcomer.answer()]
            assert [body for _, body in got] == [answered("meanwhile")] * 3 + [answered("new")]
            stalled.store.pause()
            newcomer.send(asks("last", "another"))
            head, _ = await newcomer.answer()
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1\r\n" in head.lower()

    run(story())
