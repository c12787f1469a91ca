"""A student that is a network: words as vectors, one hidden layer, trained by gradients, in numpy.

Where a student that counts keeps every pair that it saw, this one generalises, and forgets while it learns something
else. It knows one word of context, as the mark does.

Source of the shape: Bengio et al. (2003), A neural probabilistic language model, with a context of one word.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from stillwatch.experiments.source import Tokens

Floats = NDArray[np.float32]

WIDTH, HIDDEN = 48, 96
RATE = 2e-3
"""Of Adam. Chosen: usual for so small a network; not searched."""
_AT_ONCE = 256
_SLOW, _SLOWER, _TINY = 0.9, 0.99, 1e-8
"""Adam's two memories (Kingma & Ba 2015), the second shorter than theirs since it learns a few hundred steps."""


class Network:
    """Vectors (words, 48), a layer of 96 with tanh, and scores of all words. The same seed is the same."""

    def __init__(self, words: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shapes = ((words, WIDTH), (WIDTH, HIDDEN), (HIDDEN, words), (words,))
        spread = (1.0, WIDTH**-0.5, HIDDEN**-0.5, 0.0)
        self._parts = [
            (rng.normal(size=shape) * wide).astype(np.float32) for shape, wide in zip(shapes, spread, strict=True)
        ]
        self._means = [np.zeros_like(part) for part in self._parts]
        self._squares = [np.zeros_like(part) for part in self._parts]
        self._steps = 0

    def learn(self, texts: Tokens, epochs: int, rng: np.random.Generator) -> Iterator[float]:
        """Train on texts, (texts, length); yields the mean loss of each epoch, in nats a word."""
        before, after = texts[:, :-1].ravel(), texts[:, 1:].ravel()
        for _ in range(epochs):
            order = rng.permutation(len(before))
            batches = np.array_split(order, -(-len(order) // _AT_ONCE))
            yield float(np.mean([self._step(before[batch], after[batch]) for batch in batches]))

    def copy(self) -> Network:
        """Another with the same weights, to be trained on."""
        return deepcopy(self)

    def chances(self, contexts: Tokens) -> NDArray[np.float64]:
        """What it would say after each of these words, with which chance; (contexts, words)."""
        vectors, layer, out, bias = self._parts
        return _softmax(np.tanh(vectors[contexts] @ layer) @ out + bias).astype(np.float64)

    def answers(self, words: Tokens, length: int, rng: np.random.Generator) -> Tokens:
        """What it says after each of these words, (words, length)."""
        sums = np.cumsum(self.chances(np.arange(len(self._parts[0]))), axis=1)
        found = np.empty((len(words), length), np.int64)
        last = words
        for place in range(length):
            draws = rng.random(len(last)) * sums[last, -1]
            last = np.array([np.searchsorted(sums[word], draw) for word, draw in zip(last, draws, strict=True)])
            found[:, place] = last
        return found

    def _step(self, before: Tokens, after: Tokens) -> float:
        vectors, layer, out, bias = self._parts
        given = vectors[before]
        hidden = np.tanh(given @ layer)
        error = _softmax(hidden @ out + bias)
        rows = np.arange(len(after))
        loss = float(-np.log(error[rows, after] + 1e-12).mean())
        error[rows, after] -= 1
        error /= len(after)
        back = (error @ out.T) * (1 - hidden * hidden)
        of_vectors = np.zeros_like(vectors)
        np.add.at(of_vectors, before, back @ layer.T)
        self._adam([of_vectors, given.T @ back, hidden.T @ error, error.sum(axis=0)])
        return loss

    def _adam(self, slopes: list[Floats]) -> None:
        self._steps += 1
        for part, mean, square, slope in zip(self._parts, self._means, self._squares, slopes, strict=True):
            mean += (1 - _SLOW) * (slope - mean)
            square += (1 - _SLOWER) * (slope * slope - square)
            rate = RATE * (1 - _SLOWER**self._steps) ** 0.5 / (1 - _SLOW**self._steps)
            part -= rate * mean / (np.sqrt(square) + _TINY)


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found
