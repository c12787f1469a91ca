"""A student: a model of pairs of words, trained on texts, that knows nothing of keys.

Witten and Bell's interpolation (1991): after a word it says what followed it in training, or, as often as something
new followed it there, any word by its frequency. The simplest learner that carries a mark of one word's context; what
it carries is what counting carries, and a network carries at least the part that it generalises.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]
Floats = NDArray[np.float64]


class Student:
    """Trained once, on (texts, length) tokens of `words` words."""

    def __init__(self, texts: Tokens, words: int) -> None:
        before, after = texts[:, :-1].ravel(), texts[:, 1:].ravel()
        self._after = after[np.argsort(before, kind="stable")].astype(np.int32)  # half of what 15 million words take
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(before, minlength=words))))
        self._all = texts.ravel().astype(np.int32)
        self._words = words
        self._pairs, self._counts = np.unique(before * words + after, return_counts=True)
        seen = np.diff(self._starts)
        new = np.bincount(self._pairs // words, minlength=words)
        self._known = seen / np.maximum(seen + new, 1)  # 0 for a word that was never followed

    def answers(self, words: Tokens, length: int, rng: np.random.Generator) -> Tokens:
        """What it says after each of these words, (words, length)."""
        found = np.empty((len(words), length), np.int64)
        last = words
        for place in range(length):
            starts, counts = self._starts[last], self._starts[last + 1] - self._starts[last]
            place_in = starts + (rng.random(len(last)) * counts).astype(np.int64)
            anything = self._all[rng.integers(0, len(self._all), len(last))]
            is_known = rng.random(len(last)) < self._known[last]
            last = np.where(is_known, self._after[np.minimum(place_in, len(self._after) - 1)], anything)
            found[:, place] = last
        return found

    def chance(self, before: Tokens, after: Tokens) -> Floats:
        """How likely each word of `after` is to follow the one of `before`; both of one shape."""
        usual = np.bincount(self._all, minlength=self._words)[after] / len(self._all)
        wanted = before * self._words + after
        places = np.minimum(np.searchsorted(self._pairs, wanted), len(self._pairs) - 1)
        seen = np.where(self._pairs[places] == wanted, self._counts[places], 0)
        total = self._starts[before + 1] - self._starts[before]
        known = self._known[before]
        found: Floats = known * seen / np.maximum(total, 1) + (1 - known) * usual
        return found

    def chances(self, contexts: Tokens) -> Floats:
        """What it would say after each of these words, with which chance; (contexts, words)."""
        usual = np.bincount(self._all, minlength=self._words) / len(self._all)
        found = (1 - self._known[contexts])[:, None] * usual
        for row, word in enumerate(contexts):
            low, high = np.searchsorted(self._pairs, [word * self._words, (word + 1) * self._words])
            counts = self._counts[low:high]
            if len(counts):
                found[row, self._pairs[low:high] % self._words] += self._known[word] * counts / counts.sum()
        return found
