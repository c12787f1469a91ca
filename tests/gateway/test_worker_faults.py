"""What goes wrong around a worker: upstreams that take nothing, observers that fail, no room, a killed sibling."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stillwatch.gateway.configuration import Listen, Upstream
from stillwatch.gateway.guard import Cut, End, HeadChange, Header, Passage, Request

from .behind_gate import Behind, Spent, behind_gate, chat, posted, whole
from .running import SHORT, Client, TimeOuts, Watching, gateway, run
from .test_supervisor import supervised
from .upstream_server import STREAM_HEAD, WHOLE, Conversation, answers, chunk, upstream

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
LARGE = 20_000_000


@asynccontextmanager
async def deaf_port() -> AsyncIterator[int]:
    """A port where connections are accepted by the kernel, and nobody reads."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        yield deaf.getsockname()[1]


@asynccontextmanager
async def full_port() -> AsyncIterator[int]:
    """A port whose queue of connections is full: the kernel answers no more."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            held.append(one)
        yield port
        for one in held:
            one.close()


def test_an_upstream_that_cannot_be_reached_in_time_is_a_504() -> None:
    async def test() -> None:
        guard = Watching()
        async with full_port() as port, gateway(port, guard, time_outs=TimeOuts(connect=SHORT)) as running:
            client = await running.connect()
            client.send(POST)
            assert (await client.answer())[0].startswith(b"HTTP/1.1 504 ")
            assert guard.ends == [(End.UPSTREAM_FAILED, 0)]

    run(test())


def test_an_upstream_that_does_not_take_the_request_is_a_504() -> None:
    """The time-out `send`: the body is larger than what the kernel holds for it."""

    async def test() -> None:
        guard = Watching()
        async with deaf_port() as port, gateway(port, guard, time_outs=TimeOuts(send=SHORT)) as running:
            client = await running.connect()
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE + bytes(LARGE))
            assert (await client.answer())[0].startswith(b"HTTP/1.1 504 ")
            assert guard.ends == [(End.UPSTREAM_FAILED, 0)]

    run(test())


class Failing:
    """A guard whose observers raise at one moment."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.ends: list[End] = []

    def on_request(self, request: Request) -> Passage:
        return Passage(self)

    def _may_fail(self, moment: str) -> None:
        if moment == self.moment:
            raise ZeroDivisionError

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        self._may_fail("head")
        return HeadChange(rewrites=True)

    def on_body(self, block: bytes) -> bytes | Cut:
        self._may_fail("body")
        return block

    def on_last(self) -> bytes:
        self._may_fail("last")
        return b""

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        self.ends.append(cause)
        self._may_fail("end")


@pytest.mark.parametrize(("moment", "status"), [("head", b"502"), ("body", b"502"), ("last", b"502"), ("end", b"200")])
def test_an_observer_that_fails_lets_nothing_out_unobserved(moment: str, status: bytes) -> None:
    """It is told the end all the same, once; the worker and the client's connection live on."""

    async def test() -> None:
        guard = Failing(moment)
        async with upstream(answers) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            for _ in range(2):
                client.send(POST)
                head, body = await client.answer()
                assert head.startswith(b"HTTP/1.1 " + status)
                assert (b'"ok"' in body) is (status == b"200")
            assert guard.ends == [End.COMPLETE if moment == "end" else End.UPSTREAM_FAILED] * 2

    run(test())


def test_an_observer_that_fails_in_the_middle_breaks_the_answer_off() -> None:
    async def streams(conversation: Conversation) -> None:
        await conversation.say(STREAM_HEAD + chunk(b"data: 1\n\n"))
        await conversation.server.go.wait()
        await conversation.say(chunk(b"data: 2\n\n") + b"0\r\n\r\n")

    async def test() -> None:
        guard = Failing("")
        async with upstream(streams) as server, gateway(server.port, guard) as running:
            client = await running.connect()
            client.send(POST)
            await client.head()
            assert await client.reader.readexactly(14) == chunk(b"data: 1\n\n")
            guard.moment = "body"
            server.go.set()
            assert await client.rest() == b""
            assert guard.ends == [End.UPSTREAM_FAILED]

    run(test())


def test_a_worker_without_room_for_a_client_closes_it_and_serves_the_others() -> None:
    async def test() -> None:
        async with (
            upstream(answers) as server,
            gateway(server.port, listen=Listen(port=0, most_connections=2)) as running,
        ):
            first, second = await running.connect(), await running.connect()
            for client in (first, second):
                client.send(POST)
                await client.answer()
            assert await (await running.connect()).rest() == b""
            first.writer.transport.abort()
            while len(running.worker._clients) == 2:
                await asyncio.sleep(0)
            third = await running.connect()
            third.send(POST)
            assert (await third.answer())[0].startswith(b"HTTP/1.1 200 ")

    run(test())


def test_a_worker_without_room_at_the_upstream_says_so_and_recovers() -> None:
    """503 at once; the place is free again when an answer has ended."""

    async def waits(conversation: Conversation) -> None:
        await conversation.server.go.wait()
        await conversation.say(WHOLE)

    async def test() -> None:
        async with upstream(waits) as server:
            to = Upstream(port=server.port, most_connections=1)
            async with gateway(server.port, upstream=to) as running:
                first, second = await running.connect(), await running.connect()
                first.send(POST)
                await server.asked.wait()
                for _ in range(2):
                    second.send(POST)
                    assert (await second.answer())[0].startswith(b"HTTP/1.1 503 ")
                server.go.set()
                await first.answer()
                second.send(POST)
                assert (await second.answer())[0].startswith(b"HTTP/1.1 200 ")

    run(test())


async def waits_forever(conversation: Conversation) -> None:
    await conversation.until_closed()


@behind_gate(waits_forever, upstream=Upstream(port=1, most_connections=1))
async def test_without_room_at_the_upstream_a_request_is_paid_and_no_token(gate: Behind) -> None:
    """The upstream of this test is a port where nobody listens."""
    assert (await gate.post(chat()))[0] == 502
    assert await gate.settled() == Spent(1, 0, 0)


async def _named(port: int) -> tuple[Client, int]:
    """A connection, and the process that serves it; made again where no worker took it."""
    while True:
        try:
            client = Client(*await asyncio.open_connection("127.0.0.1", port))
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return client, int((await client.answer())[1])
        except (ConnectionError, asyncio.IncompleteReadError):
            continue


def test_a_worker_that_is_killed_takes_only_its_own_clients(tmp_path: Path) -> None:
    """Its clients see their connections end; its sibling's go on as if nothing were, and a successor comes."""
    file = tmp_path / "gateway.toml"
    file.write_text("workers = 2\n[listen]\nport = 0\n")

    async def test() -> None:
        async with supervised(file) as (_, port):
            clients = [await _named(port)]
            while len({process for _, process in clients}) < 2:
                clients.append(await _named(port))
            killed = clients[0][1]
            os.kill(killed, signal.SIGKILL)
            for client, process in clients:
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                if process == killed:
                    assert await client.rest() == b""
                else:
                    assert int((await client.answer())[1]) == process
            known = {process for _, process in clients}
            while clients[-1][1] in known:
                clients.append(await _named(port))
            for client, _ in clients:
                client.writer.close()

    run(test())


@behind_gate(answers)
async def test_pipelined_requests_are_each_paid(gate: Behind) -> None:
    client = await gate.running.connect()
    client.send(posted(chat()) * 5)
    assert [(await whole(client))[0] for _ in range(5)] == [200] * 5
    assert (await gate.settled(5)).requests == 5
