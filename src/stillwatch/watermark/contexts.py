"""Contexts: the tokens before a token, as one number that the generator takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError

Tokens = NDArray[np.int64]
Words = NDArray[np.uint64]

MOST_TOKENS = 1 << 31
"""Of a vocabulary: two of them make a context of 64 bits."""


def contexts_of(tokens: Tokens, window: int) -> Words:
    """The context of each position `window` .. len(tokens) - 1 of one text: what stands before that token.

    Raises `UsageError` for numbers that are no tokens.
    """
    _check(tokens)
    words = tokens.astype(np.uint64)
    if len(words) <= window:
        return np.empty(0, np.uint64)
    if window == 1:
        return words[:-1]
    return (words[:-2] << np.uint64(32)) | words[1:-1]


def last_contexts(tails: Tokens, window: int) -> Words:
    """The context of the next token of each text; `tails`: (texts, at least `window`), the last tokens of each."""
    _check(tails)
    words = tails.astype(np.uint64)
    return words[:, -1] if window == 1 else (words[:, -2] << np.uint64(32)) | words[:, -1]


def _check(tokens: Tokens) -> None:
    if tokens.size and not (int(tokens.min()) >= 0 and int(tokens.max()) < MOST_TOKENS):
        raise UsageError("a text holds numbers that are no tokens", "Give token numbers from 0 on, of one tokenizer")
