"""A small world of `stillwatch world`, sketched: its groups by what they truly are, for tests of the families.

The world is made once for all tests of a process, in about twenty seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from stillwatch.assembly import Secrets, read_logs
from stillwatch.evaluation.truth import Truth, read_truth
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS
from stillwatch.tracing.bystanders import fixed_width
from stillwatch.tracing.family import Family, Group
from stillwatch.tracing.survey import Accounts, accounts, fixed_bytes, slot_values
from stillwatch.world.scenario import load
from stillwatch.world.write import TRAFFIC, write_world

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SECRET = Secret(b"a secret for tests only, 32 bytes")
SEED, SCALE = 5, 0.3
HONEST = ("apps", "ci_review", "evaluation", "extraction", "judge", "pipelines", "popular_tool", "prompt_optimiser",
          "rag", "tutoring", "university")  # fmt: skip
"""Honest classes of three organisations or more here, each taken as one group: strangers with one kind of work."""


@dataclass(frozen=True)
class SmallWorld:
    """The ledger's table, its accounts, and what is true of them."""

    table: ibis.Table
    found: Accounts
    truth: Truth
    names: tuple[str, ...]  # of each account

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """(accounts,) The campaign's level, or the honest class."""
        of = dict(self.truth.class_of) | {name: campaign.level for name, campaign in self.truth.campaign_of.items()}
        return np.array([of.get(name, "") for name in self.names])

    def group(self, kind: str, columns: tuple[str, ...]) -> Group:
        """All exchanges of the accounts of a kind."""
        members = np.flatnonzero(self.kinds == kind)
        mine = self.table.filter(self.table.account.isin(self.found.account[members].tolist()))
        rows = fixed_width(mine.select("account", *columns).to_pyarrow())
        account = self.found.index(rows.column("account").to_numpy())
        units, unit = np.unique(self.found.unit[account], return_inverse=True)
        opened = {name: _opened(rows, name) for name in columns}
        return Group(account, unit.astype(np.int64), len(units), np.ones(len(rows), np.bool_), opened)


def _opened(rows: pa.Table, name: str) -> NDArray[np.generic]:
    if name == "lineage":
        return slot_values(rows, name, LINEAGE_SLOTS)
    if name == "projection":
        return fixed_bytes(rows, name).view(np.int8).reshape(-1, PROJECTION_DIMENSIONS)
    return np.asarray(rows.column(name).to_numpy())


@cache
def small_world(base: Path) -> SmallWorld:
    """The world, written below `base`."""
    folder, out = base / "small-world", base / "small-world-ledger"
    write_world(load("small"), folder, seed=SEED, scale=SCALE, tell=lambda step, share, detail: None, runs={})
    out.mkdir()
    secrets = Secrets(SECRET, None, Path("unused"), False)
    path = read_logs([folder / TRAFFIC], out, "sketches", secrets, 1, lambda *progress: None).ledger
    table = Ledger.open(path).table()
    found = accounts(table)
    names = NameTable.open(path, SECRET).names("account")
    return SmallWorld(table, found, read_truth(folder), tuple(names[int(p)] for p in found.account))


def scores_by_kind(world: SmallWorld, family: Family[Any], kinds: tuple[str, ...]) -> dict[str, Floats]:
    """Finite scores of each kind's units, each kind one group."""
    with threadpool_limits(1):
        background = family.background(world.table, world.found)
        scored = {
            kind: family.scores(world.group(kind, family.columns), background, np.random.default_rng(0))
            for kind in kinds
        }
    return {kind: scores[np.isfinite(scores)] for kind, scores in scored.items()}


def auc(campaign: Floats, honest: Floats) -> tuple[float, float]:
    """The chance that a campaign's unit scores above an honest one, ties by half, and its 95 % lower bound.

    The bound is Hanley & McNeil's (1982), Radiology 143(1).
    """
    above = (campaign[:, None] > honest).mean() + (campaign[:, None] == honest).mean() / 2
    one, two = above / (2 - above), 2 * above**2 / (1 + above)
    m, n = len(campaign), len(honest)
    variance = above * (1 - above) + (m - 1) * (one - above**2) + (n - 1) * (two - above**2)
    return float(above), float(above - 1.96 * np.sqrt(max(variance, 0.0) / (m * n)))
