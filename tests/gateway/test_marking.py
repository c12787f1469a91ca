"""Tickets at the gateway: every request goes on with the gateway's own, whatever its client sent under that name."""

from __future__ import annotations

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
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.marking import Marking, Marks, with_argument
from stillwatch.pseudonym import Secret
from stillwatch.watermark.ticket import FIELD, STRONGEST, Ticket, TicketInvalid, Tickets

from .running import gateway, run
from .upstream_server import Conversation, UpstreamServer, upstream

NOW_SECONDS = 1_788_000_000
NOW_US = NOW_SECONDS * 1_000_000
TICKETS = Tickets(Secret(b"a secret of gateway and engine.."))
ANSWER = json.dumps(
    {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "The miller."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }
).encode()
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Who grinds the rye?"}]}
DEGRADED = Policy(degrade=Treatment(mark_strength=2.0))


async def model(conversation: Conversation) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    await conversation.say(head % len(ANSWER) + ANSWER)


@asynccontextmanager
async def guarded(marks: Marks | None, policy: Policy, *steps: Step) -> AsyncGenerator[tuple[str, UpstreamServer]]:
    """The address of a real gateway in front of an upstream that keeps what it gets."""
    holder = KeyHolder(hashlib.sha256(b"sk-1").hexdigest(), "acct-1")
    verdicts = [Verdict("V-1", step, ("acct-1",), ("seen",), "test", NOW_US, NOW_US + 3_600_000_000) for step in steps]
    marking = None if marks is None else Marking(TICKETS, marks, "pseudonym-of-{}".format if marks.accounts else None)
    core = Core(policy, Verdicts.of(verdicts, NOW_US))
    gate = Gate(core, Keys([holder]), lambda: Now(10**9, NOW_US), lambda _: None, marking=marking)
    async with upstream(model) as server, gateway(server.port, gate) as running:
        yield f"http://127.0.0.1:{running.port}", server


def gone_on(
    marks: Marks | None,
    policy: Policy = DEGRADED,
    *steps: Step,
    path: str = "/v1/chat/completions",
    **more: Any,
) -> tuple[dict[str, str], dict[str, Any], int]:
    """What the upstream got of one request: its fields and its body; and what the client was told."""
    found: list[tuple[dict[str, str], dict[str, Any], int]] = []

    async def ask() -> None:
        async with guarded(marks, policy, *steps) as (url, server), httpx.AsyncClient() as client:
            headers = {"Authorization": "Bearer sk-1", **more.pop("headers", {})}
            said = await client.post(url + path, json={**ASKED, **more}, headers=headers)
            if not server.seen:
                found.append(({}, {}, said.status_code))
                return
            lines = server.seen[0].head.decode().split("\r\n")[1:]
            fields = dict(line.split(": ", 1) for line in lines if line)
            found.append((fields, json.loads(server.seen[0].body), said.status_code))

    run(ask())
    return found[0]


def ticket(sealed: str) -> Ticket:
    return TICKETS.open(sealed, NOW_SECONDS)


def test_every_request_goes_on_with_a_ticket() -> None:
    fields, body, status = gone_on(Marks(tenant="t", epoch=4, strength=0.25))
    found = ticket(fields["X-Stillwatch-Ticket"])
    assert (found.tenant, found.account, found.epoch, found.strength) == ("t", "", 4, 0.25)
    assert status == 200
    assert body == ASKED


def test_the_policy_says_how_strongly_a_suspect_is_marked() -> None:
    fields, _, _ = gone_on(Marks(accounts=True), DEGRADED, Step.DEGRADE)
    found = ticket(fields["X-Stillwatch-Ticket"])
    assert (found.account, found.strength) == ("pseudonym-of-acct-1", 2.0)
    fields, _, _ = gone_on(Marks(accounts=True), DEGRADED)
    assert ticket(fields["X-Stillwatch-Ticket"]).strength == 0.0


def test_vllm_finds_the_ticket_among_the_arguments_and_a_clients_own_is_gone() -> None:
    fields, body, _ = gone_on(
        Marks(strength=1.0, vllm=True),
        headers={"x-stillwatch-ticket": "mine"},
        vllm_xargs={FIELD: "mine", "other": 7},
    )
    assert body["vllm_xargs"] == {"other": 7, FIELD: fields["X-Stillwatch-Ticket"]}
    assert ticket(body["vllm_xargs"][FIELD]).strength == 1.0
    assert {name: body[name] for name in ASKED} == ASKED


@pytest.mark.parametrize("marks", [None, Marks()])
def test_without_an_engine_that_is_vllm_a_clients_argument_is_gone_too(marks: Marks | None) -> None:
    fields, body, _ = gone_on(marks, headers={"X_Stillwatch_Ticket": "mine"}, vllm_xargs={FIELD: "mine", "other": 7})
    assert body["vllm_xargs"] == {"other": 7}
    assert "mine" not in fields.values()
    assert ("X-Stillwatch-Ticket" in fields) is (marks is not None)


def test_arguments_that_could_be_read_in_two_ways_go_nowhere() -> None:
    assert gone_on(None, vllm_xargs=[FIELD])[2] == 400
    assert gone_on(None, vllm_xargs={FIELD.upper(): "mine"})[2] == 400


@pytest.mark.parametrize(
    "held",
    [
        b'{"stillwatch_ticket":"a","stillwatch_ticket":"b"}',
        rb'{"stillwatch\u005fticket":"a"}',
        b'{"Stillwatch_Ticket":"a"}',
        b'"text"',
    ],
)
def test_a_name_that_hides_is_refused(held: bytes) -> None:
    with pytest.raises(BadRequest):
        with_argument(b'{"model":"m","vllm_xargs":' + held + b"}", "openai_chat", None)


def test_a_body_without_arguments_is_left_as_it_came() -> None:
    body = b'{ "model":"m" , "vllm_xargs": {"other": 7} }'
    assert with_argument(body, "openai_chat", None) is body
    assert with_argument(b'{"vllm_xargs":null}', "openai_chat", None) == b'{"vllm_xargs":null}'
    assert with_argument(b'{"vllm_xargs":null}', "openai_chat", "t") == b'{"vllm_xargs":{"stillwatch_ticket":"t"}}'
    assert with_argument(b'{"model":"m"}', "gemini", "t") == b'{"model":"m"}'


def test_a_ticket_lasts_an_hour_and_is_shared_within_a_minute() -> None:
    marking = Marking(TICKETS, Marks(strength=1.0))
    first = marking.ticket("a", None, NOW_SECONDS)
    assert marking.ticket("b", None, NOW_SECONDS + 59 - NOW_SECONDS % 60) == first
    assert TICKETS.open(first, NOW_SECONDS + 3_600)
    with pytest.raises(TicketInvalid, match="expired"):
        TICKETS.open(first, NOW_SECONDS + 3_661)


def test_no_policy_asks_for_more_than_an_engine_takes() -> None:
    marking = Marking(TICKETS, Marks())
    assert ticket(marking.ticket("a", 1e9, NOW_SECONDS)).strength == STRONGEST
