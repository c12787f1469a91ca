"""Words to numbers: a bounded dictionary that gives each token a dense id, its hash, signs and concepts.

The dictionary is only a cache. What it holds is a function of the token and the key, so the order in which
tokens arrive, and emptying it when it is full, change nothing in the sketches.

Tokens are runs of letters, single ideographs or kana, and runs of digits, all numbers counting as one token:
a template with a counter or a date in it stays the same template.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import xxhash
from numpy.typing import NDArray

from stillwatch.sketch.concepts import concepts_of
from stillwatch.sketch.keyed_hash import KeyedHash
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.sketch.stop_words import STOP_WORDS

LEXICON_LIMIT = 1 << 17  # tokens; 140 bytes each in the columns and about 150 in the dictionary: 40 MB a process
_FIRST_ROWS = 1 << 14
_ANY_NUMBER = "0"
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, ideographs; escaped: editors normalise the last
_ASCII_TOKEN = re.compile(r"[a-z]+|[0-9]+")
_TOKEN = re.compile(rf"[{_CJK}]|\d+|(?:(?![{_CJK}\d])[^\W_])+")


def split(text: str) -> list[str]:
    """The tokens of `text`, in order."""
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())


class Lexicon(dict[str, int]):
    """Token to dense id. After `settle`, row `id` of `hashes`, `signs` and `concepts` describes the token."""

    def __init__(self, projection_key: bytes) -> None:
        super().__init__()
        self._signs_of = KeyedHash(projection_key)
        self._pending: list[str] = []
        self._settled = 0
        self.hashes: NDArray[np.uint64] = np.empty(_FIRST_ROWS, np.uint64)
        self.signs: NDArray[np.int16] = np.empty((_FIRST_ROWS, PROJECTION_DIMENSIONS), np.int16)
        self.concepts: NDArray[np.uint32] = np.empty(_FIRST_ROWS, np.uint32)

    def __missing__(self, token: str) -> int:
        if token.isdigit() and token != _ANY_NUMBER:
            id_ = self[_ANY_NUMBER]
        else:
            id_ = self._settled + len(self._pending)
            self._pending.append(token)
        self[token] = id_
        return id_

    def settle(self) -> None:
        """Compute the rows of tokens that are new since the last call."""
        fresh, self._pending = self._pending, []
        rows = slice(self._settled, self._settled + len(fresh))
        self._settled = rows.stop
        while self._settled > len(self.hashes):
            self._grow()
        hashes = np.array([_public_hash(token) for token in fresh], np.uint64)
        self.hashes[rows] = hashes
        self.signs[rows] = _signs(self._signs_of(hashes))
        self.signs[rows][[token in STOP_WORDS for token in fresh]] = 0
        self.concepts[rows] = [concepts_of(token) for token in fresh]

    def shed(self) -> None:
        """Forget everything if the dictionary is full. Ids change: call it between batches only."""
        if len(self) > LEXICON_LIMIT:
            self.clear()
            self._settled = 0

    def _grow(self) -> None:
        self.hashes = np.concatenate([self.hashes, np.empty_like(self.hashes)])
        self.signs = np.concatenate([self.signs, np.empty_like(self.signs)])
        self.concepts = np.concatenate([self.concepts, np.empty_like(self.concepts)])


def _signs(bits: NDArray[np.uint64]) -> NDArray[np.int16]:
    """(tokens,) words of 64 bits to (tokens, 64) of -1 and +1."""
    octets = bits.astype("<u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1).astype(np.int16) * 2 - 1


def _public_hash(token: str) -> int:
    return xxhash.xxh3_64_intdigest(token.encode("utf-8", "surrogatepass"))
