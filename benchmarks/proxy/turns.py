"""What a request takes without its system calls: the bytes of both sides handed to the connections in one process.

The least of many tries, because the machine is shared; the caches are warm, which they are not beside other processes,
so a request of a process of its own takes about twice that. Beside it the instructions of Python's virtual machine,
which are the same on any machine, however busy: small gains show there, and not in the noise of `run`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, cast

import uvloop

from benchmarks.figures import Figure
from benchmarks.proxy import load, nginx, stream_upstream
from benchmarks.proxy.guarded_process import KEY, deployment
from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.gateway.client import ClientConnection
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Guard, PassThrough
from stillwatch.gateway.keys import Keys
from stillwatch.gateway.pool import Pool
from stillwatch.gateway.request_head import RequestHead
from stillwatch.gateway.upstream import UpstreamConnection
from stillwatch.gateway.worker_state import WorkerState
from stillwatch.observing.outbox import Outbox

TRIES = 20
REQUESTS = 500
_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer %b\r\n%b"
_REST = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_ANSWER = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 19:11:02 GMT\r\n" + _REST
_LEARNING = 5
"""Exchanges after which a head and a body are known. Chosen: the third is read as known."""
_GATHERED = 100
"""Exchanges that are framed together. Chosen: those of `outbox.GATHER_SECONDS` of a busy worker."""


def clock() -> Now:
    """This moment."""
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


class Wire:
    """A transport whose other end takes everything at once."""

    def __init__(self) -> None:
        self.written: bytes = b""
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self.written = data
        self.bytes += len(data)

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 40_000) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def close(self) -> None:
        pass

    abort = pause_reading = resume_reading = close


class _Everybody:
    """Counts no clients."""

    def joined(self, client: ClientConnection) -> bool:
        return True

    def left(self, client: ClientConnection) -> None:
        pass


class Turns:
    """One client, one upstream connection and all that lies between, under `guard`."""

    def __init__(self, guard: Guard, outbox: Outbox | None = None) -> None:
        configuration = Configuration()
        state = WorkerState(configuration, guard, asyncio.get_running_loop())
        pool = Pool(state, None)
        self.to_client, self.to_upstream, self.to_observer = Wire(), Wire(), Wire()
        self._client = ClientConnection(state, pool, RequestHead(configuration), _Everybody())
        self._client.connection_made(cast(Any, self.to_client))
        self._upstream = UpstreamConnection(state, pool)
        self._upstream.connection_made(cast(Any, self.to_upstream))
        pool.give(self._upstream)
        self._outbox = outbox
        if outbox is not None:
            outbox.connection_made(cast(Any, self.to_observer))

    def turn(self, request: bytes, answer: list[bytes]) -> None:
        """One exchange."""
        self._client.data_received(request)
        for piece in answer:
            self._upstream.data_received(piece)

    def sent(self) -> None:
        """What was gathered for observation goes out, as the loop's timer has it do."""
        if self._outbox is not None:
            self._outbox._send()


def guarded(folder: Path) -> tuple[Gate, Outbox]:
    """The gate of `guarded_process`, and its end of observation."""
    _, where = deployment(folder, 1, 2)
    policy, keys = Policy.load(cast(Path, where.policy)), Keys.load(cast(Path, where.keys))
    outbox = Outbox(where.socket)
    return Gate(Core(policy), keys, clock, outbox.offer), outbox


def request(is_streamed: bool = False, extra: bytes = b"") -> bytes:
    """The bytes of the benchmark's request."""
    body = load.body(is_streamed=is_streamed).encode()
    return _HEAD % (KEY.encode(), extra) + _REST % (len(body), body)


def answer(is_streamed: bool = False) -> list[bytes]:
    """The pieces of its answer, as the network gives them."""
    if is_streamed:
        return [stream_upstream.HEAD + b"".join(stream_upstream.CHUNKS) + b"0\r\n\r\n"]
    body = nginx.answer().encode()
    return [_ANSWER % (len(body), body)]


def least(turns: Turns, requests: Callable[[int], bytes], answer: list[bytes]) -> float:
    """Microseconds of CPU that an exchange takes, the least of all tries."""
    best, number = float("inf"), 0
    for _ in range(TRIES):
        said = [requests(number + n) for n in range(REQUESTS)]
        number += REQUESTS
        begun = time.process_time()
        for place, one in enumerate(said):
            turns.turn(one, answer)
            if place % _GATHERED == 0:
                turns.sent()
        best = min(best, (time.process_time() - begun) / REQUESTS)
    return best * 1e6


def instructions(turns: Turns, requests: Callable[[int], bytes], answer: list[bytes]) -> int:
    """Instructions of Python's virtual machine that an exchange takes once what can be known is known."""
    seen, last = 0, requests(-1)

    def count(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        nonlocal seen
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        seen += event == "opcode"
        return count

    for number in range(_LEARNING):
        turns.turn(requests(-2 - number), answer)
    turns.sent()
    before = sys.gettrace()
    sys.settrace(count)
    try:
        turns.turn(last, answer)
        turns.sent()
    finally:
        sys.settrace(before)
    return seen


async def _measured(folder: Path) -> list[tuple[str, float, int]]:
    found = []
    for name, is_streamed, is_numbered in (
        ("request", False, False),
        ("request, heads all different", False, True),
        ("stream of 20 events", True, False),
    ):
        for who in ("bare", "guarded"):
            gate, outbox = guarded(folder) if who == "guarded" else (PassThrough(), None)
            turns = Turns(gate, outbox)
            plain = request(is_streamed)

            def asked(number: int, plain: bytes = plain, is_numbered: bool = is_numbered) -> bytes:
                return request(extra=b"X-Request-Id: %d\r\n" % number) if is_numbered else plain

            us = least(turns, asked, answer(is_streamed))
            found.append((f"{name}, {who} gateway", us, instructions(turns, asked, answer(is_streamed))))
    return found


def run(below: Path) -> Iterator[Figure]:
    """The figures of one process."""
    with tempfile.TemporaryDirectory(dir=below) as folder:
        for name, us, seen in uvloop.run(_measured(Path(folder))):
            yield Figure("proxy", f"{name}, within one process", found=f"{us:.0f} us, {seen:,} instructions of Python")


if __name__ == "__main__":
    for figure in run(Path(tempfile.gettempdir())):
        print(figure.case, figure.found)
