"""A language that is made up: words that follow each other by fixed chances, in several subjects.

It stands for a teacher: it has a vocabulary whose use is as uneven as that of words (Zipf), a few dozen words that may
follow each, and subjects that shift which come. No text of anybody's is in it. What it lacks: meaning, long range, and
places where only one word can come; real models are surer, and marks in them weaker at the same strength.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green

Tokens = NDArray[np.int64]
Floats = NDArray[np.float32]

SUBJECTS = 12
_SUCCESSORS = 60
"""Words that may follow a word. Chosen: what top-p leaves of a real model's vocabulary in an uncertain place."""
_ZIPF = 1.05
_AT_ONCE = 256
"""Answers: their scores stay in the cache."""
_OF_SUBJECT = 0.15
_TILT = 2.0
"""How much likelier, in logits, a subject makes the share `_OF_SUBJECT` of words."""


class Source:
    """A language of `words` words. The same seed is the same language."""

    def __init__(self, words: int = 3_000, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.words = words
        usual = np.log(1.0 / np.arange(1, words + 1) ** _ZIPF)
        pieces = np.array_split(np.arange(words), -(-words // _AT_ONCE))
        self.successors = np.concatenate([_drawn_without_return(usual, len(piece), rng) for piece in pieces])
        # (words, successors)
        self._logits = np.log(rng.gamma(0.7, size=self.successors.shape) + 1e-6).astype(np.float32)
        self._tilts = (_TILT * (rng.random((SUBJECTS, words)) < _OF_SUBJECT)).astype(np.float32)

    def prompts(self, subjects: Sequence[int], count: int, rng: np.random.Generator) -> tuple[Tokens, Tokens]:
        """Questions: the word that each ends with, and what it is about."""
        about = rng.choice(np.array(subjects, np.int64), count)
        return rng.integers(0, self.words, count), about

    def answers(
        self,
        prompts: tuple[Tokens, Tokens],
        length: int,
        rng: np.random.Generator,
        layers: Layers | None = None,
        strength: float = 0.0,
    ) -> Tokens:
        """An answer to each prompt, (prompts, length), marked where there are layers and a strength."""
        parts = range(0, len(prompts[0]), _AT_ONCE)
        pieces = [(prompts[0][part : part + _AT_ONCE], prompts[1][part : part + _AT_ONCE]) for part in parts]
        return np.concatenate([self._answers(*piece, length, rng, layers, strength) for piece in pieces])

    def _answers(
        self,
        words: Tokens,
        about: Tokens,
        length: int,
        rng: np.random.Generator,
        layers: Layers | None,
        strength: float,
    ) -> Tokens:
        found = np.empty((len(words), length), np.int64)
        last = words
        for place in range(length):
            can_come = self.successors[last]
            scores = self._logits[last] + self._tilts[about[:, None], can_come]
            if layers is not None:
                contexts = np.broadcast_to(last[:, None], can_come.shape).astype(np.uint64)
                scores += green(layers, contexts, can_come.astype(np.uint64)) * np.float32(strength)
            last = found[:, place] = _drawn(scores, can_come, rng)
        return found


def _drawn(scores: Floats, can_come: Tokens, rng: np.random.Generator) -> Tokens:
    noisy = scores + rng.gumbel(size=can_come.shape)
    taken: Tokens = np.take_along_axis(can_come, noisy.argmax(axis=1)[:, None], axis=1)[:, 0]
    return taken


def _drawn_without_return(usual: NDArray[np.float64], times: int, rng: np.random.Generator) -> Tokens:
    """The k largest of log-weights with Gumbel noise are a draw of k without replacement; (times, k)."""
    noisy = usual + rng.gumbel(size=(times, len(usual)))
    found: Tokens = np.argpartition(-noisy, _SUCCESSORS, axis=1)[:, :_SUCCESSORS].copy()  # not a view of all words
    return found
