"""Opening a hub's store: a SQLite file by its path, or tables of PostgreSQL by a URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.errors import UsageError
from stillwatch.storage.hub.alliance import AllianceTables
from stillwatch.storage.hub.database import BUSY_SECONDS
from stillwatch.storage.hub.schema import ALLIANCE, ALLIANCE_VERSION, SCHEMA, VERSION
from stillwatch.storage.hub.sqlite import Layout, SqliteDatabase
from stillwatch.storage.hub.store import HubStore, SqliteStore

if TYPE_CHECKING:
    from stillwatch.storage.hub.postgres_url import PostgresUrl

_SCHEMES = ("postgresql://", "postgres://")


def store_place(text: str) -> Path | PostgresUrl:
    """Where a store is; raises `UsageError` for a URL that will not do, or where psycopg is missing."""
    if not text.startswith(_SCHEMES):
        return Path(text).absolute()
    try:
        from stillwatch.storage.hub.postgres_url import checked_url
    except ModuleNotFoundError as error:
        raise UsageError(f"PostgreSQL needs {error.name}", "Run: pip install 'stillwatch[hub,postgres]'") from None
    return checked_url(text)


def open_store(place: Path | PostgresUrl, busy_seconds: float = BUSY_SECONDS) -> HubStore:
    """The hub's store, made if there is none. Raises `InputError` for something else there, `StoreBusy` for nothing."""
    if isinstance(place, Path):
        return SqliteStore(place, busy_seconds)
    from stillwatch.storage.hub.postgres import PostgresDatabase

    return HubStore(PostgresDatabase(place, SCHEMA + ALLIANCE, VERSION, busy_seconds))


def open_alliance(place: Path | PostgresUrl, beside: HubStore | None = None) -> AllianceTables:
    """What the alliance keeps beside a hub's store: a file next to its file, or in the same database."""
    hub = (beside or open_store(place)).database
    if not isinstance(place, Path):
        return AllianceTables(hub, hub)
    layout = Layout(ALLIANCE, ALLIANCE_VERSION)
    return AllianceTables(SqliteDatabase(place.with_name(f"{place.name}.alliance"), layout), hub)
