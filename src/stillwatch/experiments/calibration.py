"""Does a key that marked nothing cross a level as often as the level says, and what happens where the rules are broken?

Each wrong key is a fresh draw of all coins of the same cells, so keys are independent trials and the bounds exact. Two
mistakes stand beside: cells counted as often as they are said, and contexts chosen from the marked text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.chernoff import Mass
from stillwatch.audit.finding import p_of
from stillwatch.audit.radioactivity import scored
from stillwatch.audit.reading import PANEL_WEIGHED, weighed
from stillwatch.audit.said import Said, set_against
from stillwatch.experiments.source import Tokens
from stillwatch.stats.binomial import both, chance_of_so_many
from stillwatch.watermark.cells import Cells, cells_of
from stillwatch.watermark.detect import Score
from stillwatch.watermark.keys import MarkKey

LEVELS = (0.05, 0.01, 0.001)


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """How many of `keys` wrong keys crossed a level, the bounds of that rate at 95 %, and the chance of so many."""

    what: str
    level: float
    keys: int
    crossed: int
    low: float
    high: float
    chance: float


def counted_once(answers: Tokens) -> Cells:
    """The product's way."""
    return cells_of(answers, 1)


def counted_each_time(answers: Tokens) -> Cells:
    """The trap: a cell that is said a thousand times counts a thousand times."""
    return Cells(answers[:, :-1].ravel().astype(np.uint64), answers[:, 1:].ravel().astype(np.uint64))


def crossings(what: str, cells: Cells, wrong: Sequence[MarkKey]) -> list[Crossed]:
    """At each level, for wrong keys on these cells."""
    return of_scores(what, lambda key: scored(cells, Candidate(key)), wrong)


def weighed_crossings(what: str, suspect: Said, reference: Said, wrong: Sequence[MarkKey]) -> list[Crossed]:
    """The same where cells weigh what was said of them beside a reference; p is an upper bound then."""
    found = set_against(suspect, reference).heaviest(PANEL_WEIGHED)
    return of_scores(what, lambda key: weighed(found, Candidate(key)), wrong)


def of_scores(what: str, test: Callable[[MarkKey], Score | Mass], wrong: Sequence[MarkKey]) -> list[Crossed]:
    """At each level, for any test of one key."""
    p = np.array([p_of(test(key)) for key in wrong])
    found = []
    for level in LEVELS:
        hits = int((p <= level).sum())
        bounds = both(hits, len(p))
        found.append(
            Crossed(
                what=what,
                level=level,
                keys=len(p),
                crossed=hits,
                low=bounds.low,
                high=bounds.high,
                chance=chance_of_so_many(hits, len(p), level),
            )
        )
    return found
