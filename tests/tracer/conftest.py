"""Ledgers that several tests read, made once; each test has a folder of its own beside copies of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from end_to_end.command_line import Home

from stillwatch.standing.register import Register
from stillwatch.tracer.looking import Asked, Looks, Sources
from stillwatch.tracer.run import wall_clock_us
from stillwatch.tracer.seen import Seen

from .place import ALPHA, SECRET, Place, benign_ledger, world_ledger


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ledger` and `benign`."""
    folder = tmp_path_factory.mktemp("ledgers")
    world_ledger(folder)
    benign_ledger(folder)
    return folder


@pytest.fixture(scope="session")
def seen(ledgers: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A first look at the world."""
    sources = Sources(
        ledgers / "ledger", tmp_path_factory.mktemp("scratch"), SECRET, benign=ledgers / "benign", alpha=ALPHA
    )
    return Looks(sources).take(Asked(wall_clock_us(), Register(ALPHA), frozenset()))


@pytest.fixture
def place(ledgers: Path, tmp_path: Path) -> Place:
    """A place of this test's own."""
    for name in ("ledger", "benign"):
        shutil.copytree(ledgers / name, tmp_path / name)
    return Place(Home(tmp_path), tmp_path / "ledger", tmp_path / "benign")


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
