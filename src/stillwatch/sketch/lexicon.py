"""Words to numbers: a bounded dictionary that gives each token a dense id, its hash, signs and concepts.

The dictionary is only a cache. What it holds is a function of the token and the key, so the order in which
tokens arrive, and emptying it when it is full, change nothing in the sketches.

Tokens are runs of letters, single ideographs or kana, and runs of digits, all numbers counting as one token:
a template with a counter or a date in it stays the same template.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

import numpy as np
import xxhash
from numpy.typing import NDArray

from stillwatch.sketch.concepts import concepts_of
from stillwatch.sketch.keyed_hash import KeyedHash
from stillwatch.sketch.plain_words import Words, WordTable
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.sketch.stop_words import STOP_WORDS

LEXICON_LIMIT = 1 << 17  # tokens; 80 bytes each in the columns and about 150 in the dictionary: 30 MB a process
_FIRST_ROWS = 1 << 14
_ANY_NUMBER = "0"
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # kana, ideographs; escaped: editors normalise the last
# Signs, arrows and emoji that stand between tokens whatever is beside them, as a full stop does; far from all such.
_MARKS = (
    "\u00a0\u00a9\u00ab\u00ae\u00b0\u00b1\u00b7\u00bb\u00d7\u00f7\u2010-\u2027\u2030-\u203b\u20ac\u2190-\u22ff\u2500-\u25ff"
    "\u2713-\u2718\ufe0f\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f900-\U0001f9ff"
)
_FOREIGN = re.compile(f"[^\x00-\x7f{_MARKS}]")
_NUMBER = re.compile(r"\d+")
_STANDS_ALONE = re.compile(f"[{_CJK}]")
_SPACED_TOKEN = re.compile(r"[^\W\d_]+|\d+")  # the same as `_TOKEN` where nothing stands alone, in half the time
_TOKEN = re.compile(rf"[{_CJK}]|\d+|(?:(?![{_CJK}\d])[^\W_])+")


def split(text: str) -> list[str]:
    """The tokens of `text`, in order."""
    text = _NUMBER.sub(_ANY_NUMBER, unicodedata.normalize("NFKC", text).lower())
    return (_TOKEN if _STANDS_ALONE.search(text) else _SPACED_TOKEN).findall(text)


def _plain(text: str) -> str:
    """An ASCII text of the same tokens, empty where there is none. Most that are not ASCII have only such marks."""
    if text.isascii():
        return text
    return "" if _FOREIGN.search(text) else text.encode("ascii", "replace").decode("ascii")


class Lexicon(dict[str, int]):
    """Token to dense id. After `settle`, row `id` of the columns describes the token.

    `is_plus` holds the token's secret signs, 1 for plus and 0 for minus; a token that is not in `is_signed`, a stop
    word, has none. Apart, because ones can be added up eight to a machine word.
    """

    def __init__(self, projection_key: bytes) -> None:
        super().__init__()
        self._signs_of = KeyedHash(projection_key)
        self._pending: list[str] = []
        self._settled = 0
        self._plain = WordTable()
        self.hashes: NDArray[np.uint64] = np.empty(_FIRST_ROWS, np.uint64)
        self.is_plus: NDArray[np.uint8] = np.empty((_FIRST_ROWS, PROJECTION_DIMENSIONS), np.uint8)
        self.is_signed: NDArray[np.uint8] = np.empty(_FIRST_ROWS, np.uint8)
        self.concepts: NDArray[np.uint32] = np.empty(_FIRST_ROWS, np.uint32)

    def __missing__(self, token: str) -> int:
        if token.isdigit() and token != _ANY_NUMBER:
            id_ = self[_ANY_NUMBER]
        else:
            id_ = self._settled + len(self._pending)
            self._pending.append(token)
        self[token] = id_
        return id_

    def tokens(self, texts: Sequence[str]) -> Words:
        """The ids of the tokens of many texts."""
        plain = list(map(_plain, texts))
        found, counts = self._plain.words(plain, self)
        others = [place for place, text in enumerate(texts) if text and not plain[place]]
        if not others:
            return Words(found, counts)
        ids = [list(map(self.__getitem__, split(texts[place]))) for place in others]
        before = np.cumsum(counts)[others]
        lengths = [len(row) for row in ids]
        counts[others] = lengths
        return Words(np.insert(found, np.repeat(before, lengths), list(chain.from_iterable(ids))), counts)

    def settle(self) -> None:
        """Compute the rows of tokens that are new since the last call."""
        fresh, self._pending = self._pending, []
        rows = slice(self._settled, self._settled + len(fresh))
        self._settled = rows.stop
        while self._settled > len(self.hashes):
            self._grow()
        hashes = np.array([_public_hash(token) for token in fresh], np.uint64)
        self.hashes[rows] = hashes
        self.is_signed[rows] = [token not in STOP_WORDS for token in fresh]
        self.is_plus[rows] = _bits(self._signs_of(hashes)) * self.is_signed[rows, None]
        self.concepts[rows] = [concepts_of(token) for token in fresh]

    def shed(self) -> None:
        """Forget everything if the dictionary is full. Ids change: call it between batches only."""
        if len(self) > LEXICON_LIMIT:
            self.clear()
            self._plain.clear()
            self._settled = 0

    def _grow(self) -> None:
        self.hashes = np.concatenate([self.hashes, np.empty_like(self.hashes)])
        self.is_plus = np.concatenate([self.is_plus, np.empty_like(self.is_plus)])
        self.is_signed = np.concatenate([self.is_signed, np.empty_like(self.is_signed)])
        self.concepts = np.concatenate([self.concepts, np.empty_like(self.concepts)])


def _bits(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """(tokens,) words of 64 bits to (tokens, 64) of 0 and 1."""
    octets = words.astype("<u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(octets, axis=1)


def _public_hash(token: str) -> int:
    return xxhash.xxh3_64_intdigest(token.encode("utf-8", "surrogatepass"))
