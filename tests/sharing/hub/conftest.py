"""The hub that most tests try."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.sharing.hub.trying import Hub, seed
from tests.storage.hub import places

LONG = frozenset(
    f"test_{name}"
    for name in (
        *("access", "any_request", "authentication", "clients", "ending"),
        *("filters", "hostile", "markings", "seed", "site"),
    )
)
"""On PostgreSQL with LONG=1 only; posting, faults and quarantine always, and `tests/storage/hub` has every query."""
ALONE = frozenset({"test_clauses", "test_tls"})
"""These have nothing to do with how things are kept."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that has a store has one of each kind."""
    places.on_both(metafunc, LONG, ALONE)


@pytest.fixture(scope="module", autouse=True)
def database(request: pytest.FixtureRequest) -> Generator[None]:
    """Which database stores are in."""
    with places.using(request.param):
        yield


@pytest.fixture(scope="module")
def shared(database: None, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """The same, one for all tests of a file that only ask, or that do not mind what others added."""
    return Hub(tmp_path_factory.mktemp("shared"), seed())


@pytest.fixture
def hub(database: None, tmp_path: Path) -> Hub:
    """One root, one empty open collection; alice and bob write, rita reads, admin may delete."""
    return Hub(tmp_path, seed())
