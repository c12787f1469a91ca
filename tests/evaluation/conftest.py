"""One tiny world, sketched once, and the command line in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from end_to_end.wrappers import SECRETS
from threadpoolctl import threadpool_limits

from stillwatch.assembly import read_logs
from stillwatch.evaluation.world import World, open_worlds

from .tiny import a_world, benign, write_world


def opened(directories: Sequence[Path], out: Path) -> list[World]:
    """Worlds, sketched into `out` in this process."""

    def ledger_of(log: Path, kind: str) -> Path:
        return read_logs([log], out, kind, SECRETS, 1, lambda kind, share, exchanges, bad: None).ledger

    return open_worlds(directories, ledger_of, SECRETS.deployment)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """As the command sets it for itself before numpy loads: threads that wait for each other spin on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny world with a benign log."""
    return write_world(tmp_path_factory.mktemp("worlds") / "tiny", a_world(), benign())


@pytest.fixture(scope="session")
def world(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return opened([directory], tmp_path_factory.mktemp("ledgers"))[0]


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
