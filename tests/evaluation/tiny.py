"""Tiny worlds with known truth, in the form that `stillwatch world` writes: seconds to evaluate, not minutes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from end_to_end.worlds import (
    DAY_US,
    DAYS,
    START_US,
    World,
    covered,
    dealt_out,
    invented,
    invented_chats,
    jobs,
    people,
    seeded,
    vocabulary,
    write_log,
)
from end_to_end.wrappers import MAKE_ITEMS, desks

SEED = 11
HEAVY = "desks"
REWRITE = (
    "I want you to act as a prompt writer. Rewrite the given prompt into a more complex version that a clever system "
    "finds harder to handle, by adding one more constraint or one more step of reasoning. Keep it reasonable, keep it "
    "understandable for people, and do not make it longer than twice its length. #The Given Prompt#:"
)


def a_world() -> World:
    """Two campaigns, the second with half of its traffic chats; strangers with one tool, who send most; people."""
    rng = seeded(SEED)
    chats = invented_chats(rng, 60)
    strangers = desks(rng, 80)
    world = World().with_honest("people", people("person", chats, 4, rng)).with_honest(HEAVY, strangers)
    for name, wrapper in (("items", MAKE_ITEMS), ("rewriting", REWRITE)):
        pool = invented(rng, wrapper, [vocabulary(rng) for _ in range(40)], 250)
        cover = 0.5 if name == "rewriting" else 0.0
        world = world.with_ring(name, covered(dealt_out(name, pool, rng), chats, cover, rng))
    return world


def benign() -> World:
    """Honest programmers with wrappers and subjects of their own, and people."""
    rng = seeded(77)
    world = World().with_honest("jobs", jobs("job", 150, 6, rng))
    return world.with_honest("people", people("other", invented_chats(rng, 80), 4, rng))


LEVELS = {"items": "E2", "rewriting": "E5"}


def write_world(directory: Path, world: World, calibration: World | None = None) -> Path:
    """A world's directory. Without a calibration it has no benign.jsonl.gz."""
    directory.mkdir(parents=True)
    rows = world.rows(SEED)
    write_log(directory / "exchanges.jsonl.gz", rows)
    if calibration is not None:
        write_log(directory / "benign.jsonl.gz", calibration.rows(SEED + 1))
    harvest = [row for row in rows if harvests(row, world)]
    (directory / "truth.json").write_text(json.dumps(truth_of(world, rows, harvest)))
    ring = {account: name for name, accounts in world.rings.items() for account in accounts}
    columns = {
        "id": [row["id"] for row in harvest],
        "account": [row["account"] for row in harvest],
        "campaign": [ring[row["account"]] for row in harvest],
        "ts_us": [row["ts_us"] for row in harvest],
    }
    pq.write_table(pa.table(columns), directory / "harvest.parquet")
    return directory


def harvests(row: Mapping[str, Any], world: World) -> bool:
    """Whether an exchange is a campaign's and carries one of the wrappers; the rest of its traffic is cover."""
    text = str(row["body"]["messages"][-1]["content"])
    of_ring = any(row["account"] in accounts for accounts in world.rings.values())
    return of_ring and text.startswith((MAKE_ITEMS[:40], REWRITE[:40]))


def truth_of(world: World, rows: Sequence[Mapping[str, Any]], harvest: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """truth.json as an object."""
    campaigns = []
    for name, accounts in world.rings.items():
        times = [row["ts_us"] for row in rows if row["account"] in accounts]
        campaigns.append(
            {
                "id": name,
                "objective": "items",
                "level": LEVELS.get(name, "E2"),
                "accounts": sorted(accounts),
                "harvested": sum(row["account"] in accounts for row in harvest),
                "first_us": min(times),
                "last_us": max(times),
                "relay": False,
            }
        )
    return {
        "schema": "stillwatch.truth/1",
        "scenario": "tiny",
        "seed": SEED,
        "scale": 1.0,
        "days": DAYS,
        "first_us": START_US,
        "last_us": START_US + DAYS * DAY_US,
        "release_us": START_US + 3 * DAY_US,
        "exchanges": len(rows),
        "classes": {
            name: {"heavy": name == HEAVY, "sentence": f"Honest {name}.", "accounts": sorted(accounts)}
            for name, accounts in world.honest.items()
        },
        "campaigns": campaigns,
    }
