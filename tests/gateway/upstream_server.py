"""A small upstream that behaves as its caller says, and keeps each request as it came."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answering = Callable[["Conversation"], Awaitable[None]]
JSON_ANSWER = b'{"ok":true}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(JSON_ANSWER),
    JSON_ANSWER,
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(content: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(content), content)


@dataclass
class Conversation:
    """One request of one connection, as the upstream sees it, and the means to answer."""

    head: bytes
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: UpstreamServer

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> None:
        """Wait until the gateway closes the connection."""
        while await self.reader.read(65_536):
            pass

    def reset(self) -> None:
        """End the connection by RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class UpstreamServer:
    """`seen`: requests in order; `go`: set by a test to let an answer go on; `gone`: set when the gateway closed."""

    answering: Answering
    port: int = 0
    seen: list[Conversation] = field(default_factory=list)
    connections: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_announced(head))
                conversation = Conversation(head, body, reader, writer, self)
                self.seen.append(conversation)
                self.asked.set()
                await self.answering(conversation)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        except asyncio.CancelledError:
            writer.transport.abort()  # the test is over: a cancelled handler would be logged as failed
        finally:
            writer.close()
            self.tasks.discard(task)


def _announced(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].split(b":")[1]) if lines else 0


@asynccontextmanager
async def upstream(answering: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[UpstreamServer]:
    """A server on a free port of loopback, for the length of a test."""
    server = UpstreamServer(answering)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 20, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(server.tasks):
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


async def answers(conversation: Conversation) -> None:
    """The honest answer to everything."""
    await conversation.say(WHOLE)


def says(data: bytes, then: str = "stays") -> Answering:
    """Say these bytes, whatever was asked; then `stays`, `closes` or `resets`."""

    async def answering(conversation: Conversation) -> None:
        await conversation.say(data)
        if then == "closes":
            conversation.writer.close()
            await conversation.until_closed()
        elif then == "resets":
            conversation.reset()

    return answering
