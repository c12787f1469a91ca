"""Harvests that were spoiled before a student learned from them: dealt over many accounts, or with tokens replaced.

Each is read as an untouched student is, beside its base. Dealt over accounts with a key each, an account's share of the
mark is the share that it asked; the fleet's key is everybody's. Under the campaign's key it makes no difference who
asked, so that one is not measured apart.
"""

from __future__ import annotations

import numpy as np

from stillwatch.experiments.language_model.lab import Lab, Point, answers_of
from stillwatch.experiments.language_model.top_layers import Text, Tokens, texts_of
from stillwatch.experiments.language_model.tuned import Tuned

REPLACED = (0.1, 0.3)


class Harvests:
    """Students of spoiled harvests, all of it marked, and unmarked ones beside them."""

    def __init__(self, lab: Lab, tuned: Tuned) -> None:
        self._lab, self._tuned = lab, tuned

    def dealt(self, seed: int, accounts: int) -> list[Point]:
        """A student of what so many accounts got, each under a key of its own."""
        pool = self._lab.pools.dealt(seed, accounts)
        student = self._tuned.student(pool.folder.name, lambda: texts_of(pool), seed)
        return [self._tuned.point(student.chances(self._lab.read), seed, 1.0, _dealt(accounts), accounts)]

    def dealt_clean(self, accounts: int) -> list[Point]:
        """A student of unmarked text, with the keys of so many accounts among the candidates."""
        student = self._tuned.student("clean", lambda: self._lab.clean, 101)
        read = list(student.chances(self._lab.read))
        return [self._tuned.point(read, seed, 0.0, _dealt(accounts), accounts) for seed in self._lab.amounts.seeds]

    def replaced(self, seed: int, share: float) -> list[Point]:
        """A student of the campaign's answers with this share of their tokens replaced."""
        student = self._tuned.student(
            f"replaced-{100 * share:g}-{seed}", lambda: self._spoiled(self._lab.marked(seed), seed, share), seed
        )
        return [self._tuned.point(student.chances(self._lab.read), seed, 1.0, f"{share:.0%} of tokens replaced")]

    def _spoiled(self, texts: list[Text], seed: int, share: float) -> list[Text]:
        rng, usual = self._lab.rng(seed, 6), np.concatenate(answers_of(self._lab.clean))
        spoiled = [with_others(text, share, usual, rng) for text in texts]
        return [
            Text(tokens, self._lab.speaker.entering(tokens), text.first)
            for tokens, text in zip(spoiled, texts, strict=True)
        ]


def with_others(text: Text, share: float, usual: Tokens, rng: np.random.Generator) -> Tokens:
    """The question as it was, and each token of the answer but its last, which may be its end, with this chance
    replaced by one of `usual`.
    """
    tokens = text.tokens.copy()
    answer = tokens[text.first + 1 : -1]  # a view
    answer[:] = np.where(rng.random(len(answer)) < share, rng.choice(usual, len(answer)), answer)
    return tokens


def _dealt(accounts: int) -> str:
    return f"dealt over {accounts} accounts, each under a key of its own"
