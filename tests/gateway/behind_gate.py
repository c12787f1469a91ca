"""A gateway with a gate in this loop, its clock moved by hand: what a client sees, what an account has spent."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.passing import Paths
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.frames import Observed

from .running import Client, Running, gateway, run
from .upstream_server import Answering, UpstreamServer, upstream

MADE_US = 1_788_000_000_000_000
CHAT, COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"
MESSAGES, GEMINI = "/v1/messages", "/v1beta/models/m:generateContent"
SAY = [{"role": "user", "content": "Who grinds the rye?"}]
HOUR = 3_600
KEY = "sk-honest"
LIMITS = (
    Limit(Level.ACCOUNT, Measure.REQUESTS, 100, HOUR),
    Limit(Level.ACCOUNT, Measure.INPUT_TOKENS, 100_000, HOUR),
    Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 100_000, HOUR),
    Limit(Level.ACCOUNT, Measure.CONCURRENT, 50),
)


@dataclass
class Spent:
    """What an account has used of its budgets, and how many requests are open."""

    requests: int
    input_tokens: int
    output_tokens: int
    open: int = 0


@dataclass
class Behind:
    """A gateway, its gate, its upstream. `seconds` is the time on both of the gate's clocks."""

    gate: Gate
    running: Running
    server: UpstreamServer
    observed: list[Observed]
    seconds: float = 0.0
    steps_us: int = 0  # by which the clock of the wall was set
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> Now:
        ns = int((1_000 + self.seconds) * NANOSECONDS)
        return Now(ns, MADE_US + int(self.seconds * 1e6) + self.steps_us)

    def spent(self) -> Spent:
        """What the account has used, as its buckets remember it."""
        found = dict.fromkeys(Measure, 0)
        for (limit, _), held in list(self.gate.core.meters._held.items()):
            if limit.measure is Measure.CONCURRENT:
                found[limit.measure] = len(held._deadlines)  # type: ignore[union-attr]  # slots
            else:
                found[limit.measure] = limit.quantity - held.remaining(self.now().ns)  # type: ignore[union-attr]  # a bucket
        return Spent(
            *[found[m] for m in (Measure.REQUESTS, Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS)],
            found[Measure.CONCURRENT],
        )

    async def settled(self, count: int = 1) -> Spent:
        """What was used, once so many exchanges have ended."""
        while sum(self.gate.counts.ended.values()) < count:
            await asyncio.sleep(0)
        return self.spent()

    async def post(
        self, body: bytes | Mapping[str, Any], path: str = CHAT, fields: str = "", key: str = KEY
    ) -> tuple[int, bytes]:
        """Status and body of one answer; the connection stays with the gateway."""
        client = await self.running.connect()
        client.send(posted(body, path, fields, key))
        return await whole(client)


async def whole(client: Client) -> tuple[int, bytes]:
    head, body = await client.answer()
    return int(head.split(b" ", 2)[1]), body


def posted(
    body: bytes | Mapping[str, Any], path: str = CHAT, fields: str = "", key: str = KEY, method: str = "POST"
) -> bytes:
    """The bytes of a request."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    kind = "" if "content-type" in fields.lower() else "Content-Type: application/json\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {key}\r\n{kind}{fields}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chat(**more: Any) -> dict[str, Any]:
    """A chat's body."""
    return {"model": "m", "messages": SAY, "max_tokens": 1_000, **more}


def verdict(step: Step) -> Verdict:
    return Verdict("V-1", step, ("honest",), ("a reason",), "test", MADE_US, MADE_US + HOUR * 1_000_000)


@asynccontextmanager
async def behind(
    answering: Answering, *verdicts: Verdict, policy: Policy | None = None, paths: Paths | None = None, **parts: Any
) -> AsyncIterator[Behind]:
    """A gateway whose upstream answers so. The key `sk-honest` is known."""
    holder = KeyHolder(hashlib.sha256(KEY.encode()).hexdigest(), "honest", "org")
    core = Core(policy or Policy(LIMITS), Verdicts.of(verdicts, MADE_US))
    observed: list[Observed] = []
    made: list[Behind] = []
    gate = Gate(core, Keys([holder]), lambda: made[0].now(), observed.append, paths=paths)
    async with upstream(answering) as server, gateway(server.port, gate, **parts) as running:
        made.append(Behind(gate, running, server, observed))
        yield made[0]


def behind_gate(
    answering: Answering, *verdicts: Verdict, **parts: Any
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test with such a gateway as its first argument."""

    def around(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        def whole_test(**given: Any) -> None:
            async def body() -> None:
                async with behind(answering, *verdicts, **parts) as gate:
                    await test(gate, **given)

            run(body())

        whole_test.__name__, whole_test.__doc__ = test.__name__, test.__doc__
        whole_test.__signature__ = _without_first(test)  # type: ignore[attr-defined]  # for pytest's parameters
        return whole_test

    return around


def _without_first(test: Callable[..., Any]) -> Any:
    signature = inspect.signature(test)
    return signature.replace(parameters=list(signature.parameters.values())[1:])
