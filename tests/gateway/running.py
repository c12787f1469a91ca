"""A gateway and a client for the length of a test, on real sockets of loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvloop

from stillwatch.gateway.configuration import Bounds, Configuration, Headers, Listen, TimeOuts, Upstream
from stillwatch.gateway.guard import Answer, Cut, End, Guard, HeadChange, Header, Passage, PassThrough, Request
from stillwatch.gateway.worker import Worker, listening_socket

SHORT = 0.05
"""A time-out that a test waits for: any value would do, a short one saves time."""


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run an asynchronous test on the loop that the gateway runs on."""
    uvloop.run(test)


def configured(port: int, **parts: Any) -> Configuration:
    """A configuration for an upstream on loopback; other tables by their names."""
    return msgspec.structs.replace(
        Configuration(listen=Listen(port=0), upstream=Upstream(port=port)),
        **parts,
    )


@dataclass
class Running:
    """A gateway under test."""

    worker: Worker
    port: int
    task: asyncio.Task[None]
    clients: list[Client] = field(default_factory=list)

    async def connect(self, tls: ssl.SSLContext | None = None) -> Client:
        """A connection, closed with the gateway."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24, ssl=tls))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes) -> bytes:
        """Send these bytes on a connection of their own and read until the gateway closes it."""
        client = await self.connect()
        client.writer.write(data)
        return await client.rest()


@asynccontextmanager
async def gateway(port: int, guard: Guard | None = None, **parts: Any) -> AsyncIterator[Running]:
    """A worker in this process, drained at the end; it must have let go of everything by then."""
    configuration = configured(port, **parts)
    bound = listening_socket(configuration)
    worker = Worker(configuration, guard or PassThrough())
    ready = asyncio.Event()
    task = asyncio.create_task(worker.serve(bound, ready))
    await ready.wait()
    running = Running(worker, bound.getsockname()[1], task)
    try:
        yield running
    finally:
        worker.stop()
        for client in running.clients:
            client.writer.transport.abort()
        await task
    assert worker.state.buffered_bytes == 0


@dataclass
class Client:
    """A raw client: sends bytes, reads answers one by one."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[bytes, bytes]:
        """Head and decoded body of the next answer, which has an announced length or is chunked."""
        head = await self.head()
        fields = head.lower()
        if b"transfer-encoding: chunked" in fields:
            return head, b"".join([part async for part in self.chunks()])
        length = int(fields.split(b"content-length: ")[1].split(b"\r\n")[0]) if b"content-length: " in fields else 0
        return head, await self.reader.readexactly(length)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks of a body, to its end. Raises `IncompleteReadError` if it has none."""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)

    async def rest(self) -> bytes:
        """Everything until the gateway closes; a reset counts as closing."""
        data = b""
        try:
            while block := await self.reader.read(65_536):
                data += block
        except ConnectionResetError:
            pass
        return data

    async def close(self) -> None:
        self.writer.close()


@dataclass
class Watching:
    """A guard that watches everything, and changes what its fields say."""

    passage_delay: float = 0.0
    answer: Answer | None = None
    change: HeadChange | None = None
    replace: tuple[bytes, bytes] = (b"", b"")
    cut_at: int | None = None
    cut_with: bytes = b""
    last: bytes = b""
    requests: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    heads: list[list[Header]] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    ends: list[tuple[End, int]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def on_request(self, request: Request) -> Answer | Passage:
        self.requests.append(request)
        return self.answer or Passage(self, self.passage_delay)

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        self.statuses.append(status)
        self.heads.append(headers)
        return self.change

    def on_body(self, block: bytes) -> bytes | Cut:
        self.blocks.append(block)
        if self.cut_at is not None and sum(map(len, self.blocks)) >= self.cut_at:
            return Cut(self.cut_with)
        return block.replace(*self.replace) if self.replace[0] else block

    def on_last(self) -> bytes:
        return self.last

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        self.ends.append((cause, delivered_bytes))
        self.ended.set()


__all__ = ["SHORT", "Bounds", "Client", "Headers", "Running", "TimeOuts", "Watching", "configured", "gateway", "run"]
