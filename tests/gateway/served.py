"""Our model server, and a gateway with a gate before it, in a thread of their own: for clients that block."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvloop

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.demo.model import serve
from stillwatch.demo.provider.connection import Pace
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Answer, Passage, Request, Waiting
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.frames import Observed

from .running import gateway

KEY = "sk-honest"
MADE_US = 1_788_000_000_000_000
TWO = Policy((Limit(Level.ACCOUNT, Measure.REQUESTS, 2, 1),))
"""Two requests at once, then one each half second."""


@dataclass
class Served:
    """Where to ask. Time stands still until `thaws` is set and somebody was refused by a limit; then it runs."""

    url: str = ""
    direct: str = ""
    statuses: list[int] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)
    thaws: bool = False
    thawed_at: float | None = None

    def now(self) -> Now:
        ns = 0 if self.thawed_at is None else int((time.monotonic() - self.thawed_at) * NANOSECONDS)
        return Now(ns + NANOSECONDS, MADE_US + ns // 1_000)


class _Noting:
    """The gate, and what it said."""

    def __init__(self, gate: Gate, to: Served) -> None:
        self._gate, self._to = gate, to

    def on_request(self, request: Request) -> Answer | Passage | Waiting:
        said = self._gate.on_request(request)
        self._to.statuses.append(said.status if isinstance(said, Answer) else 200)
        if self._to.statuses[-1] == 429 and self._to.thaws and self._to.thawed_at is None:
            self._to.thawed_at = time.monotonic()
        return said


@contextmanager
def served(policy: Policy | None = None, step: Step | None = None) -> Iterator[Served]:
    """A model behind a gateway, until left. `sk-honest` is the key of an account that is at `step`."""
    made, ready, stops = Served(), threading.Event(), threading.Event()
    thread = threading.Thread(target=uvloop.run, args=(_serve(made, policy or Policy(), step, ready, stops),))
    thread.start()
    assert ready.wait(60)
    try:
        yield made
    finally:
        stops.set()
        thread.join()


async def _serve(
    made: Served, policy: Policy, step: Step | None, ready: threading.Event, stops: threading.Event
) -> None:
    loop = asyncio.get_running_loop()
    stop, listening = asyncio.Event(), loop.create_future()
    model = loop.create_task(serve("127.0.0.1", 0, stop, pace=Pace(), listening=listening))
    holder = KeyHolder(hashlib.sha256(KEY.encode()).hexdigest(), "honest", "org")
    verdicts = [Verdict("V", step, ("honest",), ("a reason",), "test", MADE_US, MADE_US + 10**12)] if step else []
    gate = Gate(Core(policy, Verdicts.of(verdicts, MADE_US)), Keys([holder]), made.now, made.observed.append)
    port = await listening
    async with gateway(port, _Noting(gate, made)) as running:
        made.url, made.direct = f"http://127.0.0.1:{running.port}", f"http://127.0.0.1:{port}"
        ready.set()
        await loop.run_in_executor(None, stops.wait)
    stop.set()
    await model
