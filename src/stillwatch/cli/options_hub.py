"""Where a hub's store is, for the commands that keep it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stillwatch.storage.hub.opening import open_store, store_place
from stillwatch.storage.hub.store import HubStore

if TYPE_CHECKING:
    from stillwatch.storage.hub.postgres_url import PostgresUrl

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="STILLWATCH_HUB_STORE",
        help="The hub's SQLite file, or a URL of PostgreSQL without a password. Without it, hub.sqlite in your state "
        "directory.",
        show_default=False,
    ),
]


def place_of(store: str | None) -> Path | PostgresUrl:
    """The store that is meant, also where none is named."""
    if store is not None:
        return store_place(store)
    configured = os.environ.get("XDG_STATE_HOME")
    return (Path(configured) if configured else Path.home() / ".local" / "state") / "stillwatch" / "hub.sqlite"


def opened(store: str | None) -> HubStore:
    """That store."""
    return open_store(place_of(store))
