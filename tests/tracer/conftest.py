"""Ledgers that several tests read, made once; each test has a folder of its own beside copies of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from end_to_end.command_line import Home

from .place import Place, benign_ledger, world_ledger


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ledger` and `benign`."""
    folder = tmp_path_factory.mktemp("ledgers")
    world_ledger(folder)
    benign_ledger(folder)
    return folder


@pytest.fixture
def place(ledgers: Path, tmp_path: Path) -> Place:
    """A place of this test's own."""
    for name in ("ledger", "benign"):
        shutil.copytree(ledgers / name, tmp_path / name)
    return Place(Home(tmp_path), tmp_path / "ledger", tmp_path / "benign")


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
