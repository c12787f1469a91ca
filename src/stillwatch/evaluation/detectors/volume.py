"""Baseline: whoever sends most. The limit that every provider has, and the one that honest heavy customers meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.evaluation.detector import Watch
from stillwatch.evaluation.detectors.by_score import Floats, Ints, look
from stillwatch.evaluation.rows import Rows, read_rows
from stillwatch.evaluation.world import World


@dataclass(frozen=True)
class Volume:
    """Exchanges per account."""

    name: str = "volume"
    title: str = "Volume threshold"
    idea: str = "Flags the accounts with the most exchanges; the threshold is set on benign accounts of equal age."
    has_rings: bool = False
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        traffic = read_rows(world.ledger)
        benign = read_rows(world.benign) if world.benign else None
        return lambda day: look(world, day, traffic, benign, exchanges)


def exchanges(rows: Rows) -> tuple[Ints, Floats]:
    """How many exchanges each account sent."""
    accounts, counts = np.unique(rows.account, return_counts=True)
    return accounts, counts.astype(np.float64)
