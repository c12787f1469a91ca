"""A drift alarm: does the calibration still describe honest traffic?

Every p-value of Stillwatch assumes that honest subjects of today are like those of the reference. If they are, the
smoothed p-values of benign newcomers, each ranked among the reference *and the newcomers before it* (`transduced`), are
independent and uniform, exactly, ties or not. A gambler who bets against that cannot get rich: its capital reaches
1/alpha, ever, with chance at most alpha. When it does, the calibration is to be made again.

What it cannot see: drift that keeps the score's distribution; drift so slow that newcomers teach the reference before
the bets pay (the comparison is with all that came before). And a campaign among the newcomers is drift, too: feed it
units that are benign by other means, or read an alarm as "the reference or the traffic has changed".

Source: Vovk, Petej, Nouretdinov, Ahlberg, Carlsson & Gammerman (2021), "Retrain or not retrain: conformal test
martingales for change-point detection", COPA (the Simple Jumper, its algorithm 1).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError

Floats = NDArray[np.float64]

JUMPS = (1e-4, 1e-3, 1e-2, 1e-1)
"""How often the gambler changes its mind, per p-value: each rate gets a quarter of the capital. Slow ones gain from a
lasting shift, quick ones from a short one."""
SLOPES = (-1.0, 0.0, 1.0)
"""What it believes in: small p-values, none, large ones. The bet is 1 + slope * (p - 1/2), as in the paper."""


def transduced(scores: Floats, benign: Floats, coins: Floats) -> Floats:
    """P-values of newcomers in their order, each ranked among `benign` and the newcomers before it; all (m,).

    `coins`: uniform on 0 .. 1 and independent of the scores; they break ties. If scores and reference are exchangeable
    the p-values are independent and uniform (Vovk, Gammerman & Shafer 2005). O(m log(n + m)) comparisons.
    """
    if len(coins) != len(scores):
        raise UsageError(f"{len(coins)} coins do not fit {len(scores)} scores", "Draw one for each")
    seen = sorted(benign.tolist())
    p = np.empty(len(scores))
    for place, (score, coin) in enumerate(zip(scores.tolist(), coins.tolist(), strict=True)):
        above = len(seen) - bisect_right(seen, score)
        equal = len(seen) - bisect_left(seen, score) - above
        p[place] = (above + coin * (1 + equal)) / (len(seen) + 1)
        insort(seen, score)
    return p


def ranked_again(p: Floats, reference: int, heard: Floats, coins: Floats) -> Floats:
    """What `transduced` makes of newcomers of whom only smoothed p-values are kept; `p`, `coins` and result (m,).

    `p`: of the newcomers, each ranked among `reference` benign units alone (`conformal.smoothed_p_values`); `heard`: of
    those before them. A p-value says between which benign scores its subject lies. Where it lies among newcomers in the
    same gap is lost and left to the coins that smoothed them. That is as good: the gaps are draws from Polya's urn, in
    which each is chosen with a weight of one more than it holds, so with a coin every rank is equally likely.
    """
    seen = sorted(heard.tolist())
    again = np.empty(len(p))
    for place, (one, coin) in enumerate(zip(p.tolist(), coins.tolist(), strict=True)):
        above = min(int(one * (reference + 1)), reference) + bisect_left(seen, one)
        equal = bisect_right(seen, one) - bisect_left(seen, one)
        again[place] = (above + coin * (1 + equal)) / (reference + len(seen) + 1)
        insort(seen, one)
    return again


def log_martingale(p: Floats) -> Floats:
    """Log of the gambler's capital after each p-value; `p` (..., m) and the result alike. Starts from 1."""
    return _path(p, _start(p.shape[:-1]))[0]


@dataclass(frozen=True, eq=False)
class Drift:
    """The alarm's state, carried from day to day: `update` with each day's p-values, in their order."""

    alpha: float
    log_capital: Floats  # (jumps, slopes): of each gambler
    log_peak: float = 0.0  # the largest total capital so far
    seen: int = 0
    alarmed_at: int | None = None  # how many p-values had been seen when it first rang

    @classmethod
    def start(cls, alpha: float) -> Drift:
        """Before any p-value. `alpha`: the chance of ever ringing while nothing has changed."""
        if not 0.0 < alpha < 1.0:
            raise UsageError(f"alpha = {alpha} is no level", "Give one between 0 and 1, both excluded")
        return cls(alpha, _start(()))

    @property
    def log_value(self) -> float:
        """Log of the capital now."""
        return float(np.logaddexp.reduce(self.log_capital, axis=None))

    @property
    def is_alarm(self) -> bool:
        """Whether the capital has ever been 1/alpha. It stays so: make a new reference and start again."""
        return self.alarmed_at is not None

    def update(self, p: Floats) -> Drift:
        """The state after `p` (m,); the same in one piece or in many. Raises `UsageError` for what is no p-value."""
        if not np.all((p >= 0.0) & (p <= 1.0)):
            raise UsageError("a drift alarm was given what is no p-value", "Give numbers from 0 to 1")
        path, capital = _path(p, self.log_capital)
        rung = np.flatnonzero(path >= -math.log(self.alpha))
        at = self.alarmed_at
        if at is None and len(rung):
            at = self.seen + int(rung[0]) + 1
        return Drift(self.alpha, capital, max(self.log_peak, *path.tolist(), 0.0), self.seen + len(p), at)


def _start(worlds: tuple[int, ...]) -> Floats:
    return np.full((*worlds, len(JUMPS), len(SLOPES)), -math.log(len(JUMPS) * len(SLOPES)))


def _path(p: Floats, log_capital: Floats) -> tuple[Floats, Floats]:
    """Total log capital after each p-value (..., m), and each gambler's in the end (..., jumps, slopes).

    Capital is kept as shares of a running total, so nothing under- or overflows however long the stream is.
    """
    slopes, jump = np.array(SLOPES), np.array(JUMPS)[:, None]
    total = np.logaddexp.reduce(log_capital, axis=(-2, -1))
    share = np.exp(log_capital - total[..., None, None])
    path = np.empty(p.shape)
    for step in range(p.shape[-1]):
        share = (1.0 - jump) * share + jump / len(slopes) * share.sum(axis=-1, keepdims=True)
        share = share * (1.0 + slopes * (p[..., step, None, None] - 0.5))
        gain = share.sum(axis=(-2, -1))
        share = share / gain[..., None, None]
        total = total + np.log(gain)
        path[..., step] = total
    return path, np.asarray(np.log(share) + total[..., None, None], np.float64)
