"""The made-up language where answers are marked by keyed draws, in the hybrid layout, many answers at once.

What `watermark.serving.drawing` does to one answer: a context that the answer has not had is drawn under the fleet's
key or the account's, one time in ten under its second key, and a context that comes again without a key.
`tests/experiments/test_drawn.py` holds each word against the product's own drawer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.experiments.source import Source, Tokens
from stillwatch.watermark.gumbel import OTHER
from stillwatch.watermark.keys import MarkKey, second_key
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.scheme import Kind, Scheme

DRAWN = Scheme(kind=Kind.GUMBEL)
_AT_ONCE = 256
"""Answers: what they have had of each word fits the cache."""


class DrawnSource(Source):
    """The same language as `Source` of the same seed; `drawn` marks."""

    def drawn(
        self, prompts: tuple[Tokens, Tokens], length: int, rng: np.random.Generator, fleet: MarkKey, account: MarkKey
    ) -> Tokens:
        """An answer to each prompt, (prompts, length), drawn under the keys."""
        keys = _Keys(fleet, account)
        parts = range(0, len(prompts[0]), _AT_ONCE)
        pieces = [(prompts[0][part : part + _AT_ONCE], prompts[1][part : part + _AT_ONCE]) for part in parts]
        return np.concatenate([self._piece(*piece, length, rng, keys) for piece in pieces])

    def _piece(self, words: Tokens, about: Tokens, length: int, rng: np.random.Generator, keys: _Keys) -> Tokens:
        found = np.empty((len(words), length), np.int64)
        rows, last = np.arange(len(words)), words
        had = np.zeros((len(words), self.words), np.bool_)
        for place in range(length):
            can_come = self.successors[last]
            scores = self._logits[last] + self._tilts[about[:, None], can_come]
            noise = rng.gumbel(size=can_come.shape)
            new = np.flatnonzero(~had[rows, last])
            # The largest log p + Gumbel noise of u is the largest u^(1/p).
            noise[new] = -np.log(-np.log(keys.uniforms(last[new], can_come[new], rng)))
            had[rows, last] = True
            last = found[:, place] = can_come[rows, (scores + noise).argmax(axis=1)]
        return found


class _Keys:
    """Both layers' keys and their seconds."""

    def __init__(self, fleet: MarkKey, account: MarkKey) -> None:
        self._layers = Layers(fleet)
        self._generators = [(Prf(key.material), Prf(second_key(key))) for key in (account, fleet)]

    def uniforms(self, last: Tokens, can_come: Tokens, rng: np.random.Generator) -> NDArray[np.float64]:
        """What each word is drawn by, (answers, words that can come)."""
        shared = self._layers.is_shared(last.astype(np.uint64)).astype(np.int64)
        second = (rng.random(len(last)) < OTHER).astype(np.int64)
        found = np.empty(can_come.shape)
        for layer in (0, 1):
            for which in (0, 1):
                rows = np.flatnonzero((shared == layer) & (second == which))
                contexts = np.broadcast_to(last[rows, None], can_come[rows].shape).astype(np.uint64)
                found[rows] = self._generators[layer][which].uniforms(contexts, can_come[rows].astype(np.uint64))
        return found
