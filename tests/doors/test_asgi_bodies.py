"""What a client may make the ASGI door hold: bounded in size, in all and in time, and let go however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch.doors.asgi import Guard
from stillwatch.doors.configuration import read
from stillwatch.doors.station import Station

from .files import KEY, door_file

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/chat/completions",
    "query_string": b"",
    "headers": [(b"authorization", f"Bearer {KEY}".encode())],
}
LONGEST_SECONDS = 20
"""A test that waits for what never comes fails instead of standing still."""


async def unreached(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app was asked")


def guard(folder: Path, more: str) -> Guard:
    return Guard(unreached, Station(read(door_file(folder, more=more)), "test"))


def part(body: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": True}


async def asked(door: Guard, messages: AsyncIterator[dict[str, Any]]) -> list[int]:
    """The statuses that a client gets who sends these messages."""
    statuses = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async with asyncio.timeout(LONGEST_SECONDS):
        await door(SCOPE, messages.__anext__, send)  # type: ignore[arg-type]  # a generator's step is awaitable
    return statuses


async def endless(size: int) -> AsyncIterator[dict[str, Any]]:
    while True:
        yield part(b"x" * size)


async def leaves() -> AsyncIterator[dict[str, Any]]:
    yield part(b"{")
    yield {"type": "http.disconnect"}


async def stands_still() -> AsyncIterator[dict[str, Any]]:
    yield part(b"{")
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("more", "messages", "statuses"),
    [
        ("body_bytes = 1000", lambda: endless(300), [413]),
        ("buffered_bytes = 1000", lambda: endless(300), [503]),
        ("body_seconds = 0.05", stands_still, [408]),
        ("", leaves, []),
    ],
    ids=["too large", "too much in all", "too slow", "left"],
)
def test_a_body_that_is_refused_is_not_held(tmp_path: Path, more: str, messages: Any, statuses: list[int]) -> None:
    door = guard(tmp_path, more)

    async def body() -> None:
        assert await asked(door, messages()) == statuses
        await door.station.close()

    asyncio.run(body())
    assert door._held_bytes == 0


def test_a_server_that_gives_up_while_a_body_comes_leaves_nothing_held(tmp_path: Path) -> None:
    door = guard(tmp_path, "")

    async def body() -> None:
        asking = asyncio.create_task(asked(door, stands_still()))
        while door._held_bytes == 0:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await door.station.close()

    asyncio.run(body())
    assert door._held_bytes == 0
