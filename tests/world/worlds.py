"""Small worlds for tests, written once and read as rows."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.world.scenario import Scenario, parse
from stillwatch.world.write import BENIGN, HARVEST, TRAFFIC, TRUTH, write_world

FILES = (TRAFFIC, BENIGN, HARVEST, TRUTH)


@dataclass(frozen=True)
class Made:
    """A world that was written."""

    folder: Path
    truth: dict[str, Any]

    def rows(self, name: str = TRAFFIC) -> list[dict[str, Any]]:
        """A log's rows."""
        with gzip.open(self.folder / name, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def silent(step: str, share: float, detail: str) -> None:
    """Progress that nobody watches."""


def scenario(text: str, name: str = "test") -> Scenario:
    """A scenario from TOML."""
    return parse(name, text)


def made(folder: Path, plan: Scenario, seed: int = 1, scale: float = 1.0) -> Made:
    """The world of a scenario, written into `folder`."""
    written = write_world(plan, folder, seed=seed, scale=scale, tell=silent)
    return Made(folder, written.truth)
