"""Processes of one host share their limits through a store, and without it each would have them all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stillwatch.doors.configuration import read
from stillwatch.doors.station import Station
from stillwatch.gateway.guard import Answer, Request
from tests.storage.private_redis import PrivateRedis

from .files import KEY, door_file, limit

BODY = b'{"model":"m","messages":[{"role":"user","content":"Rye?"}]}'


def asked() -> Request:
    return Request(b"POST", b"/v1/chat/completions", [(b"authorization", b"Bearer " + KEY.encode())], BODY, "127.0.0.1")


async def admitted(stations: list[Station], requests: int) -> int:
    """How many of so many requests pass, asked of each in turn."""
    for station in stations:
        await station.start()
    said = [await stations[number % len(stations)].ask(asked()) for number in range(requests)]
    for station in stations:
        await station.close()
    return sum(not isinstance(one, Answer) for one in said)


@pytest.fixture(scope="module")
def store():
    with PrivateRedis() as running:
        yield running


def test_two_processes_with_a_store_have_one_limit(tmp_path: Path, store: PrivateRedis) -> None:
    door = read(door_file(tmp_path, limit("requests", 6), f'[store]\nredis = "{store.url}"\n'))
    assert asyncio.run(admitted([Station(door, "a"), Station(door, "b")], 12)) == 6


def test_two_processes_without_a_store_have_the_limit_twice(tmp_path: Path) -> None:
    """The price of leaving it out, which docs/doors.md states."""
    door = read(door_file(tmp_path, limit("requests", 6)))
    assert asyncio.run(admitted([Station(door, "a"), Station(door, "b")], 14)) == 12
