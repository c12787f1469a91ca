"""Which of very many accounts? How often the right one is named, and how often a wrong one, by exact simulation.

All accounts' keys are looked for in the same cells, those that are not the fleet's. So each wrong key's count of green
cells is one and the same binomial law, independent of the others', and the largest of a million of them is drawn in one
step from the law of a maximum. The right key's cells are green with another share.
"""

from __future__ import annotations

import msgspec
import numpy as np
from scipy.stats import binom

from stillwatch.stats.binomial import both
from stillwatch.watermark.detect import cells_needed

GAMMA = 0.25
LEVEL = 1e-3
"""Of naming anybody wrongly, over all candidates. Chosen: an accusation."""
POPULATIONS = (10, 1_000, 1_000_000)
EXCESSES = (0.01, 0.02, 0.05, 0.1, 0.3)
"""Green shares above chance in an account's own cells: from what a student keeps of a twentieth of marked text, to
marked text itself."""
COLLUDERS = (1, 5, 50)


class Attributed(msgspec.Struct, frozen=True, kw_only=True):
    """Of `trials` audits: how often the right account stands first, is named, and how often a wrong one is named."""

    accounts: int
    cells: int
    excess: float
    trials: int
    first: int
    named: int
    wrong: int
    wrong_at_most: float


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """Distinct cells of the account's layer that name one of `colluders`, with chance 99 %."""

    accounts: int
    colluders: int
    excess: float
    cells: int


def attributed(accounts: int, cells: int, excess: float, trials: int, rng: np.random.Generator) -> Attributed:
    """Simulated: one account's text was learned from, `accounts` are candidates."""
    right = rng.binomial(cells, GAMMA + excess, trials)
    # P(all of m are at most x) = F(x)^m, so the largest is F^-1(U^(1/m)); 1 - U^(1/m) keeps its digits with expm1.
    above = -np.expm1(np.log(rng.random(trials)) / (accounts - 1))
    largest = binom.isf(above, cells, GAMMA)
    is_first = (right > largest) | ((right == largest) & (rng.random(trials) < 0.5))
    least = binom.isf(LEVEL / accounts, cells, GAMMA) + 1
    wrong = int((largest >= least).sum())
    return Attributed(
        accounts=accounts,
        cells=cells,
        excess=excess,
        trials=trials,
        first=int(is_first.sum()),
        named=int((right >= least).sum()),
        wrong=wrong,
        wrong_at_most=both(wrong, trials).high,
    )


def curves(trials: int = 10_000, seed: int = 1) -> list[Attributed]:
    """Over populations, excesses, and numbers of cells from a long document's to a large audit's."""
    rng = np.random.default_rng(seed)
    return [
        attributed(accounts, cells, excess, trials, rng)
        for excess in EXCESSES
        for cells in (100, 1_000, 10_000, 100_000)
        for accounts in POPULATIONS
    ]


def table() -> list[Needed]:
    """What is needed where `colluders` share what one account would have left: each keeps its part of the excess."""
    return [
        Needed(
            accounts=accounts,
            colluders=colluders,
            excess=excess,
            cells=cells_needed(GAMMA + excess / colluders, GAMMA, LEVEL / accounts),
        )
        for excess in EXCESSES
        for colluders in COLLUDERS
        for accounts in POPULATIONS
    ]
