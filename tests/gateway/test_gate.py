"""A real client behind a gateway that guards: admitted, counted, limited in its own dialect, treated, observed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import openai
import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy, Reasoning, Treatment
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.frames import Observed

from .running import gateway, run
from .upstream_server import STREAM_HEAD, Conversation, chunk, upstream

MADE_US = 1_788_000_000_000_000
REQUESTS = Limit(Level.ACCOUNT, Measure.REQUESTS, 2, 60)
TOKENS = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 1_000, 3_600)
WORDS = ["Rye ", "is ", "ground ", "by ", "the ", "miller."]


async def model(conversation: Conversation) -> None:
    """Answers as OpenAI does, streamed where that was asked for."""
    asked = json.loads(conversation.body)
    message = {"role": "assistant", "content": "".join(WORDS), "reasoning_content": "The mill turns."}
    usage = {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}
    base = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    if not asked.get("stream"):
        whole = {**base, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        body = json.dumps(whole).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        await conversation.say(head % len(body) + body)
        return
    await conversation.say(STREAM_HEAD)
    for n, word in enumerate(WORDS):
        end = "stop" if n == len(WORDS) - 1 else None
        choice = {"index": 0, "delta": {"content": word}, "finish_reason": end}
        event = {**base, "object": "chat.completion.chunk", "choices": [choice]}
        await conversation.say(chunk(b"data: %b\n\n" % json.dumps(event).encode()))
    await conversation.say(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")


@dataclass
class Guarded:
    """A gateway with a gate, its clock moved by hand."""

    gate: Gate
    client: openai.AsyncOpenAI
    bodies: list[dict[str, object]]
    observed: list[Observed] = field(default_factory=list)
    seconds: float = 0.0

    async def ask(self, **more: object):
        messages = [{"role": "user", "content": "Who grinds the rye?"}]
        return await self.client.chat.completions.create(model="m", messages=messages, **more)

    def left(self, measure: Measure) -> int:
        now = self.gate.core.meters
        ladders = now._ladders.values()
        (bucket,) = {b for ladder in ladders for b in ladder.buckets if b.limit.measure is measure}
        return bucket.remaining(int(self.seconds * NANOSECONDS) + NANOSECONDS)


@asynccontextmanager
async def guarded(policy: Policy, *verdicts: Verdict, key: str = "sk-honest"):
    holder = KeyHolder(hashlib.sha256(b"sk-honest").hexdigest(), "honest", "org")
    core = Core(policy, Verdicts.of(verdicts, MADE_US))
    made: list[Guarded] = []

    def clock() -> Now:
        ns = int(made[0].seconds * NANOSECONDS)
        return Now(ns + NANOSECONDS, MADE_US + ns // 1_000)

    observed: list[Observed] = []
    gate = Gate(core, Keys([holder]), clock, observed.append)
    async with upstream(model) as server, gateway(server.port, gate) as running:
        url = f"http://127.0.0.1:{running.port}/v1"
        async with openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0) as client:
            made.append(Guarded(gate, client, [], observed))
            yield made[0], server


def guards(policy: Policy, *verdicts: Verdict, key: str = "sk-honest"):
    """Run a test with a gateway under this policy."""

    def around(test: Callable[..., Awaitable[None]]) -> Callable[[], None]:
        def whole() -> None:
            async def body() -> None:
                async with guarded(policy, *verdicts, key=key) as (gateway_, server):
                    await test(gateway_, server)

            run(body())

        whole.__name__, whole.__doc__ = test.__name__, test.__doc__
        return whole

    return around


def verdict(step: Step) -> Verdict:
    return Verdict("V-1", step, ("honest",), ("a reason",), "test", MADE_US, MADE_US + 3_600_000_000)


@guards(Policy())
async def test_an_honest_client_gets_its_answer_as_the_provider_gave_it(guarded, server):
    answer = await guarded.ask()
    assert answer.choices[0].message.content == "".join(WORDS)
    assert answer.choices[0].message.reasoning_content == "The mill turns."
    assert json.loads(server.seen[0].body)["messages"][0]["content"] == "Who grinds the rye?"


@guards(Policy((REQUESTS,)))
async def test_who_asks_too_often_is_told_so_in_its_own_dialect_and_recovers(guarded, server):
    await guarded.ask()
    await guarded.ask()
    with pytest.raises(openai.RateLimitError) as refused:
        await guarded.ask()
    assert refused.value.response.headers["retry-after"] == "30"
    assert len(server.seen) == 2
    guarded.seconds = 30
    await guarded.ask()


@guards(Policy((TOKENS,)))
async def test_what_was_reserved_is_settled_by_what_the_provider_counted(guarded, server):
    await guarded.ask(max_tokens=900)
    assert guarded.left(Measure.OUTPUT_TOKENS) == 994


@guards(Policy((TOKENS,)))
async def test_a_client_that_leaves_before_the_end_pays_for_what_it_got(guarded, server):
    stream = await guarded.ask(max_tokens=900, stream=True)
    async for event in stream:
        if event.choices[0].delta.content == WORDS[4]:
            break
    await stream.close()
    while not guarded.observed:
        await asyncio.sleep(0.01)
    assert 990 <= guarded.left(Measure.OUTPUT_TOKENS) <= 995


@guards(Policy(degrade=Treatment(reasoning=Reasoning.HIDE, most_output_tokens=3)), verdict(Step.DEGRADE))
async def test_a_degraded_account_gets_less_and_its_client_notices_no_fault(guarded, server):
    answer = await guarded.ask()
    assert not hasattr(answer.choices[0].message, "reasoning_content")
    stream = await guarded.ask(stream=True)
    events = [event async for event in stream]
    assert events[-1].choices[0].finish_reason == "length"
    assert "".join(event.choices[0].delta.content or "" for event in events) == "".join(WORDS[:3])
    assert json.loads(server.seen[0].body)["max_completion_tokens"] == 3


@guards(Policy(), verdict(Step.DENY))
async def test_a_denied_account_reaches_no_model_and_is_not_told_of_a_campaign(guarded, server):
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await guarded.ask()
    assert "campaign" not in str(refused.value)
    assert server.seen == []


@guards(Policy(), key="sk-somebody-else")
async def test_a_key_that_nobody_holds_reaches_no_model(guarded, server):
    with pytest.raises(openai.AuthenticationError):
        await guarded.ask()
    assert server.seen == []


@guards(Policy())
async def test_a_settled_exchange_is_observed_once_and_without_its_key(guarded, server):
    await guarded.ask()
    (seen,) = guarded.observed
    assert (seen.account, seen.status, seen.output_tokens, seen.input_tokens) == ("honest", 200, 6, 12)
    assert "sk-honest" not in repr(seen)
    assert json.loads(seen.body)["model"] == "m"
    assert json.loads(seen.response)["usage"]["completion_tokens"] == 6
