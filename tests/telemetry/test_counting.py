"""What a gateway counts is what happened, whichever way a request goes and an answer ends."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable

from gateway.running import gateway, run
from gateway.upstream_server import STREAM_HEAD, Conversation, chunk, says, upstream

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import End
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.observing.frames import Observed
from stillwatch.telemetry.catalogue import Series, Value, is_known
from stillwatch.telemetry.collecting import UPSTREAM_MEMORY_SECONDS, WireNumbers, of_gate
from stillwatch.telemetry.counts import ENDS, OUTCOMES

NOW = Now(1_000_000_000, 1_788_000_000_000_000)
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Who grinds the rye?"}]}).encode()
USAGE = {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}
MESSAGE = {"role": "assistant", "content": "The miller."}
ANSWER = json.dumps(
    {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE,
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    }
).encode()  # fmt: skip
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)


def request(key: str = "sk-honest", path: str = "/v1/chat/completions", body: bytes = BODY) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def gate(
    *steps: Step,
    limits: tuple[Limit, ...] = (),
    observed: list[Observed] | None = None,
    observe: Callable[[Observed], object] | None = None,
) -> Gate:
    """A gate for `honest`, and for one account under each of `steps`, with keys by these names."""
    names = ["honest", *(step.name for step in steps)]
    holders = [KeyHolder(hashlib.sha256(f"sk-{name}".encode()).hexdigest(), name) for name in names]
    verdicts = [
        Verdict(f"V-{step}", step, (step.name,), ("a reason",), "test", NOW.us, NOW.us + 3_600_000_000)
        for step in steps
    ]
    core = Core(Policy(limits, delay_seconds=0.0), Verdicts.of(verdicts, NOW.us))
    seen: list[Observed] = [] if observed is None else observed
    return Gate(core, Keys(holders), lambda: NOW, observe or seen.append)


def outcomes(gate: Gate, dialect: str = "openai_chat") -> dict[str, int]:
    """Those that were seen."""
    found = dict(zip(OUTCOMES, gate.counts.requests[dialect], strict=True))
    return {outcome: number for outcome, number in found.items() if number}


def test_outcomes_and_ends_are_those_of_the_code_that_counts() -> None:
    assert OUTCOMES[: len(Step)] == tuple(step.name.lower() for step in Step)
    assert set(ENDS) == set(End) - {End.NOT_SENT}


def test_every_request_is_counted_once_by_what_became_of_it() -> None:
    guarding = gate(*Step, limits=(Limit(Level.KEY, Measure.REQUESTS, 2, 60),))

    async def test() -> None:
        async with upstream(says(WHOLE)) as server, gateway(server.port, guarding) as running:
            for step in Step:
                await running.ask(request(f"sk-{step.name}"))
            for _ in range(3):
                await running.ask(request())
            await running.ask(request("sk-nobody"))
            await running.ask(request("sk-ALLOW", body=b"{"))
            await running.ask(request("sk-ALLOW", path="/secret"))

    run(test())
    assert outcomes(guarding) == {
        "allow": 3, "delay": 1, "degrade": 1, "verify": 1, "deny": 1, "limited": 1, "unknown_key": 1, "bad_request": 1,
    }  # fmt: skip
    assert outcomes(guarding, "none") == {"not_found": 1}
    assert guarding.counts.ended == {**dict.fromkeys(ENDS, 0), "complete": 5}
    assert (guarding.counts.input_tokens, guarding.counts.output_tokens, guarding.counts.open) == (60, 30, 0)
    assert sum(guarding.counts.answer_seconds.counts) == sum(guarding.counts.first_byte_seconds.counts) == 5
    assert sum(guarding.counts.guard_seconds.counts) == 8


def test_an_answer_that_streams_is_open_until_it_ends() -> None:
    async def model(conversation: Conversation) -> None:
        await conversation.say(STREAM_HEAD + chunk(b"data: {}\n\n"))
        await conversation.server.go.wait()
        await conversation.say(b"0\r\n\r\n")

    guarding = gate()

    async def test() -> None:
        async with upstream(model) as server, gateway(server.port, guarding) as running:
            client = await running.connect()
            client.send(request())
            await client.head()
            assert guarding.counts.open == running.worker.open_connections == 1
            server.go.set()
            await client.rest()
            assert guarding.counts.open == 0

    run(test())


def test_an_upstream_that_fails_is_an_answer_that_failed_and_costs_no_tokens() -> None:
    guarding = gate()

    async def test() -> None:
        async with upstream(says(b"garbage\r\n\r\n")) as server, gateway(server.port, guarding) as running:
            await running.ask(request())

    run(test())
    assert guarding.counts.ended["upstream_failed"] == 1
    assert (guarding.counts.input_tokens, guarding.counts.output_tokens) == (0, 0)


def test_a_client_that_leaves_before_its_request_goes_on_has_left() -> None:
    """It is no longer open, and nobody asked the model."""
    guarding = gate(Step.DELAY)
    guarding.adopt(Policy(delay_seconds=60.0))

    async def test() -> None:
        async with upstream(says(WHOLE)) as server, gateway(server.port, guarding) as running:
            client = await running.connect()
            client.send(request("sk-DELAY"))
            while not guarding.counts.open:
                await asyncio.sleep(0)
            client.writer.transport.abort()
            while guarding.counts.open:
                await asyncio.sleep(0)
            assert server.seen == []

    run(test())
    assert guarding.counts.ended["client_left"] == 1


def test_what_is_observed_knows_how_it_ended_and_when_it_began() -> None:
    observed: list[Observed] = []
    guarding = gate(observed=observed)

    async def test() -> None:
        async with upstream(says(WHOLE)) as server, gateway(server.port, guarding) as running:
            await running.ask(request())

    run(test())
    assert [(one.end, one.began_us) for one in observed] == [("complete", NOW.us)]


def test_the_upstream_is_down_when_connecting_fails_and_up_again_when_it_works() -> None:
    guarding = gate()
    seconds = [100.0]

    async def test() -> None:
        async with upstream(says(WHOLE)) as server, gateway(server.port, guarding) as running:
            numbers = WireNumbers(running.worker.state, lambda: running.worker.open_connections, lambda: seconds[0])

            def is_up() -> Value:
                return numbers()["stillwatch_upstream_up",]

            assert is_up() == 1
            running.worker.state.counters.upstream_unreachable += 1
            assert is_up() == is_up() == 0
            await running.ask(request())
            assert is_up() == 1
            running.worker.state.counters.upstream_unreachable += 1
            assert is_up() == 0
            seconds[0] += UPSTREAM_MEMORY_SECONDS + 1
            assert is_up() == 1

    run(test())


def test_an_upstream_that_is_not_there_is_counted_as_unreachable() -> None:
    async def test() -> None:
        async with upstream(says(WHOLE)) as server:
            port = server.port
        async with gateway(port, gate()) as running:
            assert (await running.ask(request())).startswith(b"HTTP/1.1 502 ")
            told = WireNumbers(running.worker.state, lambda: 0)()
            assert told["stillwatch_upstream_connections_total", "unreachable"] == 1
            assert told["stillwatch_upstream_up",] == 0

    run(test())


def test_every_number_that_a_worker_tells_is_in_the_catalogue() -> None:
    async def test() -> None:
        async with upstream(says(WHOLE)) as server, gateway(server.port, gate()) as running:
            guarding = running.worker.state.guard
            assert isinstance(guarding, Gate)
            await running.ask(request())
            told: dict[Series, Value] = {**of_gate(guarding.counts), **WireNumbers(running.worker.state, lambda: 0)()}
            assert [series for series, value in told.items() if not is_known(series, value)] == []
            await asyncio.sleep(0)

    run(test())
