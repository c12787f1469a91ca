"""The real command line in a process of its own, with a home of its own and a secret that is always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("stillwatch")
SECRET_HEX = f"{20_260_301:064x}"  # chosen: sketches depend on the secret, and these tests on nothing but their seeds


@dataclass(frozen=True)
class Home:
    """A place where the command runs: nothing of the user's own configuration reaches it."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """PATH, and a configuration directory that holds the secret."""
        key = self.folder / "config" / "stillwatch" / "deployment.key"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text(SECRET_HEX)
        key.chmod(0o600)
        own = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}
        return {"PATH": os.environ["PATH"], **own}

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """`stillwatch` with these arguments."""
        command = [str(PROGRAM), *map(str, arguments)]
        return subprocess.run(  # noqa: S603 - our own program
            command, env=self.environment(), cwd=self.folder, capture_output=True, text=True, check=False
        )

    def hunt(self, log: Path, out: str, *options: str | Path) -> dict[str, Any]:
        """The findings of a hunt that must succeed, silently but for its one JSON document."""
        done = self.run("hunt", log, "--out", self.folder / out, "--json", "--workers", "1", *options)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert json.loads(done.stdout)["findings"] == str(self.folder / out / "findings.json")
        findings: dict[str, Any] = json.loads((self.folder / out / "findings.json").read_text())
        return findings
