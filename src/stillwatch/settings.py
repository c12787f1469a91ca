"""Settings that every command shares, and where their defaults come from."""

from __future__ import annotations

import os
from pathlib import Path

SECRET_VARIABLE = "STILLWATCH_SECRET_FILE"  # noqa: S105 - the name of a variable, not a secret
ALLIANCE_VARIABLE = "STILLWATCH_ALLIANCE_SECRET_FILE"
JOURNAL_VARIABLE = "STILLWATCH_JOURNAL"


def default_secret_file() -> Path:
    """The deployment's secret file where none is named: in the user's own configuration directory."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    base = Path(configured) if configured else Path.home() / ".config"
    return base / "stillwatch" / "deployment.key"


def default_journal() -> Path:
    """The journal of decisions where none is named: in the user's own state directory."""
    configured = os.environ.get("XDG_STATE_HOME")
    base = Path(configured) if configured else Path.home() / ".local" / "state"
    return base / "stillwatch" / "journal.jsonl"
