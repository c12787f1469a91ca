"""Stores on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.storage.hub import places

ALONE = frozenset({"test_postgres", "test_moving"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that has a store has one of each kind."""
    places.on_both(metafunc, frozenset(), ALONE)


@pytest.fixture(scope="module", autouse=True)
def database(request: pytest.FixtureRequest) -> Generator[str]:
    """Which database stores are in."""
    with places.using(request.param):
        yield request.param
