"""One private Redis for the tests of the shared store that do not hurt it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.storage.private_redis import PrivateRedis


@pytest.fixture(scope="session")
def server() -> Iterator[PrivateRedis]:
    with PrivateRedis() as running:
        yield running


@pytest.fixture
def client(server: PrivateRedis) -> Iterator[redis.Redis]:
    with server.client() as connected:
        connected.flushall()
        yield connected
