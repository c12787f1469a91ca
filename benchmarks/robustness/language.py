"""A made-up language whose places are as sure and as unsure as a small model's: texts of it without end, and marked.

Every word has fifty successors, which is what top-k leaves, and how sure it is of the next is drawn for each word, with
a spread and a mean at which the median entropy and the share of green tokens are about those of SmolLM2. What it lacks:
meaning, so a rewording can only be imitated.
"""

from __future__ import annotations

import numpy as np

from stillwatch.watermark.contexts import last_contexts
from stillwatch.watermark.red_green import green
from stillwatch.watermark.serving.drawing import Draws
from stillwatch.watermark.serving.mark import NO_TOKEN, Mark

WORDS = 4_000
SUCCESSORS = 50
_ZIPF = 1.0
SHARPNESS = 2.2
"""Of an average word, as a factor of its successors' log-weights. Measured of SmolLM2 (`answers.json`): median entropy
1.9 nats, green shares 0.38, 0.53 and 0.67 at strengths 1, 2 and 3; here 2.0, and 0.37, 0.52 and 0.66."""
_SPREAD = 0.9
"""Of the logarithm of the sharpness; chosen with it."""


class Language:
    """The same seed is the same language."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        usual = -_ZIPF * np.log(np.arange(1, WORDS + 1))
        # The k largest of log-weights with Gumbel noise are a draw of k without replacement.
        noisy = usual[None, :] + rng.gumbel(size=(WORDS, WORDS))
        self.successors = np.argpartition(-noisy, SUCCESSORS, axis=1)[:, :SUCCESSORS]
        sharpness = SHARPNESS * np.exp(_SPREAD * rng.normal(size=(WORDS, 1)))
        self.logits = sharpness * rng.normal(size=(WORDS, SUCCESSORS))

    def texts(
        self,
        count: int,
        length: int,
        rng: np.random.Generator,
        mark: Mark | None = None,
        starts: np.ndarray | None = None,
    ) -> np.ndarray:
        """(count, length) words, all marked in one way. `starts`: the word that each follows on."""
        draws = [Draws(mark, rng) for _ in range(count)] if mark is not None and mark.draws else None
        found = np.full((count, length + 2), NO_TOKEN, np.int64)
        found[:, 1] = rng.integers(0, WORDS, count) if starts is None else starts
        for place in range(2, length + 2):
            tails = found[:, place - 2 : place]
            chances = self._chances(tails, mark if draws is None else None)
            followed = self.successors[tails[:, 1]]
            chosen = (chances.cumsum(1) > rng.random((count, 1))).argmax(1)
            found[:, place] = followed[np.arange(count), chosen]
            for row, one in enumerate(draws or ()):
                whole = np.zeros(WORDS)
                whole[followed[row]] = chances[row]
                drawn = one.draw(whole, tails[row])
                found[row, place] = found[row, place] if drawn is None else drawn
        return found[:, 2:]

    def _chances(self, tails: np.ndarray, mark: Mark | None) -> np.ndarray:
        scores = self.logits[tails[:, -1]]
        if mark is not None and (tails[:, -mark.window :] >= 0).all():
            followed = self.successors[tails[:, 1]]
            contexts = np.broadcast_to(last_contexts(tails[:, -mark.window :], mark.window)[:, None], followed.shape)
            scores = scores + mark.strength * green(mark.layers, contexts, followed.astype(np.uint64))
        weights = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(weights / weights.sum(1, keepdims=True))

    def nats(self, texts: np.ndarray) -> np.ndarray:
        """How unlikely each word but the first is, unmarked; (texts, length - 1)."""
        chances = self._chances(texts[:, :-1].reshape(-1, 1), None)
        is_next = self.successors[texts[:, :-1].ravel()] == texts[:, 1:].reshape(-1, 1)
        return np.asarray(-np.log((chances * is_next).sum(1)).reshape(len(texts), -1))
