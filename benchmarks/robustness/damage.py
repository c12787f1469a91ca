"""What somebody may do to a text, word by word. Each takes (length,) words and how much is done, 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Words = np.ndarray
Damage = Callable[[Words, float, np.random.Generator, Words], Words]
"""A text, how much, coins, and words as usual as the language's, from which new ones are taken."""

_SYNONYMS = 3
"""Of each word, fixed: whoever rewords a text has few choices, and takes the same ones again."""
_PIECE = 20
"""Words of a quotation, where marked and unmarked text are mixed."""


def substituted(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """Each word is replaced with this chance, by any."""
    return np.asarray(np.where(coins.random(len(text)) < share, coins.choice(usual, len(text)), text))


def deleted(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """Each word is left out with this chance."""
    return text[coins.random(len(text)) >= share]


def inserted(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """Before each word another is put with this chance."""
    at = np.flatnonzero(coins.random(len(text)) < share)
    return np.insert(text, at, coins.choice(usual, len(at)))


def reworded(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """A stand-in for rewording: each word becomes one of its three synonyms with this chance, and half as often changes
    its place with the next. No meaning is kept or lost here; what it shares with a rewording is which cells survive.
    """
    found = text.copy()
    for at in np.flatnonzero(coins.random(len(text) - 1) < share / 2):
        found[at], found[at + 1] = found[at + 1], found[at]
    changed = coins.random(len(text)) < share
    synonyms = (found * 2_654_435_761 + coins.integers(1, _SYNONYMS + 1, len(text))) % len(usual)
    return np.asarray(np.where(changed, usual[synonyms], found))


def mixed(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """This share of the text, in pieces of twenty words, is somebody else's; `usual` is a text here."""
    found = text.copy()
    pieces = range(0, len(text), _PIECE)
    for at in coins.permutation(pieces)[: round(share * len(pieces))]:
        found[at : at + _PIECE] = usual[at : at + _PIECE]
    return found


def cropped(text: Words, share: float, coins: np.random.Generator, usual: Words) -> Words:
    """This share is cut off, somewhere at the ends."""
    kept = round((1 - share) * len(text))
    at = int(coins.integers(0, len(text) - kept + 1))
    return text[at : at + kept]


DAMAGES: dict[str, Damage] = {
    "words replaced": substituted,
    "words left out": deleted,
    "words put in": inserted,
    "reworded (stand-in)": reworded,
    "unmarked text mixed in": mixed,
    "cut off": cropped,
}
