"""A real client through a real Envoy that asks the door by its rate-limit protocol: limited, denied, charged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.decision.verdict import Step
from stillwatch.doors.configuration import read
from stillwatch.doors.rls_messages import Asked, BrokenMessage, Descriptor, answered, asked
from stillwatch.doors.station import Station, unobserved
from stillwatch.limits.limit import Measure

from .envoy import DOOR, MODELS, envoy, needs_envoy
from .files import KEY, door_file, give, limit
from .guarded import Guarded, behind
from .model_server import WORDS, Model, app_of, served

grpc = pytest.importorskip("grpc", reason="grpcio is not installed: install the extra `rls`")
from stillwatch.doors import rls  # noqa: E402 - after it is known that gRPC is there


@asynccontextmanager
async def guarded(folder: Path, policy: str, step: Step | None) -> AsyncIterator[Guarded]:
    if step is not None:
        give(folder, step)
    station = Station(read(door_file(folder, policy, "[listen]\nport = 0")), "test", observe=unobserved)
    model = Model()
    async with (
        served(app_of(model)) as upstream,
        rls.served(station) as door,
        envoy("envoy-rls.yaml", folder, {MODELS: upstream, DOOR: door}) as port,
        openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as client,
    ):
        yield Guarded(model, station, client, f"http://127.0.0.1:{port}", folder)


def behind_envoy(policy: str = "", step: Step | None = None):
    """Run a test behind Envoy and the door."""
    around = behind(lambda folder: guarded(folder, policy, step))
    return lambda test: needs_envoy(around(test))


@behind_envoy(limit("requests", 2))
async def test_a_client_is_admitted_told_its_limits_and_limited_in_its_own_dialect(server: Guarded) -> None:
    answer = await server.client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "Who grinds the rye?"}]
    )
    assert answer.parse().choices[0].message.content == "".join(WORDS)
    assert answer.headers["x-ratelimit-remaining-requests"] == "1"
    assert server.model.headers[0]["x-stillwatch-step"] == "allow"
    assert [event.choices[0].delta.content async for event in await server.ask(stream=True)] == WORDS
    with pytest.raises(openai.RateLimitError) as refused:
        await server.ask()
    assert refused.value.body["code"] == "rate_limit_exceeded"
    assert 1790 <= int(refused.value.response.headers["retry-after"]) <= 1800
    assert len(server.model.bodies) == 2


@behind_envoy(limit("output_tokens", 10) + limit("requests", 100))
async def test_tokens_are_charged_when_an_answer_is_done_and_an_overdrawn_account_waits(server: Guarded) -> None:
    await server.ask()
    await server.until_left(Measure.OUTPUT_TOKENS, 4, 4)
    async for _ in await server.ask(stream=True, stream_options={"include_usage": True}):
        pass
    await server.until_left(Measure.OUTPUT_TOKENS, 0, 0)
    with pytest.raises(openai.RateLimitError) as refused:
        await server.ask()
    assert refused.value.type == "tokens"
    assert server.left(Measure.REQUESTS) == 98


@behind_envoy(step=Step.DEGRADE)
async def test_only_the_door_tells_the_upstream_how_an_account_is_treated(server: Guarded) -> None:
    await server.ask(extra_headers={"x-stillwatch-step": "allow"})
    assert server.model.headers[0]["x-stillwatch-step"] == "degrade"


@behind_envoy(step=Step.DENY)
async def test_a_denied_account_reaches_no_model_with_the_one_status_that_envoy_has(server: Guarded) -> None:
    with pytest.raises(openai.RateLimitError) as refused:
        await server.ask()
    assert (refused.value.body["code"], server.model.bodies) == ("access_denied", [])
    assert refused.value.response.headers["x-should-retry"] == "false"


@behind_envoy()
async def test_a_key_that_nobody_holds_reaches_no_model(server: Guarded) -> None:
    with pytest.raises(openai.RateLimitError) as refused:
        await server.client.with_options(api_key="sk-nobody").models.list()
    assert refused.value.body["code"] == "invalid_api_key"


@behind_envoy()
async def test_without_an_answer_of_the_door_nothing_passes(server: Guarded) -> None:
    server.station.gate._callers = None  # the fault
    with pytest.raises(openai.RateLimitError):
        await server.ask()
    assert server.model.bodies == []


def message(*fields: tuple[int, bytes]) -> bytes:
    return b"".join(bytes([number << 3 | 2, len(value)]) + value for number, value in fields)


def test_a_question_is_read_as_envoy_writes_it() -> None:
    """A domain, two descriptors of which one has hits of its own, and the hits of the message."""
    first = message((1, message((1, b"authorization"), (2, b"Bearer k"))))
    second = message((1, message((1, b"uses"), (2, b"output_tokens"))), (3, b"\x08\xac\x02"))
    said = asked(message((1, b"stillwatch"), (2, first), (2, second)) + b"\x18\x07")
    assert said == Asked([Descriptor({"authorization": "Bearer k"}), Descriptor({"uses": "output_tokens"}, 300)], 7)


@pytest.mark.parametrize("broken", [b"\x12\x05abc", b"\x12", b"\xff" * 11, b"\x13\x14", b"\x12\x80"])
def test_what_is_no_message_is_refused(broken: bytes) -> None:
    with pytest.raises(BrokenMessage):
        asked(broken)


@given(st.binary(max_size=64))
def test_bytes_from_outside_raise_nothing_else(text: bytes) -> None:
    try:
        asked(text)
    except BrokenMessage:
        return


def test_an_answer_holds_its_code_fields_and_body() -> None:
    said = answered(2, 1, [(b"Retry-After", b"30")], [], b"{}")
    header = message((1, b"retry-after"), (2, b"30"))
    assert said == b"\x08\x02" + message((2, b"\x08\x02"), (3, header), (5, b"{}"))
