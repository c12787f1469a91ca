"""The cells of texts, each once: the same context and token again tell nothing new of a key.

Without this a text that repeats itself counts one coin many times. Measured in the field: nominal 1 % became 15 to 44
%.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.contexts import Tokens, Words, contexts_of

_TOKEN_BITS = np.uint64(32)
"""More than a token has: see `contexts.MOST_TOKENS`."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Distinct cells: `contexts[i]` followed by `tokens[i]`."""

    contexts: Words
    tokens: Words

    def __len__(self) -> int:
        return len(self.tokens)

    def without(self, carried: Cells) -> Cells:
        """Those that are none of `carried`: what a prompt that holds them may have handed on says nothing."""
        return self._where(~self.are_among(carried))

    def are_among(self, others: Cells) -> NDArray[np.bool_]:
        """Which of these are some of the others too."""
        contexts = np.unique(others.contexts)
        near = np.flatnonzero(np.isin(self.contexts, contexts))
        found = np.zeros(len(self), np.bool_)
        found[near] = np.isin(_numbered(self._where(near), contexts), _numbered(others, contexts))
        return found

    def among(self, contexts: Words) -> Cells:
        """Those with one of these contexts: a filter that was fixed before anything was scored."""
        return self._where(np.isin(self.contexts, contexts))

    def _where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Cells:
        return Cells(self.contexts[kept], self.tokens[kept])


def _numbered(cells: Cells, contexts: Words) -> Words:
    """Each cell as one number, which sorts ten times as fast as a pair: its context's place, and its token."""
    found: Words = np.searchsorted(contexts, cells.contexts).astype(np.uint64) << _TOKEN_BITS | cells.tokens
    return found


def cells_of(texts: Iterable[Tokens], window: int) -> Cells:
    """The distinct cells of texts of one tokenizer, in the order in which they first come.

    Raises `UsageError` for numbers that are no tokens.
    """
    contexts, tokens = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for text in texts:
        contexts.append(contexts_of(text, window))
        tokens.append(text[window:].astype(np.uint64))
    return distinct(np.concatenate(contexts), np.concatenate(tokens))


def first_cells_of(texts: Iterable[Tokens], window: int) -> Cells:
    """The distinct cells of texts, of each context in a text only the first: the only one that a keyed draw marks.

    Each text is one answer; what follows on a context that the answer has had was drawn without a key.
    """
    contexts, tokens = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for text in texts:
        found = contexts_of(text, window)
        first = np.sort(np.unique(found, return_index=True)[1])
        contexts.append(found[first])
        tokens.append(text[window:][first].astype(np.uint64))
    return distinct(np.concatenate(contexts), np.concatenate(tokens))


def distinct(contexts: Words, tokens: Words) -> Cells:
    """These cells, each once, in the order in which they first come."""
    order = np.lexsort((tokens, contexts))
    by_cell = contexts[order], tokens[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (by_cell[0][1:] != by_cell[0][:-1]) | (by_cell[1][1:] != by_cell[1][:-1])
    first = np.minimum.reduceat(order, np.flatnonzero(is_first)) if len(order) else order
    kept = np.sort(first)
    return Cells(contexts[kept], tokens[kept])
