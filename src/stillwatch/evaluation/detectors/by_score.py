"""What the baselines share that give every account a score and know nothing of rings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.detector import Look
from stillwatch.evaluation.rows import Rows
from stillwatch.evaluation.threshold import actionable, halves, named
from stillwatch.evaluation.world import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Score = Callable[[Rows], tuple[Ints, Floats]]
"""From exchanges to their accounts and a score for each."""


def look(world: World, day: int, traffic: Rows, benign: Rows | None, score: Score) -> Look:
    """Score the accounts of `traffic` beside those benign accounts that set thresholds, at equal age of the log."""
    accounts, scores = score(traffic.through(day))
    reference = np.empty(0)
    if benign is not None:
        setting = benign.of(halves(benign.account)[1])
        _, reference = score(setting.through(world.benign_day(day)))
    names = [world.name_of(account) for account in accounts.tolist()]
    return Look(
        day=day,
        scores=dict(zip(names, scores.tolist(), strict=True)),
        acted=named(names, actionable(scores, reference)),
        benign_scores=tuple(np.sort(reference).tolist()),
    )


def by_account(rows: Rows, score: Callable[[Rows], float]) -> tuple[Ints, Floats]:
    """Score each account by its own exchanges, ascending by time."""
    order = np.argsort(rows.account, kind="stable")
    accounts, starts = np.unique(rows.account[order], return_index=True)
    groups = np.split(order, starts[1:])
    return accounts, np.array([score(rows.take(group)) for group in groups], np.float64)
