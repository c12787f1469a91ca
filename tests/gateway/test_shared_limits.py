"""Gateways that share limits through a real Redis: one limit for all of them, and what they do when it is away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.limits.sharing import Sharing
from stillwatch.observing.frames import Learned, Observed
from stillwatch.storage.link import Link
from stillwatch.storage.shared import SharedMeters
from tests.storage.private_redis import PrivateRedis

from .running import Running, gateway, run
from .upstream_server import STREAM_HEAD, Conversation, UpstreamServer, chunk, upstream

ROOT = Path(__file__).parents[2]
LIMIT = Limit(Level.ACCOUNT, Measure.REQUESTS, 40, 3_600)
FEW = Limit(Level.ACCOUNT, Measure.REQUESTS, 400, 3_600)
MANY = Limit(Level.ACCOUNT, Measure.REQUESTS, 40_000, 3_600)
QUICK = {"interval_seconds": 0.05, "timeout_seconds": 0.2, "life_seconds": 0.5, "retry_seconds": 0.05}
CLOSED = Sharing(nodes=8, **QUICK)
OPEN = Sharing(nodes=8, open_levels=frozenset({Level.ACCOUNT}), **QUICK)
PATIENT = Sharing(nodes=8, interval_seconds=0.05, timeout_seconds=60, life_seconds=120)
"""Waits for a store that stands still for longer than any test."""
WORD = b'data: {"choices":[{"index":0,"delta":{"content":"rye "},"finish_reason":null}]}\n\n'
ENDING = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class EveryName(Keys):
    """Whoever presents a key is the account of that name."""

    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        return KeyHolder(key.hex(), key.decode())


def now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


@dataclass
class Node:
    """One gateway with its own connection to the store."""

    meters: SharedMeters
    gate: Gate
    running: Running
    observed: list[Observed] = field(default_factory=list)

    @asynccontextmanager
    async def client(self, account: str = "a") -> AsyncIterator[openai.AsyncOpenAI]:
        url = f"http://127.0.0.1:{self.running.port}/v1"
        async with openai.AsyncOpenAI(api_key=account, base_url=url, max_retries=0, timeout=60) as made:
            yield made

    async def passed(self, tries: int, account: str = "a") -> int:
        """How many requests of a real client got their answer; others were told of a rate limit."""
        got = 0
        async with self.client(account) as client:
            for _ in range(tries):
                got += await is_answered(client)
        return got

    async def until(self, *, is_down: bool) -> None:
        contact = self.meters.node.contact
        await until(lambda: contact.is_down is is_down and (not is_down or time.monotonic_ns() >= contact.until))


async def ask(client: openai.AsyncOpenAI, **more: object):
    messages = [{"role": "user", "content": "Who grinds the rye?"}]
    return await client.chat.completions.create(model="m", messages=messages, **more)


async def is_answered(client: openai.AsyncOpenAI, **more: object) -> bool:
    try:
        await ask(client, **more)
    except openai.RateLimitError:
        return False
    return True


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens beside the test; one that waits in vain is ended."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


async def model(conversation: Conversation) -> None:
    """Answers with what it was asked; a stream is 3,000 words, each 100 of which wait for the test."""
    asked = json.loads(conversation.body)
    if asked.get("stream"):
        await conversation.say(STREAM_HEAD)
        for _ in range(30):
            await conversation.say(chunk(WORD * 100))
            await conversation.server.go.wait()
            conversation.server.go.clear()
        await conversation.say(chunk(ENDING) + b"0\r\n\r\n")
        return
    body = answered(asked["messages"][-1]["content"])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    await conversation.say(head % len(body) + body)


def answered(text: str) -> bytes:
    """The model's answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole).encode()


def asks(text: str, account: str = "a") -> bytes:
    """A request as it goes over the wire."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    key = b"Authorization: Bearer %b\r\n" % account.encode()
    return head + key + b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def nodes(
    url: str, sharing: Sharing, *limits: Limit, count: int = 2
) -> AsyncIterator[tuple[UpstreamServer, list[Node]]]:
    """So many gateways before one model server."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(upstream(model))
        made = []
        for _ in range(count):
            meters = SharedMeters(limits, sharing, Link(url, sharing.timeout_seconds))
            await meters.start()
            stack.push_async_callback(meters.close)
            observed: list[Observed] = []
            gate = Gate(Core(Policy(limits), meters=meters), EveryName(), now, observed.append)
            running = await stack.enter_async_context(gateway(server.port, gate))
            made.append(Node(meters, gate, running, observed))
        yield server, made


@pytest.fixture
def store() -> Iterator[PrivateRedis]:
    with PrivateRedis() as server:
        yield server
        server.resume()


def test_a_client_of_two_gateways_is_limited_in_total(store):
    async def story() -> None:
        async with nodes(store.url, CLOSED, LIMIT) as (server, (first, second)):
            got = await asyncio.gather(first.passed(35), second.passed(35))
            assert 38 <= sum(got) <= 40
            assert len(server.seen) == sum(got)
            assert await first.passed(3, "another account") == 3

    run(story())


def test_what_one_gateway_learns_was_new_closes_the_budget_on_all(store):
    new = Limit(Level.ACCOUNT, Measure.NEW_INFORMATION, 50, 86_400)

    async def story() -> None:
        async with nodes(store.url, CLOSED, FEW, new) as (_, (first, second)):
            assert [await node.passed(1) for node in (first, second)] == [1, 1]
            first.gate.learned(Learned(60, "a", key=b"a".hex()))
            async with asyncio.timeout(60):
                while await second.passed(1):
                    pass
            assert await first.passed(1) == 0
            assert await second.passed(1, "another account") == 1

    run(story())


def test_a_policy_that_is_adopted_forgets_nothing_of_a_shared_limit_that_stays(store):
    async def story() -> None:
        async with nodes(store.url, CLOSED, LIMIT) as (_, (first, second)):
            assert await first.passed(30) == 30
            both = Policy((LIMIT, Limit(Level.KEY, Measure.REQUESTS, 7, 3_600)))
            for node in (first, second):
                node.gate.adopt(policy=both)
            assert await second.passed(12) == 7
            second.gate.adopt(policy=Policy((LIMIT,)))
            assert 1 <= await second.passed(12) <= 3

    run(story())


@pytest.mark.parametrize("fault", ["stop", "pause"])
def test_a_level_that_fails_open_goes_on_within_its_share_while_the_store_is_away(store, fault):
    async def story() -> None:
        async with nodes(store.url, OPEN, FEW) as (_, (first, second)):
            assert await first.passed(5) == 5
            getattr(store, fault)()
            for node in (first, second):
                await node.until(is_down=True)
            alone = await asyncio.gather(first.passed(70), second.passed(70))
            assert all(40 <= got <= 56 for got in alone)  # an eighth of the limit each, and what was leased

    run(story())


@pytest.mark.parametrize("fault", ["stop", "pause"])
def test_a_level_that_fails_closed_refuses_with_a_body_that_a_client_understands(store, fault):
    async def story() -> None:
        async with nodes(store.url, CLOSED, FEW, count=1) as (server, (node,)):
            assert await node.passed(1) == 1
            getattr(store, fault)()
            await node.until(is_down=True)
            async with node.client() as client:
                with pytest.raises(openai.InternalServerError) as refused:
                    await ask(client)
            answer = refused.value.response
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["error"]["message"] == "The service is overloaded. Please try again later."
            assert len(server.seen) == 1

    run(story())


def test_a_member_of_a_campaign_whose_level_fails_closed_is_told_of_an_ordinary_rate_limit(store):
    """Were it told of an outage that others do not have, it would know that it is held to something else."""
    ring = Limit(Level.CAMPAIGN, Measure.REQUESTS, 400, 3_600)
    verdict = Verdict("V", Step.ALLOW, ("a",), ("a reason",), "test", now().us, now().us + 10**12, "ring")

    async def story() -> None:
        async with nodes(store.url, OPEN, FEW, ring, count=1) as (_, (node,)):
            node.gate.core.verdicts = Verdicts.of([verdict], now().us)
            assert await node.passed(1) == 1
            store.stop()
            await node.until(is_down=True)
            assert await node.passed(3, "honest") == 3
            async with node.client() as client:
                with pytest.raises(openai.RateLimitError, match="Rate limit reached for requests") as refused:
                    await ask(client)
            assert "x-ratelimit-remaining-requests" in refused.value.response.headers

    run(story())


def test_while_the_store_stands_still_who_has_a_lease_does_not_wait_with_those_who_have_none(store):
    async def story() -> None:
        async with nodes(store.url, PATIENT, MANY, count=1) as (_, (node,)):
            busy, newcomer = await node.running.connect(), await node.running.connect()
            busy.send(asks("x") * 20)
            assert {(await busy.answer())[1] for _ in range(20)} == {answered("x")}
            (lease,) = node.meters._held.values()
            await until(lambda: lease.credit >= 3)
            store.pause()
            newcomer.send(asks("new", "newcomer"))
            await until(lambda: len(node.meters._answers) == 1)
            busy.send(asks("y") * 3)
            assert [(await busy.answer())[1] for _ in range(3)] == [answered("y")] * 3
            assert len(node.meters._answers) == 1
            store.resume()
            assert (await newcomer.answer())[1] == answered("new")

    run(story())


def test_a_client_that_leaves_while_its_request_waits_has_used_nothing(store):
    one = Limit(Level.ACCOUNT, Measure.REQUESTS, 1, 3_600)

    async def story() -> None:
        async with nodes(store.url, PATIENT, one, count=1) as (server, (node,)):
            store.pause()
            async with node.client() as client:
                leaves = asyncio.create_task(ask(client))
                await until(lambda: len(node.meters._answers) == 1)
                leaves.cancel()
                await asyncio.wait([leaves])
                await until(lambda: node.running.worker.state.counters.client_left == 1)
            store.resume()
            assert await node.passed(2) == 1
            assert len(server.seen) == 1
            assert len(node.observed) == 1

    run(story())


def test_a_client_that_leaves_as_the_answer_of_the_store_arrives_has_used_nothing(store):
    """Both in one turn of the loop: the reservation was made, and nobody is there to use it."""
    one = Limit(Level.ACCOUNT, Measure.REQUESTS, 1, 3_600)

    async def story() -> None:
        async with nodes(store.url, PATIENT, one, count=1) as (server, (node,)):
            store.pause()
            client = await node.running.connect()
            client.send(asks("gone"))
            await until(lambda: len(node.meters._answers) == 1)
            (connection,) = node.running.worker._clients
            (coming,) = node.meters._answers.values()
            coming.add_done_callback(lambda _: connection.cut_off())  # after the guard's own callback
            store.resume()
            await until(lambda: node.gate.counts.ended["client_left"] == 1)
            assert len(node.gate.core.reservations) == 0
            assert await node.passed(2) == 1
            assert len(server.seen) == 1

    run(story())


def test_requests_that_wait_for_the_store_are_answered_in_their_order(store):
    async def story() -> None:
        async with nodes(store.url, PATIENT, FEW, count=1) as (_, (node,)):
            store.pause()
            client = await node.running.connect()
            client.send(asks("first") + asks("second") + asks("third"))
            await until(lambda: len(node.meters._answers) == 1)
            store.resume()
            assert [(await client.answer())[1] for _ in range(3)] == list(map(answered, ["first", "second", "third"]))

    run(story())


def test_a_drain_waits_for_a_request_that_waits_for_the_store(store):
    async def story() -> None:
        async with nodes(store.url, PATIENT, FEW, count=1) as (_, (node,)):
            store.pause()
            client = await node.running.connect()
            client.send(asks("last"))
            await until(lambda: len(node.meters._answers) == 1)
            node.running.worker.stop()
            store.resume()
            assert b"last" in await client.rest()

    run(story())


def test_two_gateways_cut_streams_of_one_account_at_one_hard_limit(store):
    hard = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 2_000, 3_600, is_hard=True)

    async def words(node: Node, server: UpstreamServer) -> int:
        """Words that the client got; the model goes on when the store has heard of what was said."""
        got, paced = 0, node.meters.node
        async with node.client() as client:
            async for event in await ask(client, stream=True):
                got += event.choices[0].delta.content == "rye "
                if got % 100 == 0:
                    await until(lambda: paced._under_way is None and not paced.has_wants)
                    server.go.set()
        return got

    async def story() -> None:
        async with nodes(store.url, PATIENT, hard) as (server, (first, second)):
            got = await words(first, server)
            assert 1_900 <= got <= 2_000
            assert first.observed[0].end == "cut"
            async with second.client() as client:
                with pytest.raises(openai.RateLimitError):
                    await ask(client, stream=True)

    run(story())


KILLED = """
import asyncio, sys
from tests.gateway.test_shared_limits import CROWDED, nodes
async def main():
    async with nodes(sys.argv[1], *CROWDED, count=1) as (server, (node,)):
        print(node.running.port, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
CROWDED = (
    CLOSED,
    Limit(Level.ACCOUNT, Measure.CONCURRENT, 1),
    Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 2_000, 86_400),
)


def test_what_a_killed_worker_had_under_way_holds_no_slot_and_counts_as_used(store):
    """kill -9 mints no budget: what was reserved counts, and drains; the slot is free when the node's life is over."""

    async def story() -> None:
        killed = subprocess.Popen([sys.executable, "-c", KILLED, store.url], cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        assert killed.stdout is not None
        port = int(killed.stdout.readline())
        async with nodes(store.url, *CROWDED, count=1) as (_, (node,)):
            other = openai.AsyncOpenAI(api_key="a", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
            stream = await ask(other, stream=True, max_tokens=1_500)
            await anext(aiter(stream))
            assert await node.passed(1) == 0  # its slot is taken there
            os.kill(killed.pid, signal.SIGKILL)
            killed.communicate()
            await stream.close()
            await other.close()
            async with asyncio.timeout(60), node.client() as client:
                while not await is_answered(client, max_tokens=200):
                    pass
                with pytest.raises(openai.RateLimitError) as refused:
                    await ask(client, max_tokens=600)  # 1,500 of 2,000 count as used
                assert "output tokens" in str(refused.value)
                assert await is_answered(client, max_tokens=400)

    run(story())
