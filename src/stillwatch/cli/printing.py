"""A page as PDF: printed by the Chromium that is installed, since what people see there is what is tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from stillwatch.errors import StillwatchError, UsageError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_SECONDS = 120
"""Chosen: a page of tables takes two; a machine that is busy with ten of them still finishes."""


def printed(page: Path, pdf: Path) -> None:
    """Print `page` into `pdf`. Raises `UsageError` where there is no browser, `StillwatchError` where it fails."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UsageError(
            f"no PDF: none of {', '.join(BROWSERS)} is installed",
            f"Install Chromium, or print {page} from any browser: its style is made for paper too",
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--disable-gpu", f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium does not start as root with one
        command += [f"--print-to-pdf={pdf.absolute()}", page.absolute().as_uri()]
        pdf.unlink(missing_ok=True)
        try:
            said = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own words
        except subprocess.TimeoutExpired:
            raise StillwatchError(f"no PDF: {browser} did not print in {_SECONDS} s", f"Print {page} by hand") from None
    if said.returncode or not pdf.exists():
        told = said.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        raise StillwatchError(
            f"no PDF: {browser} ended with {said.returncode}: {told[0][:200]}", f"Print {page} by hand"
        )
