"""Conventions through the real gateway and the demonstration's model: the suspect's model is told, nobody else's."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy, Treatment
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.demo import model
from stillwatch.demo.provider.connection import Pace
from stillwatch.gateway.conventions import Conventions, Markers
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.observing.frames import Observed
from stillwatch.pseudonym import Secret
from stillwatch.watermark.conventions import ConventionKey

from .running import gateway, run

NOW_US = 1_788_000_000_000_000
KEY = ConventionKey(Secret(b"a secret for tests only, 32 bytes"))
CHAT: dict[str, Any] = {"model": "m", "seed": 1, "messages": [{"role": "user", "content": "Who grinds the rye?"}]}
FORMS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": {"model": "m", "instructions": "Be brief.", "input": "Who grinds the rye?"},
    "/v1/messages": {"model": "m", "max_tokens": 50, "messages": CHAT["messages"]},
    "/v1beta/models/g:generateContent": {"contents": [{"role": "user", "parts": [{"text": "Who grinds the rye?"}]}]},
}


class Between:
    """Stands between gateway and model, passes bytes on, and keeps what the upstream was sent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seen = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        answering = asyncio.create_task(self._pass(there, writer))
        while block := await reader.read(65_536):
            self.seen += block
            back.write(block)
        back.close()
        await answering

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(65_536):
            writer.write(block)
        writer.close()


@asynccontextmanager
async def guarded(
    policy: Policy, settings: Markers | None, seen: list[Observed], campaign: str | None = None
) -> AsyncGenerator[tuple[str, Between]]:
    """A gateway in front of the demonstration's model; `suspect` is at step DEGRADE, `somebody` at none."""
    holders = [KeyHolder(hashlib.sha256(name.encode()).hexdigest(), name) for name in ("suspect", "other", "somebody")]
    verdict = Verdict("V-1", Step.DEGRADE, ("suspect", "other"), ("seen",), "t", NOW_US, NOW_US + 10**12, campaign)
    conventions = None if settings is None else Conventions(KEY, settings, "pseudonym-of-{}".format)
    core = Core(policy, Verdicts.of([verdict], NOW_US))
    gate = Gate(core, Keys(holders), lambda: Now(10**9, NOW_US), seen.append, conventions=conventions)
    listening, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    serving = asyncio.create_task(
        model.serve("127.0.0.1", 0, stop, pace=Pace(first_seconds=0.0, tokens_a_second=1e6), listening=listening)
    )
    between = Between(await listening)
    relay = await asyncio.start_server(between, "127.0.0.1", 0)
    async with relay, gateway(relay.sockets[0].getsockname()[1], gate) as running:
        yield f"http://127.0.0.1:{running.port}", between
    stop.set()
    await serving


def asked(
    account: str,
    path: str = "/v1/chat/completions",
    policy: Policy = Policy(degrade=Treatment(markers=4)),  # noqa: B008 - nothing in it changes
    settings: Markers | None = Markers(),  # noqa: B008 - likewise
    campaign: str | None = None,
) -> tuple[bytes, httpx.Response, list[Observed]]:
    """The body that the upstream got, what the client got, and what was observed."""
    found: list[tuple[bytes, httpx.Response]] = []
    seen: list[Observed] = []

    async def ask() -> None:
        async with guarded(policy, settings, seen, campaign) as (url, between), httpx.AsyncClient() as client:
            headers = {
                "Authorization": f"Bearer {account}",
                "Content-Type": "application/json",
                "X-Goog-Api-Key": account,
            }
            said = await client.post(url + path, content=json.dumps(FORMS[path], indent=1), headers=headers)
            found.append((between.seen.partition(b"\r\n\r\n")[2], said))

    run(ask())
    return *found[0], seen


def lines(account: str, count: int = 4) -> list[str]:
    return [one.line.format(one.served) for one in KEY.drawn(account, count)]


@pytest.mark.parametrize("path", FORMS)
def test_a_suspects_request_carries_its_conventions_and_its_client_sees_none(path: str) -> None:
    body, answer, _ = asked("suspect", path)
    told = json.loads(body)
    assert all(
        line in json.dumps(told, ensure_ascii=False).replace('\\"', '"') for line in lines("pseudonym-of-suspect")
    )
    assert answer.status_code == 200
    assert "conventions" not in answer.text
    assert not any(line in answer.text for line in lines("pseudonym-of-suspect"))


@pytest.mark.parametrize("path", FORMS)
def test_everybody_elses_request_is_the_same_to_the_byte(path: str) -> None:
    body, answer, _ = asked("somebody", path)
    assert body == json.dumps(FORMS[path], indent=1).encode()
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("policy", "settings"),
    [(Policy(degrade=Treatment(logprobs=False)), Markers()), (Policy(degrade=Treatment(markers=4)), None)],
)
def test_nothing_is_served_unless_policy_and_deployment_both_say_so(policy: Policy, settings: Markers | None) -> None:
    body, _, _ = asked("suspect", policy=policy, settings=settings)
    assert body == json.dumps(CHAT, indent=1).encode()


def test_what_is_observed_is_what_the_client_sent() -> None:
    """Sketches and exemplars are of the customer's words, not of ours."""
    _, _, (one,) = asked("suspect")
    assert one.body == json.dumps(CHAT, indent=1).encode()


def test_accounts_of_a_campaign_share_its_draw_where_that_is_said() -> None:
    shared = [asked(name, settings=Markers(campaigns=True), campaign="C-12")[0] for name in ("suspect", "other")]
    apart = [asked(name, campaign="C-12")[0] for name in ("suspect", "other")]
    assert shared[0] == shared[1]
    assert all(line in shared[0].decode().replace('\\"', '"') for line in lines("C-12"))
    assert apart[0] != apart[1]
