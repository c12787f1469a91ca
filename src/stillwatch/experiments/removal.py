"""What an operator does to a harvest so that its mark does not come through: rewording, blind or aimed.

Both put words in the place of others that a model without marks finds likely there, between the word before and the
word after. Blind rewording takes words as they come, as a paraphraser does who knows of no mark. Aimed rewording first
estimates which cells are green, from how much oftener they come in the harvest than the model would say them, and
redraws those: the operator knows the scheme and its strength, as everybody may, and not the key. It is what targeted
paraphrase and neutralisation of Pan et al. (2025, arXiv 2502.11598) come to in a language of pairs of words. His model
is his own base, or, at his best, one of the teacher's unmarked answers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stillwatch.experiments.harvest import STRENGTH
from stillwatch.experiments.source import Tokens
from stillwatch.experiments.student import Floats, Student
from stillwatch.watermark.scheme import Scheme

Weigh = Callable[[Tokens, Tokens], Floats]
"""How welcome a word is after another, beside how likely: of one shape."""
_TRIED = 16
"""Words that are drawn for a place, of which one is taken."""
_GAMMA = Scheme().gamma


def reworded(texts: Tokens, share: float, model: Student, rng: np.random.Generator) -> Tokens:
    """Blind: this share of the words is drawn again by a model without marks."""
    return redrawn(texts, rng.random(texts.shape) < share, model, rng)


def aimed(texts: Tokens, model: Student, words: int, rng: np.random.Generator) -> Tokens:
    """Words that seem green are drawn again, as often as puts them back to what the model would say."""
    suspected = Suspected(texts, model, words)
    before, after = texts[:, :-1], texts[:, 1:]
    chosen = np.zeros(texts.shape, np.bool_)
    chosen[:, 1:] = rng.random(after.shape) < suspected.green(before, after) * (1 - np.exp(-STRENGTH))
    return redrawn(texts, chosen, model, rng, lambda before, after: 1 - suspected.green(before, after))


class Suspected:
    """Which cells of a harvest seem green to somebody without the key.

    A cell with k of the n words after its context and chance q under the model comes n q e^d / Z times if green and
    n q / Z times if red, Z = 1 + gamma (e^d - 1); counts are Poisson.
    """

    def __init__(self, texts: Tokens, model: Student, words: int) -> None:
        before, after = texts[:, :-1].ravel(), texts[:, 1:].ravel()
        self._words = words
        self._cells, counts = np.unique(before * words + after, return_counts=True)
        expected = np.bincount(before, minlength=words)[self._cells // words] * model.chance(
            self._cells // words, self._cells % words
        )
        odds = counts * STRENGTH - expected * np.expm1(STRENGTH) / (1 + _GAMMA * np.expm1(STRENGTH))
        self._green = 1 / (1 + np.exp(-odds) * (1 - _GAMMA) / _GAMMA)

    def green(self, before: Tokens, after: Tokens) -> Floats:
        """The chance that each cell is green; what chance says for one that the harvest does not hold."""
        wanted = before * self._words + after
        places = np.minimum(np.searchsorted(self._cells, wanted), len(self._cells) - 1)
        found: Floats = np.where(self._cells[places] == wanted, self._green[places], _GAMMA)
        return found


def redrawn(
    texts: Tokens, chosen: NDArray[np.bool_], model: Student, rng: np.random.Generator, weigh: Weigh | None = None
) -> Tokens:
    """Chosen words in the place of others; the first word of a text stays, as nothing stands before it."""
    found = texts.copy()
    for odd in (1, 0):  # neighbours are not redrawn at once
        at = chosen.copy()
        at[:, odd::2] = False
        at[:, 0] = False
        rows, places = np.nonzero(at)
        found[rows, places] = _between(found, rows, places, model, rng, weigh)
    return found


def _between(
    texts: Tokens, rows: Tokens, places: Tokens, model: Student, rng: np.random.Generator, weigh: Weigh | None
) -> Tokens:
    """Words that are likely after the one before and before the one after, for each of these places."""
    before = np.repeat(texts[rows, places - 1][:, None], _TRIED, axis=1)
    drawn = model.answers(before.ravel(), 1, rng).reshape(before.shape)
    weights = np.ones(drawn.shape) if weigh is None else weigh(before, drawn)
    has_next = places + 1 < texts.shape[1]
    after = texts[rows, np.minimum(places + 1, texts.shape[1] - 1)][:, None]
    weights = weights * np.where(has_next[:, None], model.chance(drawn, np.repeat(after, _TRIED, axis=1)), 1.0)
    noisy = np.log(weights + 1e-300) + rng.gumbel(size=weights.shape)
    taken: Tokens = np.take_along_axis(drawn, noisy.argmax(axis=1)[:, None], axis=1)[:, 0]
    return taken
