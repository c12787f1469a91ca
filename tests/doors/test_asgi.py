"""A real client at a real ASGI server behind the middleware: admitted, limited, treated, cut, counted, settled."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import openai
import pytest
import websockets

from stillwatch.decision.core import Now
from stillwatch.decision.verdict import Step
from stillwatch.doors.asgi import Guard
from stillwatch.doors.configuration import DOOR_VARIABLE, read
from stillwatch.doors.station import Station
from stillwatch.errors import UsageError
from stillwatch.limits.limit import NANOSECONDS, Measure
from stillwatch.observing.frames import Deframer, Observed

from .files import KEY, door_file, give, lift, limit
from .guarded import LONGEST_SECONDS, Guarded, behind
from .model_server import WORDS, Model, app_of, served

CLASS_PATH = "stillwatch.doors.asgi.Guard"
DEGRADED = '[degrade]\nlogprobs = false\nmost_choices = 1\nmost_output_tokens = 64\nreasoning = "hide"'


@dataclass
class Clock:
    seconds: float = 1.0
    us: int = field(default=0)

    def __call__(self) -> Now:
        return Now(int(self.seconds * NANOSECONDS), self.us)


@asynccontextmanager
async def guarded(folder: Path, policy: str = "", more: str = "", step: Step | None = None) -> AsyncIterator[Guarded]:
    if step is not None:
        give(folder, step)
    clock, observed = Clock(us=time.time_ns() // 1_000), []
    station = Station(read(door_file(folder, policy, more)), "test", clock, observed.append)
    app = app_of(model := Model())
    app.add_middleware(Guard, station=station)
    async with served(app) as port:
        url = f"http://127.0.0.1:{port}"
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
            yield Guarded(model, station, client, url, folder, observed)


def at_a_server(policy: str = "", more: str = "", step: Step | None = None):
    """Run a test with a guarded server."""
    return behind(lambda folder: guarded(folder, policy, more, step))


@at_a_server()
async def test_an_honest_client_gets_its_answer_as_the_model_gave_it(server: Guarded) -> None:
    answer = await server.ask()
    assert answer.choices[0].message.content == "".join(WORDS)
    assert answer.choices[0].message.reasoning_content == "The mill turns."
    stream = await server.ask(stream=True)
    assert [event.choices[0].delta.content async for event in stream] == WORDS
    assert [body["messages"][0]["content"] for body in server.model.bodies] == ["Who grinds the rye?"] * 2


@at_a_server()
async def test_the_app_is_asked_for_an_answer_that_can_be_counted(server: Guarded) -> None:
    await server.ask()
    assert server.model.headers[0]["accept-encoding"] == "identity"
    assert int(server.model.headers[0]["content-length"]) > 0


@at_a_server(limit("requests", 2))
async def test_who_asks_too_often_is_told_so_in_its_own_dialect(server: Guarded) -> None:
    await server.ask()
    stream = await server.ask(stream=True)
    assert stream.response.headers["x-ratelimit-remaining-requests"] == "0"
    await stream.close()
    with pytest.raises(openai.RateLimitError) as refused:
        await server.ask()
    assert refused.value.response.headers["retry-after"] == "1800"
    assert refused.value.body["code"] == "rate_limit_exceeded"
    assert len(server.model.bodies) == 2


@at_a_server(limit("output_tokens", 1_000))
async def test_a_reservation_is_settled_by_what_the_model_counted(server: Guarded) -> None:
    await server.ask(max_tokens=900)
    seen = await server.settled()
    assert server.left(Measure.OUTPUT_TOKENS) == 994
    assert (seen.account, seen.status, seen.input_tokens, seen.output_tokens) == ("honest", 200, 12, 6)


@at_a_server(limit("output_tokens", 1_000))
async def test_a_stream_is_counted_while_it_leaves(server: Guarded) -> None:
    stream = await server.ask(max_tokens=900, stream=True)
    async for _ in stream:
        pass
    await server.settled()
    assert 990 <= server.left(Measure.OUTPUT_TOKENS) <= 994


@at_a_server(limit("output_tokens", 1_000))
async def test_a_client_that_leaves_in_the_middle_pays_for_what_it_got_and_stops_the_model(server: Guarded) -> None:
    server.model.waits = True
    stream = await server.ask(max_tokens=900, stream=True)
    async for event in stream:
        if event.choices[0].delta.content == WORDS[2]:
            break
    await stream.close()
    seen = await server.settled()
    assert 3 <= seen.output_tokens <= 5
    assert 995 <= server.left(Measure.OUTPUT_TOKENS) <= 997
    await server.model.closed.wait()
    assert server.model.sent == 3


@at_a_server(limit("output_tokens", 1_000))
async def test_an_app_that_fails_costs_its_client_no_tokens(server: Guarded) -> None:
    server.model.fails = True
    with pytest.raises(openai.InternalServerError):
        await server.ask(max_tokens=900)
    seen = await server.settled()
    assert (seen.output_tokens, server.left(Measure.OUTPUT_TOKENS)) == (0, 1_000)


@at_a_server(DEGRADED, step=Step.DEGRADE)
async def test_a_degraded_account_gets_less_and_its_client_notices_no_fault(server: Guarded) -> None:
    answer = await server.ask(n=4, logprobs=True, top_logprobs=5, max_tokens=900)
    assert not hasattr(answer.choices[0].message, "reasoning_content")
    (body,) = server.model.bodies
    assert (body["n"], body["max_tokens"], "logprobs" in body, "top_logprobs" in body) == (1, 64, False, False)


@at_a_server("[degrade]\nmost_output_tokens = 3", step=Step.DEGRADE)
async def test_a_stream_past_a_hard_budget_ends_well_and_the_model_stops(server: Guarded) -> None:
    server.model.waits = True
    events = [event async for event in await server.ask(stream=True)]
    assert events[-1].choices[0].finish_reason == "length"
    assert "".join(event.choices[0].delta.content or "" for event in events) == "".join(WORDS[:3])
    await server.model.closed.wait()
    seen = await server.settled()
    assert (seen.output_tokens, server.model.sent) == (4, 3)  # 14 bytes, in three events


@at_a_server(limit("requests", 10) + "[delay]\nseconds = 30.0", step=Step.DELAY)
async def test_a_client_that_leaves_during_its_delay_never_reaches_the_model(server: Guarded) -> None:
    with pytest.raises(openai.APITimeoutError):
        await server.ask(timeout=0.2)
    while len(server.station.gate.core.reservations):
        await asyncio.sleep(0.005)
    assert (server.model.bodies, server.observed) == ([], [])
    assert server.left(Measure.REQUESTS) == 10


@at_a_server("[delay]\nseconds = 0.05", step=Step.DELAY)
async def test_a_delayed_account_waits_and_then_gets_its_whole_answer(server: Guarded) -> None:
    answer = await server.ask()
    assert answer.choices[0].message.content == "".join(WORDS)
    assert [event.choices[0].delta.content async for event in await server.ask(stream=True)] == WORDS


@at_a_server(step=Step.DENY)
async def test_a_denied_account_reaches_no_model_until_its_verdict_is_lifted(server: Guarded) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        await server.ask()
    assert server.model.bodies == []
    lift(server.folder)
    while server.station.gate.core.verdicts.standing("honest", 0) is not None:
        await asyncio.sleep(0.02)
    await server.ask()


@at_a_server()
async def test_a_policy_that_changes_is_held_to_and_a_wrong_one_changes_nothing(server: Guarded) -> None:
    (server.folder / "policy.toml").write_text(limit("requests", 1))
    while not server.station.gate.core.policy.limits:
        await asyncio.sleep(0.02)
    await server.ask()
    seen = dict(server.station._rules._seen)
    (server.folder / "policy.toml").write_text('[[limit]]\nlevel = "everything"')
    while server.station._rules._seen == seen:
        await asyncio.sleep(0.02)
    with pytest.raises(openai.RateLimitError):
        await server.ask()


@at_a_server()
async def test_a_key_that_nobody_holds_reaches_no_model(server: Guarded) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{server.url}/v1/chat/completions", json={"model": "m", "messages": []})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert server.model.bodies == []


@at_a_server(more="body_bytes = 1000")
async def test_a_body_above_the_bound_is_refused_before_it_is_read_whole(server: Guarded) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await server.ask(user="x" * 2_000)
    assert (refused.value.status_code, server.model.bodies) == (413, [])
    await server.ask()


@at_a_server(more='unguarded = ["/tokenize"]')
async def test_paths_that_no_dialect_knows_pass_only_where_nothing_is_generated(server: Guarded) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/health")).text == "well"
        assert (await client.post("/tokenize", json={})).json() == {"tokens": [1, 2]}
        assert (await client.post("/v1/chat/completions/", json={})).status_code == 401
        assert (await client.post("/invocations", json={})).status_code == 404
        assert (await client.post("/v1/chat%2Fcompletions", json={})).status_code == 401
        preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        assert (await client.options("/v1/chat/completions", headers=preflight)).status_code == 200


@at_a_server()
async def test_a_list_of_models_needs_a_key_and_costs_no_tokens(server: Guarded) -> None:
    listed = await server.client.models.list()
    assert [model.id for model in listed.data] == ["m"]


@at_a_server()
async def test_websockets_pass_but_for_those_that_lead_to_a_model(server: Guarded) -> None:
    url = server.url.replace("http", "ws")
    async with websockets.connect(f"{url}/ws") as socket:
        await socket.send("rye")
        assert await socket.recv() == "rye"
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(f"{url}/v1/realtime")


@at_a_server()
async def test_a_gate_that_fails_lets_nothing_through(server: Guarded) -> None:
    server.station.gate._callers = None  # the fault
    with pytest.raises(openai.InternalServerError) as refused:
        await server.ask()
    assert (refused.value.status_code, server.model.bodies) == (503, [])


@at_a_server()
async def test_nothing_is_held_once_all_is_answered(server: Guarded) -> None:
    await asyncio.gather(*[server.ask() for _ in range(20)])
    assert len(server.station.gate.core.reservations) == 0
    assert len({seen.id for seen in server.observed}) == 20


def test_a_server_loads_it_by_its_class_path_as_vllm_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--middleware stillwatch.doors.asgi.Guard` is instantiated with the app alone, and finds its file."""
    monkeypatch.setenv(DOOR_VARIABLE, str(door_file(tmp_path, limit("requests", 1))))
    model = Model()

    async def body() -> None:
        async with served(app_of(model, [CLASS_PATH])) as port:
            url = f"http://127.0.0.1:{port}/v1"
            async with openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
                messages = [{"role": "user", "content": "Who grinds the rye?"}]
                await client.chat.completions.create(model="m", messages=messages)
                with pytest.raises(openai.RateLimitError):
                    await client.chat.completions.create(model="m", messages=messages)

    asyncio.run(body())
    assert (model.started, model.stopped, len(model.bodies)) == (1, 1, 1)


def test_a_server_without_a_door_file_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guard that is not configured must not look like one that allows everything."""
    monkeypatch.delenv(DOOR_VARIABLE, raising=False)
    with pytest.raises(UsageError, match="STILLWATCH_DOOR names no file"):
        Guard(app_of(Model()))


def test_a_wrong_key_of_the_file_is_named(tmp_path: Path) -> None:
    file = door_file(tmp_path, more='othres = "pass"')
    with pytest.raises(UsageError, match="othres"):
        read(file)


async def ask_until(arrived: asyncio.Event, port: int) -> None:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as client:
        while not arrived.is_set():
            messages = [{"role": "user", "content": "Who grinds the rye?"}]
            await client.chat.completions.create(model="m", messages=messages)
            await asyncio.sleep(0.02)


def test_exchanges_reach_an_observer_that_the_file_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket, seen = tmp_path / "observer.sock", list[Observed]()
    monkeypatch.setenv(DOOR_VARIABLE, str(door_file(tmp_path, more=f'observer = "{socket}"')))

    async def body() -> None:
        arrived, ended = asyncio.Event(), asyncio.Event()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            frames = Deframer(Observed)
            while piece := await reader.read(65_536):
                seen.extend(frames.feed(piece))
                arrived.set()
            writer.close()
            ended.set()

        async with (
            asyncio.timeout(LONGEST_SECONDS),
            await asyncio.start_unix_server(take, str(socket)),
        ):
            async with served(app_of(Model(), [CLASS_PATH])) as port:
                await ask_until(arrived, port)
            await ended.wait()

    asyncio.run(body())
    assert json.loads(seen[0].response)["usage"]["completion_tokens"] == 6
    assert KEY not in repr(seen)
