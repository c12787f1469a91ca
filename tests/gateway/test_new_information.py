"""A campaign's budget of new information, with real processes: a gateway, an observer, a thousand accounts."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.observer import Observer, observe
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe

from .running import Client, gateway, run
from .upstream_server import Conversation, upstream

SECRET = Secret(b"a secret for tests only, 32 bytes")
PROCESSES = multiprocessing.get_context("forkserver")
DAY_SECONDS = 86_400
MEMBERS = [f"member-{n}" for n in range(1_000)]
BUDGET = Limit(Level.CAMPAIGN, Measure.NEW_INFORMATION, 300, DAY_SECONDS)
USUAL = Limit(Level.ACCOUNT, Measure.REQUESTS, 5, 240)
WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in ("or", "al", "in", "ut") for c in ("ma", "ten", "sig", "lo", "pery")]
TELLING = re.compile(
    rb"campaign|ring|verdict|novel|information|budget|topic|=300\b|limit-[a-z]+: 300\b|86.?400\b", re.IGNORECASE
)


class EveryName(Keys):
    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        return KeyHolder(key.hex(), key.decode())


def run_observer(ledger: Path, socket: Path) -> None:
    """The observer's process, until SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        opened = Ledger.create(ledger, identity(SECRET.id, ""))
        with opened.writer() as writer:
            names = NameTable.open(ledger, SECRET)
            await observe(Observer(opened, writer, names, Edge(EdgeRecipe(SECRET, None, 0))), socket, stop)

    asyncio.run(main())


@pytest.fixture
def observed_at(tmp_path: Path) -> Iterator[Path]:
    """The socket of a running observer."""
    process = PROCESSES.Process(target=run_observer, args=(tmp_path / "ledger", tmp_path / "o.sock"))
    process.start()
    yield tmp_path / "o.sock"
    process.kill()
    process.join()
    process.close()


async def model(conversation: Conversation) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Rye."}, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    await conversation.say(head % len(body) + body)


class Asking:
    """Accounts of one provider, each asking about something of its own, and the clock that limits follow."""

    def __init__(self) -> None:
        self.ahead_seconds = 0
        self._about = np.random.default_rng(20_261_121)

    def clock(self) -> Now:
        return Now(time.monotonic_ns() + self.ahead_seconds * NANOSECONDS, time.time_ns() // 1_000)

    async def asks(self, client: Client, account: str) -> tuple[bytes, bytes]:
        """Head and body of what `account` is answered."""
        words = " ".join(self._about.choice(WORDS, 40))
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": words}]}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        key = b"Authorization: Bearer %b\r\n" % account.encode()
        client.send(head + key + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return await client.answer()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does; one that waits in vain is ended."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)


def is_refused(answer: tuple[bytes, bytes]) -> bool:
    status = answer[0].split(b" ", 2)[1]
    assert status in (b"200", b"429")
    return status == b"429"


def form(answer: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """What is told, whatever the numbers are: times in all their spellings become one."""
    return tuple(re.sub(rb"(\d+(\.\d+)?(ms|h|m|s)?)+", b"N", part) for part in answer)


def test_a_thousand_accounts_of_a_campaign_share_one_budget_and_are_told_of_an_ordinary_rate_limit(observed_at):
    async def story() -> None:
        asking = Asking()
        made = asking.clock().us
        ring = Verdict("V-1", Step.ALLOW, tuple(MEMBERS), ("a reason",), "test", made, made + 10**12, "ring-77")
        core = Core(Policy((USUAL, BUDGET)), Verdicts.of([ring], made))
        told: list[int] = []
        outbox = Outbox(observed_at, learned=lambda said: (gate.learned(said), told.append(said.units)))
        gate = Gate(core, EveryName(), asking.clock, outbox.offer)
        connecting = asyncio.create_task(outbox.keep_connected())
        await until(lambda: outbox.is_connected)
        async with upstream(model) as server, gateway(server.port, gate) as running:
            client = await running.connect()
            # 1. Members ask until the budget is spent; what was under way then is charged as well.
            first = [await asking.asks(client, name) for name in MEMBERS[:400]]
            spent = sum(not is_refused(answer) for answer in first)
            assert spent > BUDGET.quantity
            await until(lambda: sum(told) == spent)
            # 2. Whoever of the campaign asks now is refused, whether he had asked before or not; others are not.
            refused = [await asking.asks(client, name) for name in [*MEMBERS[:50], *MEMBERS[400:]]]
            assert all(map(is_refused, refused))
            honest = [await asking.asks(client, f"honest-{n}") for n in range(100)]
            assert not any(map(is_refused, honest))
            # 3. What a member is told is what anybody is told who asks too often.
            often = [await asking.asks(client, "often") for _ in range(6)]
            assert is_refused(often[-1])
            assert {form(answer) for answer in refused} == {form(often[-1])}
            assert not any(TELLING.search(part) for answer in refused for part in answer)
            assert not any(TELLING.search(part) for answer in first[:1] + honest[:1] for part in answer)
            # 4. The budget is open again when what was too much has drained.
            asking.ahead_seconds = (spent - BUDGET.quantity) * DAY_SECONDS // BUDGET.quantity - 60
            assert is_refused(await asking.asks(client, MEMBERS[0]))
            asking.ahead_seconds += 120
            assert not is_refused(await asking.asks(client, MEMBERS[0]))
        connecting.cancel()

    run(story())
