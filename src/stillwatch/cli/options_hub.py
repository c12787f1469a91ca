"""Where a hub's store is, for the commands that keep it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        envvar="STILLWATCH_HUB_STORE",
        help="The hub's SQLite file. Without it, hub.sqlite in your state directory.",
        show_default=False,
    ),
]


def default_store() -> Path:
    """The store that is meant where none is named."""
    configured = os.environ.get("XDG_STATE_HOME")
    return (Path(configured) if configured else Path.home() / ".local" / "state") / "stillwatch" / "hub.sqlite"
