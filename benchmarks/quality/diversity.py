"""How varied texts are: distinct n-grams, how well they compress, and how alike two answers to one prompt are."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

Text = Sequence[int]
_LONGEST = 4
"""Of the n-grams of BLEU (Papineni et al. 2002)."""


def distinct(texts: Sequence[Text], length: int) -> float:
    """Distinct n-grams of this length, as a share of all; over all texts together."""
    every = [gram for text in texts for gram in _grams(text, length)]
    return len(set(every)) / len(every)


def compressed(texts: Sequence[Text]) -> float:
    """Bytes of all tokens after zlib, as a share of before."""
    whole = b"".join(np.array(text, np.uint16).tobytes() for text in texts)
    return len(zlib.compress(whole, 9)) / len(whole)


def self_bleu(pairs: Sequence[tuple[Text, Text]]) -> float:
    """The mean BLEU-4 of one answer beside another to the same prompt, both ways; 1 where they are one text."""
    return float(np.mean([_bleu(*pair) for one, other in pairs for pair in ((one, other), (other, one))]))


def _bleu(text: Text, reference: Text) -> float:
    """With one added to the counts of n-grams longer than one (Lin and Och 2004); texts of one length."""
    logs = 0.0
    for length in range(1, _LONGEST + 1):
        grams, known = Counter(_grams(text, length)), Counter(_grams(reference, length))
        hits, more = sum((grams & known).values()), int(length > 1)
        if not hits + more:
            return 0.0
        logs += math.log((hits + more) / (sum(grams.values()) + more))
    return math.exp(logs / _LONGEST)


def _grams(text: Text, length: int) -> list[tuple[int, ...]]:
    return [tuple(text[at : at + length]) for at in range(len(text) - length + 1)]
