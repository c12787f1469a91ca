"""The benchmark's world holds what its plan says, and a hunt finds the planted rings and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.hunt import Outcome, compare, write
from benchmarks.world import FIRST_DAY, US_PER_DAY, Plan, World
from stillwatch.assembly import Read, Secrets, hunt_and_write
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity, schema
from stillwatch.sketching.run import COMMIT_ROWS

SECRET = Secret(b"a secret for tests only, 32 bytes")
KEY = identity(SECRET.id)
PLAN = Plan(honest=300, rings=2, accounts_per_ring=12, tools=3, days=5)
EXCHANGES = 12_000  # about forty an account: enough for every account of a ring to repeat its skeleton


@pytest.fixture(scope="module")
def world() -> World:
    return World(PLAN)


@pytest.fixture(scope="module")
def rows(world: World) -> pa.Table:
    return pa.concat_tables(world.tables(EXCHANGES, KEY))


def test_there_are_as_many_accounts_of_each_kind_as_planned(world: World) -> None:
    """Rings and tools' users are disjoint, and no two accounts have one pseudonym."""
    groups = [*world.rings, *world.tools]
    assert [len(ring) for ring in world.rings] == [PLAN.accounts_per_ring] * PLAN.rings
    assert len(world.tools) == PLAN.tools
    assert len(frozenset().union(*groups)) == sum(map(len, groups))
    assert len(set(world.account.tolist())) == PLAN.accounts == 324


def test_every_exchange_is_one_of_a_planned_account_and_day(world: World, rows: pa.Table) -> None:
    assert (len(rows), rows.schema) == (EXCHANGES, schema(KEY))
    assert set(rows.column("account").to_pylist()) <= set(world.account.tolist())
    assert set(rows.column("day").to_pylist()) == set(range(FIRST_DAY, FIRST_DAY + PLAN.days))
    ts_us = rows.column("ts_us").to_numpy()
    assert np.array_equal(np.sort(ts_us), ts_us)
    assert np.array_equal(ts_us // US_PER_DAY, rows.column("day").to_numpy())


def test_only_the_accounts_of_a_ring_carry_its_template(world: World, rows: pa.Table) -> None:
    """In most of what they send: the rest is cover."""
    zones = np.frombuffer(b"".join(rows.column("zones").to_pylist()), "<u4").reshape(EXCHANGES, -1)
    account = rows.column("account").to_numpy()
    for number, ring in enumerate(world.rings, int(world.skeleton.max()) + 1 - PLAN.rings):
        template = world.templates[number]
        carries = (zones[:, template != 0] == template[template != 0]).all(axis=1)
        assert set(account[carries].tolist()) == ring
        assert carries.sum() > 0.6 * np.isin(account, list(ring)).sum()


def test_the_same_plan_gives_the_same_world(rows: pa.Table) -> None:
    assert pa.concat_tables(World(PLAN).tables(EXCHANGES, KEY)).equals(rows)


def test_commits_are_as_large_as_sketching_makes_them(world: World) -> None:
    sizes = [len(table) for table in world.tables(COMMIT_ROWS + 1, KEY)]
    assert sizes == [COMMIT_ROWS, 1]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # Ibis 12 on DuckDB 2: see tests/cli
def test_a_hunt_finds_exactly_the_planted_rings(world: World, tmp_path: Path) -> None:
    """In a ledger that is whole; the benchmark's own comparison says so."""
    write(world, EXCHANGES, tmp_path / "ledger", SECRET)
    ledger = Ledger.open(tmp_path / "ledger", identity=KEY)
    assert (ledger.counts().exchanges, ledger.verify()) == (EXCHANGES, [])
    secrets = Secrets(SECRET, None, tmp_path / "unused.key", False)
    hunt_and_write(Read(tmp_path / "ledger"), None, tmp_path, secrets, "duckdb://", 0.01, lambda step, done: None)
    outcome = compare(world, json.loads((tmp_path / "findings.json").read_bytes()))
    assert outcome == Outcome(planted=PLAN.rings, found=PLAN.rings, unplanted=0, wrong_pairs=0)
    assert outcome.is_right
