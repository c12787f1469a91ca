"""How alike two texts are, and two models' answers to the same prompts. What it never says: that one learned from the
other.

Two kernels. *Spectrum*: the cosine between counts of five letters in a row, each count's root taken; it does not mind
where in a text a turn of phrase stands (Leslie, Eskin & Noble 2002). *Hamming*: the share of places at which two texts
hold the same character, of their first thousand (Gao, Liang & Guestrin 2024); sharp where answers of one model begin
alike, as short ones and those at a low temperature do, and blind where they part after a few words.

Between models it takes the squared maximum mean discrepancy of their answers to each prompt (Gretton et al. 2012), in
the unbiased form: 0 on average where two models answer alike, whatever they say and however varied it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.recording import Recording

Floats = NDArray[np.float64]

SIMILAR_IS_NOT_DERIVED = (
    "Similar is not derived: models answer alike that learned from one text, stand on one base, or are one model."
)
"""Stands beside every result of similarity."""
HAMMING_CHARACTERS = 1_000
"""Chosen: as in the source; models that differ have differed before."""
_LETTERS = 5
"""In a row. Chosen: a word or two halves of words, in most scripts."""
_SLOTS = 4_096
"""Into which rows of letters are hashed. Chosen: an answer has a few hundred, so few fall together."""
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio (Knuth 1998, 6.4)


class Kernel(StrEnum):
    """How two texts are compared."""

    HAMMING = "hamming"
    SPECTRUM = "spectrum"


def gram(texts: Sequence[str], kernel: Kernel) -> Floats:
    """How alike each two texts are, from 0 to 1; (texts, texts)."""
    if kernel is Kernel.SPECTRUM:
        rows = spectra(texts)
        return np.asarray(rows @ rows.T, np.float64)
    width = max([min(len(text), HAMMING_CHARACTERS) for text in texts], default=0)
    letters = np.zeros((len(texts), width), np.uint32)  # 0 stands behind the end of a text
    for row, text in enumerate(texts):
        letters[row, : len(text[:width])] = _letters(text[:width])
    lengths = (letters != 0).sum(axis=1)
    found = np.ones((len(texts), len(texts)))
    for row in range(len(texts)):
        both = ((letters == letters[row]) & (letters[row] != 0)).sum(axis=1)
        longest = np.maximum(lengths, lengths[row])
        found[row] = np.where(longest > 0, both / np.maximum(longest, 1), 1.0)  # two empty texts are the same
    return found


def spectra(texts: Sequence[str]) -> Floats:
    """Each text's rows of letters, as a vector of length 1; (texts, slots). An empty text has a slot of its own."""
    found = np.zeros((len(texts), _SLOTS + 1))
    for row, text in enumerate(texts):
        letters = _letters(text).astype(np.uint64)
        if not len(letters):
            found[row, _SLOTS] = 1.0
            continue
        padded = np.concatenate((letters, np.zeros(max(_LETTERS - len(letters), 0), np.uint64)))
        hashed = np.zeros(len(padded) - _LETTERS + 1, np.uint64)
        for place in range(_LETTERS):
            hashed = (hashed ^ padded[place : len(padded) - _LETTERS + 1 + place]) * _MIX
            hashed ^= hashed >> np.uint64(29)
        counts = np.sqrt(np.bincount((hashed % np.uint64(_SLOTS)).astype(np.int64), minlength=_SLOTS))
        found[row, :_SLOTS] = counts / np.linalg.norm(counts)
    return found


def discrepancies(recordings: Sequence[Recording], prompts: Sequence[str]) -> Floats:
    """How far apart the answers of each two models are, prompt by prompt; (prompts, models, models).

    By the spectrum kernel, unbiased: 0 on average where two models answer alike, and then below 0 as often as above.
    Each model answered each prompt twice or more.
    """
    found = np.empty((len(prompts), len(recordings), len(recordings)))
    for place, prompt in enumerate(prompts):
        rows = [spectra(one.answers[prompt]) for one in recordings]
        means = np.array([row.mean(axis=0) for row in rows])
        alone = np.array([_among_themselves(row) for row in rows])
        found[place] = alone[:, None] + alone[None, :] - 2 * means @ means.T
    return found


def _among_themselves(rows: Floats) -> float:
    """How alike different answers of one model are, on average."""
    whole = float((rows.sum(axis=0) ** 2).sum()) - float((rows**2).sum())
    return whole / (len(rows) * (len(rows) - 1))


def _letters(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
