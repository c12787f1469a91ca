"""A customer's end of HTTP/1.1: one request at a time on a connection, from an address of its own."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import cast

import httptools

_MOST_KEPT_BYTES = 1 << 20  # of an answer, to look for reasoning; chosen, longer than any of ours
_REASONING = re.compile(
    rb'"(?:reasoning_content|thinking)":"[^"]|"thought":true|"type":"summary_text","text":"[^"]'
)  # OpenAI chat, Anthropic, Gemini, OpenAI responses
_PROCESSING = b"openai-processing-ms"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `waited_seconds`: to the first byte, less what the model took; 0 where it does not say."""

    status: int
    seconds: float
    waited_seconds: float
    has_reasoning: bool


class Broken(ConnectionError):
    """The connection ended before the answer did."""


class ClientConnection(asyncio.Protocol):
    """Use `ask`, and again once it has returned."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._future: asyncio.Future[Answered] | None = None

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, data: bytes) -> Answered:
        """Send a request and wait for its answer. Raises `Broken`."""
        if self._transport is None or self._transport.is_closing():
            raise Broken
        self._future = self._loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._asked, self._first, self._processing = self._loop.time(), 0.0, 0.0
        self._kept = bytearray()
        self._transport.write(data)
        return await self._future

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods and not the base class

    def data_received(self, data: bytes) -> None:
        if self._future is None or self._future.done():
            self.close()  # nobody asked
            return
        if not self._first:
            self._first = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._future is not None and not self._future.done():
            self._future.set_exception(Broken())

    # -- httptools ---------------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == _PROCESSING and value.isdigit():
            self._processing = int(value) / 1e3

    def on_body(self, body: bytes) -> None:
        if len(self._kept) < _MOST_KEPT_BYTES:
            self._kept += body

    def on_message_complete(self) -> None:
        if self._future is None or self._future.done():
            return
        now = self._loop.time()
        waited = max(0.0, self._first - self._asked - self._processing) if self._processing else 0.0
        status = self._parser.get_status_code()
        has_reasoning = _REASONING.search(self._kept) is not None
        self._future.set_result(Answered(status, now - self._asked, waited, has_reasoning))
        if not self._parser.should_keep_alive():
            self.close()
