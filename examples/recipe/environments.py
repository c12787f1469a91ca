"""Throw-away virtual environments, one a client, with pinned versions.

Clients' dependencies contradict each other and have no place in this project's own environment. Packages are named
only by name and version: where pip finds them is the business of the machine.
"""

import subprocess
import sys
from pathlib import Path

_REQUIREMENTS = Path(__file__).parent.parent / "clients" / "requirements"


def python_with(client: str, folder: Path) -> Path:
    """The interpreter of an environment under `folder` that has `client`, made on the first call."""
    home = folder / client
    python = home / "bin" / "python"
    finished = home / "finished"
    if not finished.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)  # noqa: S603 - our words
        pip = [
            str(python),
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
        ]  # mirrors can warn on every line
        subprocess.run([*pip, "--requirement", str(_REQUIREMENTS / f"{client}.txt")], check=True)  # noqa: S603 - our words
        finished.touch()
    return python
