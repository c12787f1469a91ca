"""Is a text drawn under a key? The exact test of keyed draws, for one key and its second.

Null: the text has nothing to do with the key. Then the surprises -log(1 - u) of distinct cells are independent
exponentials of mean 1 under the key and again under its second, whatever the text says. Nine tenths of an answer's
draws are under the first key and a tenth under the second, so the two sums are added with these weights, which are the
best for a weak mark, and the tail of that sum is exact.

A context that an answer has had before is drawn without a key: of each text only the first cell of a context counts
(`cells.first_cells_of`). Which these are depends on the text alone, so the null stays what it is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stillwatch.watermark.cells import Cells
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.gamma_sums import tail
from stillwatch.watermark.gumbel import OTHER, surprises
from stillwatch.watermark.keys import MarkKey, second_key
from stillwatch.watermark.prf import Prf

WEIGHTS = (1 - OTHER, OTHER)
"""Of the first and the second key's surprises: their shares of the draws."""
_MOST_CHOICES = 1_000


@dataclass(frozen=True, slots=True)
class DrawScore:
    """Of one key: how surprising `cells` distinct cells are. `p` is None where there are too few to judge."""

    cells: int
    total: float
    p: float | None

    @property
    def share(self) -> float:
        """The mean surprise of a cell; 1 without a mark."""
        return self.total / self.cells if self.cells else 0.0


def surprise(cells: Cells, key: MarkKey) -> NDArray[np.float64]:
    """How surprising each cell is under a key and its second together; of mean 1 without a mark."""
    by_key = [surprises(Prf(one), cells.contexts, cells.tokens) for one in (key.material, second_key(key))]
    found: NDArray[np.float64] = WEIGHTS[0] * by_key[0] + WEIGHTS[1] * by_key[1]
    return found


def scored_draws(cells: Cells, key: MarkKey) -> DrawScore:
    """How surprising these cells are; `cells`: of `first_cells_of`, and of the key's own contexts."""
    return draw_score(len(cells), float(surprise(cells, key).sum()))


def draw_score(cells: int, total: float) -> DrawScore:
    """P(so many cells without a mark are at least as surprising), exactly; None for too few cells."""
    return DrawScore(cells, total, None if cells < LEAST_CELLS else tail(cells, WEIGHTS, total))


def draws_needed(choices: float, level: float, power: float = 0.99) -> int:
    """How many distinct cells reach `level` with chance `power`, where each had `choices` equally likely tokens.

    The level is exact; the chance is a normal approximation, right to some per cent from 30 cells on. Raises
    `ValueError` where nothing is drawn: at one choice.
    """
    if choices <= 1:
        raise ValueError(f"among {choices} tokens nothing is drawn")
    high = LEAST_CELLS
    while not _reaches(high, choices, level, power):
        high *= 2
    cells = range(high // 2, high + 1)
    return cells[bisect_left(cells, True, key=lambda count: _reaches(count, choices, level, power))]


def choices_seen(cells: int, level: float, power: float = 0.99) -> int | None:
    """Of how many equally likely tokens each has to be drawn for so many cells to reach `level`; None beyond a
    thousand, where no text is.
    """
    choices = range(2, _MOST_CHOICES + 1)
    found = bisect_left(choices, True, key=lambda count: _reaches(cells, count, level, power))
    return choices[found] if found < len(choices) else None


def _reaches(cells: int, choices: float, level: float, power: float) -> bool:
    mean, variance = _moments(choices)
    sure = cells * mean - norm.isf(1 - power) * np.sqrt(cells * variance)
    return tail(cells, WEIGHTS, float(sure)) <= level


def _moments(choices: float) -> tuple[float, float]:
    """Mean and variance of a marked cell's weighted surprise. The largest of k uniforms has surprise H_k, and
    variance the sum of 1 / i^2 (Renyi 1953); the other key's is an exponential.
    """
    terms = 1 / np.arange(1, round(choices) + 1)
    drawn, spread = float(terms.sum()), float((terms**2).sum())
    means, squares = [], []
    for own, other in (WEIGHTS, WEIGHTS[::-1]):
        mean = own * drawn + other
        means.append(mean)
        squares.append(own**2 * spread + other**2 + mean**2)
    mean = float(np.dot(WEIGHTS, means))
    return mean, float(np.dot(WEIGHTS, squares)) - mean**2
