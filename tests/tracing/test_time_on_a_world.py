"""Both families of time on a world with bans and a release: rings that are dealt out, beside honest classes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from world.worlds import made, scenario

from stillwatch.tracing.activity import DAY_US
from stillwatch.tracing.family import Family, Group
from stillwatch.tracing.release import Release
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.timing import Timing

from .worlds import known

pytestmark = pytest.mark.long  # a world is made and hunted

Floats = NDArray[np.float64]
HONEST = ("people", "popular_tool", "ci_review", "university", "evaluation")
SCENARIO = """
days = 10
release_day = 6

[honest]
people = 90
popular_tool = 20
ci_review = 12
university = 30
evaluation = 12

[[campaign]]
name = "E3"
objective = "coding"
level = "E3"
accounts = 24
per_day = 8
pivot_share = 0.6
bans = [{ day = 4, share = 0.5 }]

[[campaign]]
name = "E4"
objective = "question_sweep"
level = "E4"
accounts = 20
per_day = 8
pivot_share = 0.6
"""


@dataclass(frozen=True)
class Timed:
    """Who sent when, and to which model; texts are not read."""

    table: ibis.Table
    found: Accounts
    names: NDArray[np.str_]
    members: Mapping[str, list[str]]

    def group(self, kind: str) -> Group:
        """The accounts of a class or campaign."""
        account = np.flatnonzero(np.isin(self.names, self.members[kind]))
        units, unit = np.unique(self.found.unit[account], return_inverse=True)
        return Group(account, unit, len(units), np.ones(len(account), bool), {})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Timed:
    """Made once, in some seconds."""
    written = made(tmp_path_factory.mktemp("worlds") / "banned", scenario(SCENARIO), seed=3)
    rows = written.rows()
    names, account = np.unique([row["account"] for row in rows], return_inverse=True)
    _, model = np.unique([json.dumps(row["body"].get("model", row["path"])) for row in rows], return_inverse=True)
    _, unit = np.unique([row["organization"] for row in rows], return_inverse=True)
    unit_of = np.zeros(len(names), np.int64)
    unit_of[account] = unit
    ts_us = np.array([row["ts_us"] for row in rows], np.int64)
    columns = {"account": account, "ts_us": ts_us, "day": ts_us // DAY_US, "model": model + 1}
    found = known(np.arange(len(names)), exchanges=np.bincount(account), unit=unit_of)
    truth = written.truth
    members = {name: of["accounts"] for name, of in truth["classes"].items()}
    members |= {of["id"]: of["accounts"] for of in truth["campaigns"]}
    return Timed(ibis.memtable(pa.table(columns)), found, names, members)


def scores(world: Timed, family: Family[Any], kind: str) -> Floats:
    background = family.background(world.table, world.found)
    return family.scores(world.group(kind), background, np.random.default_rng(0))


def test_rings_dealt_by_a_scheduler_score_above_honest_classes_through_bans(world: Timed) -> None:
    """Every unit of both rings above every honest unit, though a ban took half of one ring's accounts."""
    highest = max(float(np.nanmax(scores(world, Timing(), kind))) for kind in HONEST)
    assert min(float(np.nanmin(scores(world, Timing(), ring))) for ring in ("E3", "E4")) > highest


def test_replacements_are_told_in_words(world: Timed) -> None:
    """About a dozen accounts were banned on day 4; as many fresh ones came within hours."""
    timing = Timing()
    said = timing.statement(world.group("E3"), timing.background(world.table, world.found))
    assert said is not None
    assert "come by turns" in said.statement
    assert "Fresh accounts take over from others" in said.statement
    assert said.detail["followed"] == said.detail["fresh"]


def test_nothing_is_said_of_honest_classes(world: Timed) -> None:
    """Neither of how they are timed nor of how they move to the new model, evaluations on the release day included."""
    families: tuple[Family[Any], ...] = (Timing(), Release())
    for family in families:
        background = family.background(world.table, world.found)
        assert [family.statement(world.group(kind), background) for kind in HONEST] == [None] * len(HONEST)


def test_members_that_pivot_together_score_above_honest_classes(world: Timed) -> None:
    """Of the half or more of each ring that moved within a day of the release, each one above every honest unit."""
    highest = max(float(np.nanmax(scores(world, Release(), kind), initial=0.0)) for kind in HONEST)
    for ring in ("E3", "E4"):
        found = scores(world, Release(), ring)
        moved = found[found > 0]
        assert len(moved) >= 4
        assert float(moved.min()) > highest
