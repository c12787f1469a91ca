"""The soak's clients: `PORT RATE SECONDS SEED`. Prints one line of JSON: the fields of `Told`.

Requests begin at a steady rate whatever becomes of them, as those of many people do. Some connections are kept for the
next request, others closed; who leaves early closes in the middle of an answer. A stream is checked against the usage
that it ends with: so many tokens are so many events.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httptools
import uvloop

from benchmarks.soak.asks import Ask, Asks
from stillwatch.demo.provider.reply import TOKENS_AN_EVENT

MOST_AT_A_TIME = 1_000
"""Requests that wait for an answer; beyond them none is sent, and counted as late."""
PATIENCE_SECONDS = 60.0
_OTHER_EVENTS = 4  # of a stream: the role, the finish, the usage, the end
_SPOKEN = re.compile(rb'"completion_tokens":(\d+)')


@dataclass
class Told:
    """What all clients saw. `broken`: answers without an end though nobody left and the model did nothing odd;
    `unsaid`: streams with an end and no usage, so that nobody can tell what they lost.
    """

    asked: int = 0
    late: int = 0
    left: int = 0
    broken: int = 0
    streams: int = 0
    events: int = 0
    lost_events: int = 0
    unsaid: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


class _Client(asyncio.Protocol):
    """A connection; `answered` of the request under way ends with its answer, or with the connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.answered: asyncio.Future[bool]
        self._leaves_after = 0

    def ask(self, ask: Ask) -> asyncio.Future[bool]:
        """Send it. The result says whether the answer was whole."""
        self.answered = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._leaves_after = ask.leaves_after
        self.status, self.body = 0, bytearray()
        self.transport.write(ask.data)
        return self.answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's has the methods and not the base class

    def data_received(self, data: bytes) -> None:
        with suppress(httptools.HttpParserError):
            self._parser.feed_data(data)
            self.status = self._parser.get_status_code()

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "answered") and not self.answered.done():
            self.answered.set_result(False)

    def on_body(self, body: bytes) -> None:
        self.body += body
        if self._leaves_after and self.events >= self._leaves_after:
            self.transport.abort()

    def on_message_complete(self) -> None:
        if not self.answered.done():
            self.answered.set_result(True)

    @property
    def events(self) -> int:
        """That came of the answer."""
        return self.body.count(b"data: ")


class _Crowd:
    """All clients."""

    def __init__(self, port: int) -> None:
        self.told = Told()
        self._port = port
        self._kept: list[_Client] = []

    async def ask(self, ask: Ask) -> None:
        """One request to its end."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                client = await self._client()
                is_whole = await client.ask(ask)
        except (OSError, TimeoutError):
            self.told.broken += 1
            return
        self._counted(ask, client, is_whole)
        if is_whole and ask.keeps_connection and not client.transport.is_closing():
            self._kept.append(client)
        else:
            client.transport.close()

    async def _client(self) -> _Client:
        while self._kept:
            client = self._kept.pop()
            if not client.transport.is_closing():
                return client
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(_Client, "127.0.0.1", self._port))[1]

    def _counted(self, ask: Ask, client: _Client, is_whole: bool) -> None:
        self.told.statuses[str(client.status)] += 1
        if ask.is_odd:
            return
        if ask.leaves_after and not is_whole:
            self.told.left += 1
        elif not is_whole:
            self.told.broken += 1
        elif ask.is_stream and client.status == 200:
            self._stream(client)

    def _stream(self, client: _Client) -> None:
        self.told.streams += 1
        self.told.events += client.events
        found = _SPOKEN.search(client.body)
        if found is None:
            self.told.unsaid += 1
            return
        expected = -(-int(found[1]) // TOKENS_AN_EVENT) + _OTHER_EVENTS
        self.told.lost_events += abs(expected - client.events)


async def _load(port: int, rate: float, seconds: float, seed: int) -> None:
    crowd, asks, open_ = _Crowd(port), Asks(seed), set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(began + number / rate - loop.time())
        if len(open_) >= MOST_AT_A_TIME:
            crowd.told.late += 1
            continue
        crowd.told.asked += 1
        task = asyncio.create_task(crowd.ask(asks.next()))
        open_.add(task)
        task.add_done_callback(open_.discard)
    await asyncio.gather(*open_)
    print(json.dumps(vars(crowd.told)))


if __name__ == "__main__":
    uvloop.run(_load(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
