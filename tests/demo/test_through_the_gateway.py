"""What docs/demo.md says a gateway does when the model misbehaves, tried with ours."""

from __future__ import annotations

import json

import pytest
from gateway.running import SHORT, TimeOuts, gateway

from .serving import model, run

BODY = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Why is rye dense?"}]})


async def asked(misbehave: str) -> tuple[int, bytes, bool]:
    """Status, everything after the head, and whether the answer came to its end."""
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
    request = f"{head}X-Misbehave: {misbehave}\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
    async with (
        model() as url,
        gateway(int(url.rpartition(":")[2]), time_outs=TimeOuts(first_byte=4 * SHORT)) as running,
    ):
        came = await running.ask(request.encode())
    told, _, rest = came.partition(b"\r\n\r\n")
    return int(told.split(b" ")[1]), rest, rest.endswith(b"0\r\n\r\n") or b"chunked" not in told.lower()


def outcome(misbehave: str) -> tuple[int, bytes, bool]:
    found: list[tuple[int, bytes, bool]] = []

    async def test() -> None:
        found.append(await asked(misbehave))

    run(test())
    return found[0]


@pytest.mark.parametrize(
    ("misbehave", "status"),
    [
        ("hang", 504),
        ("reset", 502),
        ("garbage", 502),
        ("status=503", 503),
        ("429", 429),
        ("slow=0.01", 200),
    ],
)
def test_the_client_is_told(misbehave: str, status: int) -> None:
    assert outcome(misbehave)[0] == status


def test_an_answer_that_stops_half_way_is_broken_off_so_that_the_client_sees_it() -> None:
    status, rest, has_ended = outcome("stop-mid-stream")
    assert (status, has_ended) == (200, False)
    assert b"data: " in rest
