"""How one answer is marked, and a batch of answers, each under keys of its own.

The one place where adapters and the reference meet: whatever an engine calls its rows, what happens to them is
`marked`. The marks come after temperature, top-k and top-p, so that `strength` means the same at every temperature and
only tokens that can still come are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.watermark import gate
from stillwatch.watermark.contexts import last_contexts
from stillwatch.watermark.keys import MarkKey
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import Scores, raise_green
from stillwatch.watermark.scheme import Kind
from stillwatch.watermark.ticket import STRONGEST

NO_TOKEN = -1
"""Stands for a token that is not there: before the first of a text, or not known yet."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How one answer is marked: under the fleet's key and its account's, by this many logits, where at least this much
    is uncertain. In a scheme that draws, any strength above 0 draws.

    `cooling`: the temperature that scores will still be divided by, in an engine that marks too early; the head start
    is as much larger, so that `strength` is what is left of it.

    Raises `UsageError` for keys that do not belong together, and for a strength or a gate that means nothing.
    """

    fleet: MarkKey
    account: MarkKey | None
    strength: float
    least_nats: float = 0.0
    cooling: float = 1.0
    layers: Layers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= STRONGEST:
            raise UsageError(f"a mark's strength is {self.strength}", f"Give logits from 0 to {STRONGEST:g}")
        if not 0 <= self.least_nats < np.inf:
            raise UsageError(f"a mark's gate is {self.least_nats} nats", "Give a number from 0 on")
        if not 0 < self.cooling < np.inf:
            raise UsageError(f"a temperature to come is {self.cooling}", "Give a number above 0")
        object.__setattr__(self, "layers", Layers(self.fleet, self.account))

    @property
    def window(self) -> int:
        """How many tokens of context it takes."""
        return self.fleet.scheme.window

    @property
    def head_start(self) -> float:
        """Of green tokens, in logits as they are now."""
        return self.strength * self.cooling

    @property
    def draws(self) -> bool:
        """Is the draw itself keyed, instead of logits raised?"""
        return self.fleet.scheme.kind is Kind.GUMBEL and self.strength > 0


def marked(scores: Scores, tails: NDArray[np.int64], marks: Sequence[Mark | None]) -> Scores:
    """Scores with each row marked in its own way; a new array.

    `scores`: (rows, tokens); `tails`: (rows, 2), the last two tokens of each row, `NO_TOKEN` where there is none; None
    for a row that is not marked. A row that lacks context is left as it is.
    """
    raised = scores.copy()
    for mark, rows in alike(marks).items():
        known = _open(scores, with_context(tails, rows, mark.window), mark)
        contexts = last_contexts(tails[known, -mark.window :], mark.window)
        for place, row in enumerate(known):  # one by one: a row stays in the processor's cache
            raise_green(raised[row : row + 1], contexts[place : place + 1], mark.layers, mark.head_start)
    return raised


def _open(scores: Scores, rows: NDArray[np.int64], mark: Mark) -> NDArray[np.int64]:
    if not mark.least_nats:
        return rows
    with np.errstate(invalid="ignore", over="ignore"):  # rows that are no numbers are not open
        return rows[gate.is_open(scores[rows] / mark.cooling, mark.least_nats)]


def alike(marks: Sequence[Mark | None]) -> dict[Mark, NDArray[np.int64]]:
    """The rows of each mark that raises logits."""
    rows: dict[Mark, list[int]] = {}
    for row, mark in enumerate(marks):
        if mark is not None and mark.strength > 0 and not mark.draws:
            rows.setdefault(mark, []).append(row)
    return {mark: np.array(found) for mark, found in rows.items()}


def with_context(tails: NDArray[np.int64], rows: NDArray[np.int64], window: int) -> NDArray[np.int64]:
    """Those of the rows that have as many tokens before them as a context takes."""
    found: NDArray[np.int64] = rows[(tails[rows, -window:] >= 0).all(axis=1)]
    return found
