"""Small worlds for tests: written once and read as rows, or only simulated."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.scenario import Scenario, parse
from stillwatch.world.sent import Sent
from stillwatch.world.simulate import stage_of
from stillwatch.world.stage import Stage
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


def stage(days: int = 10, release_day: float = 6, seed: int = 1) -> Stage:
    """Some days without anybody in them."""
    return stage_of(scenario(f"days = {days}\nrelease_day = {release_day}"), seed)


def honest(name: str, accounts: int, where: Stage | None = None) -> list[list[Sent]]:
    """What a class sends, by account or group, each by time."""
    streams = CLASSES[name].cast(where or stage(), accounts)
    return [sorted(stream, key=lambda sent: sent.ts_us) for stream in streams]


def hostile(row: str, days: int = 10, release_day: float = 6) -> list[Sent]:
    """What one campaign sends, from its table in TOML without the name."""
    plan = scenario(f"days = {days}\nrelease_day = {release_day}\n[[campaign]]\nname = 'it'\n{row}")
    where = stage_of(plan, 1)
    return list(campaign(where, plan.campaigns[0], Pool(where, plan.campaigns[0])))


def accounts_of(sent: list[Sent]) -> set[str]:
    """Who sent."""
    return {one.account.account for one in sent}
