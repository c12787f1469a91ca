"""The secrets that a command works under; one that is made at first use is said."""

from __future__ import annotations

from pathlib import Path

from stillwatch.assembly import Secrets, load_secrets
from stillwatch.cli.terminal import complain


def secrets_in(secret: Path | None, alliance: Path | None = None) -> Secrets:
    """Those in the files that are named, or the usual one. Raises `SecretError`.

    Nobody may find out later that a secret was made for him.
    """
    found = load_secrets(secret, alliance)
    if found.is_new:
        complain(f"Made a new secret key file, {found.file}. Keep it: without it these sketches cannot be joined.")
    return found
