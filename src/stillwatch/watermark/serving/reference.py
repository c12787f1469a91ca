"""The sampler that all others are measured by: temperature, top-k, top-p, then the marks, then the draw; numpy alone.

Slow and plain. An adapter is right if, given the same logits, it changes them as `Sampler.scores` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.watermark.serving.drawing import Draws
from stillwatch.watermark.serving.mark import NO_TOKEN, Mark, marked

Logits = NDArray[np.float32]
Text = Sequence[int]


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a request asks of the sampler. `temperature` 0 takes the likeliest; `top_k` 0 and `top_p` 1 keep all."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.temperature < np.inf and self.top_k >= 0 and 0 < self.top_p <= 1):
            raise UsageError(f"nobody can sample with {self}", "Temperature and top_k from 0 on, top_p in (0, 1]")


class Sampler:
    """Samples a batch of answers, each with its own keys. One owner. `seed`: of what is drawn without a key."""

    def __init__(self, marks: Sequence[Mark | None], sampling: Sampling | None = None, seed: int = 0) -> None:
        """`marks`: one for each answer."""
        self._sampling = sampling or Sampling()
        self._coins = np.random.default_rng(seed)
        self._marks = tuple(marks)
        self._draws = [Draws(mark, self._coins) if mark is not None and mark.draws else None for mark in marks]

    def scores(self, logits: Logits, texts: Sequence[Text]) -> Logits:
        """What is drawn from: (answers, tokens), minus infinity for what cannot come. `texts`: the tokens so far."""
        with np.errstate(invalid="ignore", over="ignore"):  # what is no number is told where it would be drawn
            warped = _warped(logits, self._sampling)
        return marked(warped, tails(texts), self._marks)

    def next(self, logits: Logits, texts: Sequence[Text]) -> list[int]:
        """The next token of each answer."""
        scores, before = self.scores(logits, texts), tails(texts)
        return [self._next(row, scores[row].astype(np.float64), before[row]) for row in range(len(scores))]

    def _next(self, row: int, scores: NDArray[np.float64], tail: NDArray[np.int64]) -> int:
        chances = probabilities(scores)
        if not self._sampling.temperature:
            return int(np.argmax(scores))
        draws = self._draws[row]
        if draws is not None and (drawn := draws.draw(chances, tail)) is not None:
            return drawn
        return int(self._coins.choice(len(chances), p=chances))


def probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each token, from one row of scores. Raises `UsageError` where one is no number or nothing can come."""
    highest = scores.max()
    if not np.isfinite(highest):
        raise UsageError(
            "a model's scores of the next token hold what is no number, or no token can come",
            "Look at the model: where it overflows, 32-bit numbers help; nothing was drawn",
        )
    weights = np.exp(scores - highest)
    found: NDArray[np.float64] = weights / weights.sum()
    return found


def tails(texts: Sequence[Text]) -> NDArray[np.int64]:
    """The last two tokens of each text, `NO_TOKEN` where there is none; (texts, 2)."""
    found = [[NO_TOKEN, NO_TOKEN, *text[-2:]][-2:] for text in texts]
    return np.array(found, np.int64).reshape(-1, 2)


def _warped(logits: Logits, sampling: Sampling) -> Logits:
    """Temperature, then top-k, then top-p; ties at the edge of top-k stay in."""
    scores = logits / np.float32(sampling.temperature) if sampling.temperature else logits.copy()
    if 0 < sampling.top_k < scores.shape[1]:
        least = np.partition(scores, -sampling.top_k, axis=1)[:, -sampling.top_k, None]
        scores[scores < least] = -np.inf
    if sampling.top_p < 1:
        order = np.argsort(-scores, axis=1, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=1).astype(np.float64)
        weights = np.exp(ranked - ranked[:, :1])
        before = np.cumsum(weights, axis=1) - weights
        kept = before < sampling.top_p * weights.sum(axis=1, keepdims=True)
        is_kept = np.empty_like(kept)
        np.put_along_axis(is_kept, order, kept, axis=1)
        scores[~is_kept] = -np.inf
    return scores
