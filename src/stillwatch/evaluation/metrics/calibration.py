"""Is a claim of "at most alpha" true of honest accounts?

For e-values: the share of honest accounts whose e-value reaches 1/alpha, which must be at most alpha (Markov). For
scores: the share whose conformal p-value beside the benign log is at most alpha. Where the share's lower bound is above
alpha, the benign log is not like the honest traffic, or the claim is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.evaluation.bounds import Rate, pooled, rate
from stillwatch.evaluation.metrics.case import Case
from stillwatch.stats.conformal import p_values

ALPHAS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001)


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Of the honest accounts, those that cross at this level."""

    alpha: float
    crossed: Rate


def calibration_points(cases: Sequence[Case], has_e_values: bool) -> list[CalibrationPoint]:
    """One point a level. Cases without a benign reference say nothing and are left out."""
    crossing = _e_crossing if has_e_values else _p_crossing
    usable = [case for case in cases if has_e_values or case.last.benign_scores]
    if not usable:
        return []
    return [CalibrationPoint(alpha, pooled(crossing(case, alpha) for case in usable)) for alpha in ALPHAS]


def _e_crossing(case: Case, alpha: float) -> Rate:
    level = -math.log(alpha) - 1e-12
    return rate(sum(case.last.log_e.get(account, 0.0) >= level for account in case.honest), len(case.honest))


def _p_crossing(case: Case, alpha: float) -> Rate:
    honest = sorted(case.honest & case.last.scores.keys())
    scores = np.array([case.last.scores[account] for account in honest], np.float64)
    p = p_values(scores, np.array(case.last.benign_scores, np.float64))
    return rate(int((p <= alpha).sum()), len(honest))
