"""The keyed draw: among tokens with probabilities p the one with the largest u^(1/p) comes (Aaronson 2022).

Over the key, each token comes with its own probability, so one text is not distorted. A text that meets a context again
would draw the same number again; so a context that this answer has had is drawn without the key (repeated-context
masking, as SynthID-Text does), and with chance `other` a second key draws, which keeps answers to one prompt apart
(dual key: TextSeal, arXiv 2605.12456). It does nothing at temperature 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.prf import Prf, Words

OTHER = 0.1
"""The share of draws under the second key. Prescribed: TextSeal's alpha."""


class Drawer:
    """Draws for one answer, and remembers its contexts. `second`: the other key's generator."""

    def __init__(self, first: Prf, second: Prf, coins: np.random.Generator, other: float = OTHER) -> None:
        self._keys = (first, second)
        self._coins = coins
        self._other = other
        self._seen: set[int] = set()

    def draw(self, probabilities: NDArray[np.float64], context: int) -> int:
        """The next token; `probabilities` of the whole vocabulary, zero for what cannot come."""
        tokens = np.flatnonzero(probabilities)
        shares = probabilities[tokens]
        if context in self._seen:
            return int(self._coins.choice(tokens, p=shares / shares.sum()))
        self._seen.add(context)
        key = self._keys[int(self._coins.random() < self._other)]
        contexts = np.full(len(tokens), context, np.uint64)
        drawn = key.uniforms(contexts, tokens.astype(np.uint64))
        return int(tokens[np.argmax(np.log(drawn) / shares)])


def surprises(prf: Prf, contexts: Words, tokens: Words) -> NDArray[np.float64]:
    """-log(1 - u) of each cell: exponential with mean 1 for a text that has nothing to do with the key."""
    found: NDArray[np.float64] = -np.log1p(-prf.uniforms(contexts, tokens))
    return found
