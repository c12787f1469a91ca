"""How many tokens of marked text a test needs: one question for all contenders, each asked by its own test.

Answers under one key are read one behind the other as one text, each of them once as the first and the rest in an order
drawn by lot. After each token it is asked whether the test finds the mark, at the level, in what was read so far. The
median is where half of these texts are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

LEVEL = 1e-6
_ORDERS = 10
"""Of the answers behind each first one."""
_RESAMPLED = 2_000
_MOST = 0.9


class Needed(msgspec.Struct, frozen=True):
    """Tokens after which half and nine tenths of texts are found; None where fewer are. With the ends of the median's
    95 % interval, by resampling keys and of each its prompts: one key's cells may be greener than another's.
    """

    half: int | None
    low: int | None
    high: int | None
    most: int | None

    def shown(self) -> str:
        """As tables say it."""
        if self.half is None:
            return "not found"
        return f"{self.half} ({self.low} to {_told(self.high)}), nine tenths {_told(self.most)}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Answers under one key, (answers, tokens) both, two to a prompt behind each other. `cells`: the number of the cell
    that a token makes with its context, the same for the same cell, -1 where there is none. `totals`: what it counts.
    """

    cells: np.ndarray
    totals: np.ndarray


def needed(keys: Sequence[Evidence], least: Callable[[int], float]) -> Needed:
    """Of these answers. `least`: the total from which so many distinct cells are found at the level."""
    tokens = keys[0].cells.size
    bounds = np.array([least(count) for count in range(tokens + 1)])
    shares = np.array([_shares(key, bounds).reshape(-1, 2, tokens).mean(1) for key in keys])  # keys, prompts, tokens
    rng = np.random.default_rng(1)
    drawn = [_first(_resampled(shares, rng), 0.5) for _ in range(_RESAMPLED)]
    low, high = np.quantile([tokens + 1 if one is None else one for one in drawn], (0.025, 0.975), method="nearest")
    ends = [None if end > tokens else int(end) for end in (low, high)]
    return Needed(_first(shares, 0.5), ends[0], ends[1], _first(shares, _MOST))


def _resampled(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    keys, prompts = shares.shape[:2]
    return np.asarray(shares[rng.integers(0, keys, (keys, 1)), rng.integers(0, prompts, (keys, prompts))])


def _shares(key: Evidence, bounds: np.ndarray) -> np.ndarray:
    """(answers, tokens): of the orders that begin with this answer, how many are found after so many tokens."""
    rng, answers = np.random.default_rng(1), len(key.cells)
    found = np.zeros((answers, key.cells.size))
    for first in range(answers):
        rest = np.delete(np.arange(answers), first)
        for _ in range(_ORDERS):
            order = np.append(first, rng.permutation(rest))
            found[first] += _is_found(key.cells[order].ravel(), key.totals[order].ravel(), bounds)
    return found / _ORDERS


def _is_found(cells: np.ndarray, totals: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """After each token; every cell counts where it first comes."""
    counts = np.zeros(len(cells), np.bool_)
    counts[np.unique(cells, return_index=True)[1]] = True
    counts &= cells >= 0
    return np.asarray(np.cumsum(totals * counts) >= bounds[np.cumsum(counts)])


def _first(shares: np.ndarray, share: float) -> int | None:
    reached = shares.mean((0, 1)) >= share
    return int(reached.argmax()) + 1 if reached.any() else None


def _told(tokens: int | None) -> str:
    return "more than there are" if tokens is None else f"{tokens}"
