"""Where the stores of tests are: files of SQLite, or schemas of a private PostgreSQL.

A test says a folder. Which database that means is set for a module's tests by a fixture (`using`), so that one suite
runs on both, and the same folder is the same store again.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stillwatch.storage.hub.database import BUSY_SECONDS
from stillwatch.storage.hub.opening import open_store, store_place
from stillwatch.storage.hub.store import HubStore
from tests.storage.hub.private_postgres import shared_postgres

_schemas: dict[Path, str] | None = None


@contextmanager
def using(database: str) -> Generator[None]:
    """Stores are in this database, `sqlite` or `postgres`, until the block ends."""
    global _schemas
    _schemas = {} if database == "postgres" else None
    try:
        yield
    finally:
        _schemas = None


def named(folder: Path) -> str:
    """What `--store` is given for the store of a folder."""
    if _schemas is None:
        return str(folder / "hub.sqlite")
    if folder not in _schemas:
        _schemas[folder] = shared_postgres().url()
    return _schemas[folder]


def kept(folder: Path, busy_seconds: float = BUSY_SECONDS) -> HubStore:
    """The store of a folder; each call opens it as another process would."""
    return open_store(store_place(named(folder)), busy_seconds)


def on_both(metafunc: pytest.Metafunc, long: frozenset[str], alone: frozenset[str]) -> None:
    """Let a module's tests run on both; on PostgreSQL with LONG=1 only if it is `long`, never if it is `alone`."""
    if "database" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        marks = [pytest.mark.long] if module in long else []
        others = [] if module in alone else [pytest.param("postgres", marks=marks)]
        metafunc.parametrize("database", ["sqlite", *others], indirect=True, scope="module")
