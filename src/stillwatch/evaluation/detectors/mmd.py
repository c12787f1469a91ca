"""Baseline: maximum mean discrepancy between an account's exchanges and benign history.

The window test of arXiv 2606.05725 in our own words, with one account's exchanges as the window, so that it names
accounts as the others do. Its windows of mixed traffic are compared in `windows`. Features are the sketch's projections
instead of a neural embedding: weaker on meaning, and no text is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.evaluation.detector import NotRun, Watch
from stillwatch.evaluation.detectors.by_score import Floats, Ints, by_account, look
from stillwatch.evaluation.kernel import Discrepancy, unit_rows
from stillwatch.evaluation.rows import Rows, read_rows
from stillwatch.evaluation.threshold import halves
from stillwatch.evaluation.world import World

REFERENCE_ROWS = 1_000
ROWS_PER_ACCOUNT = 200
ROWS_AT_LEAST = 10
"""Below, the estimate is mostly noise, and an account scores 0 as one that does not differ."""
_SEED = 1


@dataclass(frozen=True)
class Mmd:
    """One MMD an account."""

    name: str = "mmd"
    title: str = "MMD to benign history"
    idea: str = (
        "How far an account's exchanges lie from benign ones: the test of arXiv 2606.05725, re-implemented, on the "
        "sketch's projections."
    )
    has_rings: bool = False
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        if world.benign is None:
            raise NotRun("it needs benign.jsonl.gz as the history to compare with")
        traffic, benign = (read_rows(ledger, ["projection"]) for ledger in (world.ledger, world.benign))
        discrepancy = reference(benign.of(halves(benign.account)[0]))

        def score(rows: Rows) -> tuple[Ints, Floats]:
            return by_account(rows, lambda own: _of_account(own, discrepancy))

        return lambda day: look(world, day, traffic, benign, score)


def reference(history: Rows) -> Discrepancy:
    """MMD against a sample of the benign history."""
    if len(history) < ROWS_AT_LEAST:
        raise NotRun(f"the benign log has only {len(history)} exchanges to train on")
    chosen = np.random.default_rng(_SEED).permutation(len(history))[:REFERENCE_ROWS]
    return Discrepancy.to(unit_rows(history.projection[chosen]))


def _of_account(own: Rows, discrepancy: Discrepancy) -> float:
    if len(own) < ROWS_AT_LEAST:
        return 0.0
    return max(0.0, discrepancy.unbiased(unit_rows(own.projection[-ROWS_PER_ACCOUNT:])))
