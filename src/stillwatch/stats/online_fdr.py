"""Which campaigns may be acted on when they come one after another and evidence keeps coming in.

`multiple.discoveries` is e-BH for one hunt: e-values fixed, rule applied once. A live tracer looks every day, and
e-BH on the largest wealth so far, or on the best day, is wrong (Tavyrikov, Goeman & de Heide 2025, arXiv 2501.19360;
`tests/stats/test_online_fdr.py` holds a case with 1.25 alpha and one with 3.6 alpha).

    each hypothesis is decided once, when it is closed      -> `Stream` (e-LOND)
    a fixed list, looked at every day                       -> `adjusted_discoveries`
    a growing list, looked at every day                     -> `live_discoveries`
    the same, with evidence that is added up                -> `joining`

All hold under any dependence, and for the worst day, not only for a day fixed beforehand: the mean of the largest false
share over time is at most alpha.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.errors import UsageError
from stillwatch.stats.betting import MIXTURE
from stillwatch.stats.eprocess import log_adjusted
from stillwatch.stats.multiple import discoveries

Shares = Callable[[int], float]
"""Which part of alpha the t-th hypothesis gets, t = 1, 2, ...; all parts together at most 1."""


def telescope(t: int) -> float:
    """1 / (t (t + 1)): the first t parts sum to t / (t + 1), in the end to 1. No constant to look up."""
    return 1.0 / (t * (t + 1))


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one hypothesis: `log_e` was held against `log_threshold`."""

    log_e: float
    log_threshold: float

    @property
    def is_discovery(self) -> bool:
        return self.log_e >= self.log_threshold


@dataclass(frozen=True, slots=True)
class Stream:
    """e-LOND: hypotheses in the order in which they are closed, each decided at once and for good.

    The t-th is a discovery if e >= 1 / (alpha * share(t) * (discoveries so far + 1)). Its e-value must have mean at
    most 1 under its null, given what came before it or not: any dependence between hypotheses is allowed. When it is
    closed may depend on the past if e is the value, at that time, of an e-process that is fair to who sees all subjects
    (else adjust it first). FDR at most alpha, at any time.

    Weakness: the shares shrink, so discoveries far apart cost ever more. Start a new stream, with an alpha of its own,
    for each product or quarter, and say so.

    Source: Xu & Ramdas (2024), "Online multiple testing with e-values", AISTATS.
    """

    alpha: float
    tested: int = 0
    found: int = 0
    share: Shares = telescope

    def __post_init__(self) -> None:
        _check(self.alpha)

    @property
    def next_level(self) -> float:
        """The level at which the next hypothesis will be tested; a discovery needs e >= 1 / level."""
        return self.alpha * self.share(self.tested + 1) * (self.found + 1)

    @property
    def alpha_spent(self) -> float:
        """Which part of alpha has been given out, before discoveries earned any back; below alpha for ever."""
        return self.alpha * math.fsum(self.share(t) for t in range(1, self.tested + 1))

    def test(self, log_e: float) -> tuple[Decision, Stream]:
        """Decide the next hypothesis; the stream that goes on from there."""
        level = self.next_level
        decision = Decision(log_e, -math.log(level) if level > 0.0 else math.inf)
        return decision, replace(self, tested=self.tested + 1, found=self.found + decision.is_discovery)


def adjusted_discoveries(log_suprema: Sequence[float], alpha: float, kappa: float = MIXTURE) -> list[int]:
    """e-BH on *adjusted* running maxima of a fixed list of e-processes; valid whenever it is applied, and often.

    `log_suprema`: log of the largest wealth so far (`Wealth.log_supremum`). Discoveries are never taken back while
    the list stays the same. Source: Tavyrikov, Goeman & de Heide (2025), arXiv 2501.19360.
    """
    _check(alpha)
    return discoveries(log_adjusted(np.asarray(log_suprema, np.float64), kappa).tolist(), alpha)


def live_discoveries(
    log_suprema: Sequence[float], alpha: float, share: Shares = telescope, kappa: float = MIXTURE
) -> list[int]:
    """The same for a list that grows: positions in the order of entry, earlier ones with the larger part of alpha.

    The largest k such that k of the first K have A(M_j) >= 1 / (alpha * share(j) * k). A hypothesis enters when it is
    frozen, and its wealth starts at 1 from then on: what made it a candidate must not be bet on. Neither new
    hypotheses nor more evidence take a discovery back.

    Source: Fischer, Xu & Ramdas (2024), "An online generalization of the (e-)Benjamini-Hochberg procedure",
    arXiv 2407.20683, applied to adjusted maxima as in arXiv 2501.19360.
    """
    _check(alpha)
    log_e = log_adjusted(np.asarray(log_suprema, np.float64), kappa)
    parts = np.array([share(t) for t in range(1, len(log_e) + 1)], np.float64)
    with np.errstate(divide="ignore"):
        weighed = log_e + np.log(alpha * parts)  # reject if weighed + log k >= 0
    ordered = np.sort(weighed)[::-1]
    enough = np.flatnonzero(ordered + np.log(np.arange(1, len(ordered) + 1)) >= 0.0)
    if len(enough) == 0:
        return []
    return [int(at) for at in np.flatnonzero(weighed >= -math.log(enough[-1] + 1))]


def share_together(before: int, count: int) -> float:
    """The part of alpha that each of `count` hypotheses gets that enter at once after `before` others.

    The parts that `telescope` has for these places, evened out, so that nobody has to say who of them came first; who
    said it by looking at the evidence would spend alpha twice. All parts together stay below 1.
    """
    return 1.0 / ((before + 1) * (before + count + 1))


def joining(log_e: Sequence[float], shares: Sequence[float], found: int, alpha: float) -> list[int]:
    """Positions of open hypotheses that become discoveries beside the `found` earlier ones, at any number of looks.

    The largest r such that r of them have e >= 1 / (alpha * share * (found + r)), and those. Condition: a hypothesis's
    e-value *never falls* from look to look and has mean at most 1 in the end, as a sum of e-values with weights that
    were fixed beforehand has. Such a value is its own largest so far, so nothing is adjusted. Leaving hypotheses out
    that pass (for a verdict, an alarm) is allowed as long as they do not count as found.

    Why: who joins when d have been found in all has 1 <= alpha * share * d * e, and d never falls, so the false share
    at any later time is at most the sum over true nulls of alpha * share * e; its mean is at most alpha, under any
    dependence, and for the worst look. With one hypothesis a look this is e-LOND that may decide later.

    Source: Fischer, Xu & Ramdas (2024), arXiv 2407.20683, and Xu & Ramdas (2024), as above.
    """
    _check(alpha)
    with np.errstate(divide="ignore"):
        weighed = np.asarray(log_e, np.float64) + np.log(alpha * np.asarray(shares, np.float64))
    ordered = np.sort(weighed)[::-1]
    enough = np.flatnonzero(ordered + np.log(found + np.arange(1, len(ordered) + 1)) >= 0.0)
    if len(enough) == 0:
        return []
    return [int(at) for at in np.flatnonzero(weighed >= -math.log(found + enough[-1] + 1))]


def _check(alpha: float) -> None:
    if not 0.0 < alpha <= 1.0:
        raise UsageError(f"alpha = {alpha} is no false-discovery rate", "Give one above 0 and at most 1")
