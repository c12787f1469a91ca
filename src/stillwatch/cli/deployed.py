"""The deployment that a command belongs to: what its file says, and where its things lie."""

from __future__ import annotations

from pathlib import Path

from stillwatch.running.deployment import Deployment, Places, places, read


def deployed(config: Path | None) -> tuple[Deployment, Places]:
    """As `config` says, with defaults where there is none. Raises `UsageError`."""
    deployment = read(config) if config else Deployment()
    return deployment, places(deployment, config.parent if config else Path())
