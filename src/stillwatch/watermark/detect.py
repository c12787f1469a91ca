"""Is a text marked under a key? The exact test of its distinct cells, for one key and for a family of keys.

Null: the text has nothing to do with the key. Then each distinct cell is green with chance gamma, independently,
whatever the text says; the randomness is the key's. So the count is exactly binomial, and so is the p-value, at any
length. Assumes: the key is secret and was fixed before (a commitment shows it), cells count once, and prompts that
may carry the mark are taken out. Says: the text, or what it was copied from, was made under this key. Does not say:
by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv
from scipy.stats import binom

from stillwatch.watermark.cells import Cells
from stillwatch.watermark.keys import MarkKey
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green

LEAST_CELLS = 16
"""Below, no test can reach 1e-6 at a green share that texts show; the answer is "cannot tell". See `cells_needed`."""

MOST_CELLS = 1 << 30
"""That a text is asked to have: more than any has, and as far as the binomial's inverse is exact."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one key: `greens` of `cells` distinct cells. `p` is None where there are too few to judge."""

    cells: int
    greens: int
    gamma: float
    p: float | None

    @property
    def share(self) -> float:
        """Of green cells; gamma without a mark."""
        return self.greens / self.cells if self.cells else 0.0


def scored(cells: Cells, layers: Layers) -> Score:
    """How green these cells are under this key or these keys."""
    greens = int(green(layers, cells.contexts, cells.tokens).sum())
    return score(len(cells), greens, layers.scheme.gamma)


def score(cells: int, greens: int, gamma: float) -> Score:
    """P(at least so many of so many are green), exactly; None for too few cells."""
    if cells < LEAST_CELLS:
        return Score(cells, greens, gamma, None)
    p = float(betainc(greens, cells - greens + 1, gamma)) if greens else 1.0
    return Score(cells, greens, gamma, p)


def owned(cells: Cells, fleet: MarkKey, account: MarkKey) -> Cells:
    """The cells of the account's layer, which alone tell one account from another."""
    return cells.among(np.unique(cells.contexts)[~Layers(fleet, account).is_shared(np.unique(cells.contexts))])


def family(p: Sequence[float]) -> list[float]:
    """p-values adjusted for having tested all of these keys (Holm 1979): the chance of one false name at most alpha."""
    order = np.argsort(p, kind="stable")
    steps = np.asarray(p)[order] * (len(p) - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def cells_needed(share: float, gamma: float, level: float, power: float = 0.99) -> int:
    """How many distinct cells reach `level` with chance `power`, if a share of them is green. Exact; at least as many
    as are judged at all.

    Raises `ValueError` for a share that is not above gamma, or so little that a billion cells do not show it.
    """
    if not gamma < share <= 1:
        raise ValueError(f"a green share is above chance, {gamma}, and at most 1, not {share}")
    high = LEAST_CELLS
    if _reaches(high, share, gamma, level, power):
        return high
    while not _reaches(high, share, gamma, level, power):
        high *= 2
        if high > MOST_CELLS:
            raise ValueError(f"{MOST_CELLS:,} cells do not show a green share of {share} at {level:g}")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reaches(middle, share, gamma, level, power) else (middle, high)
    return high


def share_seen(cells: int, gamma: float, level: float, power: float = 0.99) -> float | None:
    """The green share from which so many cells reach `level` with chance `power`, exactly; None where none does."""
    least = int(binom.isf(level, cells, gamma)) + 1
    return float(betaincinv(least, cells - least + 1, power)) if least <= cells else None


def _reaches(cells: int, share: float, gamma: float, level: float, power: float) -> bool:
    least = int(binom.isf(level, cells, gamma)) + 1  # P(greens >= least) <= level
    return bool(binom.sf(least - 1, cells, share) >= power)
