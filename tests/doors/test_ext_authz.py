"""A real client through a real Envoy that asks the door: admitted, limited, denied, delayed, charged in full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anthropic
import httpx
import openai
import pytest

from stillwatch.decision.verdict import Step
from stillwatch.doors.configuration import read
from stillwatch.doors.ext_authz import Checking, configuration
from stillwatch.doors.station import Station
from stillwatch.gateway.worker import Worker, listening_socket
from stillwatch.limits.limit import Measure
from stillwatch.observing.frames import Observed

from .envoy import DOOR, MODELS, envoy, needs_envoy
from .files import KEY, door_file, give, limit
from .guarded import Guarded, behind
from .model_server import WORDS, Model, app_of, served

pytestmark = needs_envoy


@asynccontextmanager
async def door(station: Station) -> AsyncIterator[int]:
    """The service in this process, on a free port."""
    told = configuration(station.door)
    bound = listening_socket(told)
    worker, ready = Worker(told, Checking(station)), asyncio.Event()
    task = asyncio.create_task(worker.serve(bound, ready))
    await ready.wait()
    try:
        yield bound.getsockname()[1]
    finally:
        worker.stop()
        await task


@asynccontextmanager
async def guarded(folder: Path, policy: str, more: str, step: Step | None) -> AsyncIterator[Guarded]:
    if step is not None:
        give(folder, step)
    observed: list[Observed] = []
    station = Station(read(door_file(folder, policy, more + "\n[listen]\nport = 0")), "test", observe=observed.append)
    model = Model()
    async with (
        served(app_of(model)) as upstream,
        door(station) as asked,
        envoy("envoy-ext-authz.yaml", folder, {MODELS: upstream, DOOR: asked}) as port,
        openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as client,
    ):
        yield Guarded(model, station, client, f"http://127.0.0.1:{port}", folder, observed)


def behind_envoy(policy: str = "", more: str = "", step: Step | None = None):
    """Run a test behind Envoy and the door."""
    return behind(lambda folder: guarded(folder, policy, more, step))


@behind_envoy(limit("requests", 2))
async def test_a_client_is_admitted_told_its_limits_and_limited_in_its_own_dialect(server: Guarded) -> None:
    answer = await server.client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "Who grinds the rye?"}]
    )
    assert answer.parse().choices[0].message.content == "".join(WORDS)
    assert answer.headers["x-ratelimit-remaining-requests"] == "1"
    stream = await server.ask(stream=True)
    assert [event.choices[0].delta.content async for event in stream] == WORDS
    with pytest.raises(openai.RateLimitError) as refused:
        await server.ask()
    assert refused.value.body["code"] == "rate_limit_exceeded"
    assert 1790 <= int(refused.value.response.headers["retry-after"]) <= 1800
    assert len(server.model.bodies) == 2


@behind_envoy(limit("output_tokens", 1_000))
async def test_a_request_costs_all_that_it_allows_itself(server: Guarded) -> None:
    await server.ask(max_tokens=900)
    assert server.left(Measure.OUTPUT_TOKENS) == 100
    assert len(server.station.gate.core.reservations) == 0
    (seen,) = server.observed
    assert (seen.account, seen.response, b"grinds" in seen.body, KEY in repr(seen)) == ("honest", b"", True, False)


@behind_envoy(step=Step.DENY)
async def test_a_denied_account_reaches_no_model(server: Guarded) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        await server.ask()
    assert server.model.bodies == []


@behind_envoy("[degrade]\nmost_choices = 1", step=Step.DEGRADE)
async def test_a_degraded_account_goes_on_and_the_upstream_is_told(server: Guarded) -> None:
    await server.ask(n=4, extra_headers={"x-stillwatch-step": "allow"})
    assert (server.model.bodies[0]["n"], server.model.headers[0]["x-stillwatch-step"]) == (4, "degrade")


@behind_envoy(limit("requests", 10) + "[delay]\nseconds = 30.0", step=Step.DELAY)
async def test_who_leaves_during_its_delay_has_used_nothing(server: Guarded) -> None:
    with pytest.raises(openai.APITimeoutError):
        await server.ask(timeout=0.3)
    while len(server.station.gate.core.reservations):
        await asyncio.sleep(0.005)
    assert (server.left(Measure.REQUESTS), server.model.bodies, server.observed) == (10, [], [])


@behind_envoy(limit("requests", 1))
async def test_clients_of_another_provider_are_refused_in_theirs(server: Guarded) -> None:
    async with anthropic.AsyncAnthropic(api_key="sk-nobody", base_url=server.url, max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "Rye?"}])


@behind_envoy()
async def test_a_path_that_is_written_in_two_ways_reaches_no_model(server: Guarded) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        said = [
            (await client.post(path, json={"model": "m", "messages": []})).status_code
            for path in ("/v1/chat%2Fcompletions", "/v1/nothing")
        ]
    assert (said, server.model.bodies) == ([400, 404], [])


@behind_envoy()
async def test_without_the_door_nothing_passes(server: Guarded) -> None:
    server.station.gate._callers = None  # the fault
    with pytest.raises(openai.InternalServerError) as refused:
        await server.ask()
    assert (refused.value.status_code, server.model.bodies) == (503, [])
