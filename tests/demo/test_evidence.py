"""What the demonstration rests on: the hunt itself says that the campaign may be acted on, and nobody else is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from stillwatch.demo.prepare import prepare


def test_the_campaign_may_be_acted_on_and_nobody_else_is_shown(tmp_path: Path) -> None:
    """By the command that anybody would use, with its register; the demonstration has no way of its own to act."""
    made = prepare(tmp_path / "demo")
    hunt = ("-m", "stillwatch.cli.main", "hunt", made.ledger, "--calibrate", made.benign_ledger)
    where = ("--state", tmp_path / "state", "--out", tmp_path / "out", "--secret", made.secret_file)
    command = [sys.executable, *map(str, (*hunt, *where))]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own program
    found = json.loads((tmp_path / "out" / "findings.json").read_text())
    people = json.loads(made.truth.read_text())
    honest = {account for some in people["classes"].values() for account in some}
    shown = {account for one in found["campaigns"] for account in one["accounts"] if one["verdict"] == "campaign"}
    assert {one["account"] for one in found["accounts"] if one["verdict"] == "act"} == set(people["campaign"])
    assert not shown & honest
