"""docs/telemetry.md lists what is exported, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from stillwatch.telemetry.catalogue import CATALOGUE, PROCESS, Over

PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"
ROW = re.compile(r"^\| `((?:stillwatch|process)_\w+)` \| (\w+) \| (.*?) ?\| (\w+) \| (.+) \|$", re.M)


def test_the_table_is_the_catalogue() -> None:
    """Names in their order, types, labels, how they are put together, and their help."""
    documented = [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)), over, help_)
        for name, kind, labels, over, help_ in ROW.findall(PAGE.read_text(encoding="utf-8"))
    ]
    assert documented == [
        (metric.name, metric.kind, PROCESS if metric.over is Over.EACH else metric.labels, metric.over, metric.help)
        for metric in CATALOGUE.values()
    ]
