"""What one door allows no other refuses: the same requests, in any order, pass or do not pass behind all of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.decision.core import Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.doors.asgi import Guard
from stillwatch.doors.configuration import Door, read
from stillwatch.doors.ext_authz import Checking
from stillwatch.doors.rls_messages import OK
from stillwatch.doors.station import Station, unobserved
from stillwatch.gateway.guard import Answer, End, Request

pytest.importorskip("grpc", reason="grpcio is not installed: install the extra `rls`")
from stillwatch.doors.rls import RateLimits

STEPS = {"honest": None, "slow": Step.DELAY, "withheld": Step.DEGRADE, "verified": Step.VERIFY, "denied": Step.DENY}
ACCOUNTS = (*STEPS, "nobody")
PATHS = ("/v1/chat/completions", "/v1/messages")
POLICY = """
[[limit]]
level = "account"
measure = "requests"
quantity = 3
window = "1m"
[[limit]]
level = "organization"
measure = "requests"
quantity = 8
window = "1m"
[delay]
seconds = 0
"""
BODY = b'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Rye?"}]}'
NOW_US = time.time_ns() // 1_000
Ask = Callable[[Request], Awaitable[bool]]


def door(folder: Path) -> Door:
    """Five accounts of one organisation, each at a step of its own."""
    (folder / "policy.toml").write_text(POLICY)
    digests = {name: hashlib.sha256(f"sk-{name}".encode()).hexdigest() for name in STEPS}
    holders = [{"sha256": digest, "account": name, "organization": "org"} for name, digest in digests.items()]
    (folder / "keys.jsonl").write_text("\n".join(map(json.dumps, holders)))
    for name, step in STEPS.items():
        if step is not None:
            verdict = Verdict(f"V-{name}", step, (name,), ("a reason",), "test", NOW_US, NOW_US + 3_600_000_000)
            Docket(Journal(folder / "journal.jsonl")).give(verdict)
    file = folder / "door.toml"
    file.write_text('policy = "policy.toml"\nkeys = "keys.jsonl"\njournal = "journal.jsonl"\n')
    return read(file)


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Door:
    return door(tmp_path_factory.mktemp("door"))


def asked(account: str, path: str) -> Request:
    headers = [(b"authorization", f"Bearer sk-{account}".encode()), (b"anthropic-version", b"2023-06-01")]
    return Request(b"POST", path.encode(), headers, BODY, "192.0.2.7")


def by_gate(station: Station) -> Ask:
    async def ask(request: Request) -> bool:
        said = station.gate.on_request(request)
        if isinstance(said, Answer):
            return False
        said.observer.on_end(End.COMPLETE, 0)
        return True

    return ask


def by_asgi(station: Station) -> Ask:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    guard = Guard(app, station)

    async def ask(request: Request) -> bool:
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": request.body}

        async def send(message: Any) -> None:
            said.append(message)

        scope = {"type": "http", "method": "POST", "path": request.target.decode(), "query_string": b""}
        await guard({**scope, "headers": request.headers, "client": (request.peer, 1)}, receive, send)
        return bool(said[0]["status"] == 200)

    return ask


def by_ext_authz(station: Station) -> Ask:
    checking = Checking(station)

    async def ask(request: Request) -> bool:
        answer = checking.on_request(request)
        assert isinstance(answer, Answer)
        return answer.status == 200

    return ask


def by_rls(station: Station) -> Ask:
    limits = RateLimits(station)

    async def ask(request: Request) -> bool:
        entries = [*request.headers, (b":path", request.target), (b"remote_address", request.peer.encode())]
        descriptor = b"".join(field(1, field(1, name) + field(2, value)) for name, value in entries)
        return (await limits.should_rate_limit(field(2, descriptor), None))[:2] == bytes([8, OK])

    return ask


def field(number: int, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | 2]) + length + value


async def passed(
    configured: Door, door: Callable[[Station], Ask], requests: list[tuple[str, str, float]]
) -> list[bool]:
    seconds = 1.0
    station = Station(configured, "test", lambda: Now(int(seconds * 1e9), NOW_US + int(seconds * 1e6)), unobserved)
    ask, said = door(station), []
    for account, path, later in requests:
        seconds += later
        said.append(await ask(asked(account, path)))
    await station.close()
    return said


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(PATHS), st.floats(0, 15)), min_size=1, max_size=25)
)
def test_the_same_requests_pass_behind_every_door(configured: Door, requests: list[tuple[str, str, float]]) -> None:
    async def all_doors() -> list[list[bool]]:
        return [await passed(configured, one, requests) for one in (by_gate, by_asgi, by_ext_authz, by_rls)]

    gate, asgi, ext_authz, rls = asyncio.run(all_doors())
    assert asgi == gate
    assert ext_authz == gate
    assert rls == gate


def test_the_requests_tell_doors_apart_at_all(configured: Door) -> None:
    """Each outcome occurs: a test of equality over one outcome would prove nothing."""
    requests = [("honest", PATHS[0], 0.0)] * 4 + [(name, PATHS[1], 0.0) for name in ACCOUNTS]
    said = asyncio.run(passed(configured, by_gate, requests))
    assert said == [True, True, True, False, False, True, True, False, False, False]
