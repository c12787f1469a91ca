"""Baseline: PRADA adapted to text.

PRADA asks whether the distances of an account's queries to the nearest query before them are normally distributed, as
they are where queries come from one natural source, and not where an attacker probes. Here distances are between the
sketch's projections. Natural language satisfies neither premise well, and accounts are judged one by one: the published
weakness is that splitting the work defeats it.

Source: Juuti, Szyller, Marchal & Asokan (2019), EuroS&P, section 5. Their test compares the Shapiro-Wilk statistic with
a threshold; here 1 - W is the score, and benign accounts set the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import shapiro

from stillwatch.evaluation.detector import Watch
from stillwatch.evaluation.detectors.by_score import by_account, look
from stillwatch.evaluation.kernel import squared_distances, unit_rows
from stillwatch.evaluation.rows import Rows, read_rows
from stillwatch.evaluation.world import World

QUERIES_AT_LEAST = (
    20  # the paper waits for 100 of one class; campaigns of today send a tenth of that an account and day
)
QUERIES_AT_MOST = 300
_OUTLIER_DEVIATIONS = 3.0  # section 5.2 of the paper


@dataclass(frozen=True)
class Prada:
    """One Shapiro-Wilk statistic an account."""

    name: str = "prada"
    title: str = "PRADA, adapted"
    idea: str = (
        "Whether the least distances between an account's successive queries are normally distributed (Juuti et al. "
        "2019), on the sketch's projections."
    )
    has_rings: bool = False
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        traffic = read_rows(world.ledger, ["projection"])
        benign = read_rows(world.benign, ["projection"]) if world.benign else None
        return lambda day: look(world, day, traffic, benign, lambda rows: by_account(rows, _of_account))


def _of_account(own: Rows) -> float:
    return not_normal(least_distances(own.projection[:QUERIES_AT_MOST]))


def least_distances(projection: NDArray[np.int8]) -> NDArray[np.float64]:
    """The distance of each query but the first to the nearest one before it."""
    rows = unit_rows(projection)
    apart = np.sqrt(squared_distances(rows, rows).astype(np.float64))
    apart[np.triu_indices(len(rows))] = np.inf
    return np.asarray(apart[1:].min(axis=1)) if len(rows) > 1 else np.empty(0)


def not_normal(distances: NDArray[np.float64]) -> float:
    """1 - W of Shapiro and Wilk without outliers: 0 is perfectly normal. 0 for too few, or all equal."""
    if len(distances) < QUERIES_AT_LEAST:
        return 0.0
    spread = distances.std()
    kept = distances[np.abs(distances - distances.mean()) <= _OUTLIER_DEVIATIONS * spread]
    if len(kept) < QUERIES_AT_LEAST or np.ptp(kept) < 1e-9:
        return 0.0
    return 1.0 - float(shapiro(kept).statistic)
