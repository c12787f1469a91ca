"""The words of many plain (ASCII) texts at once, found by column arithmetic instead of text by text.

A word of up to sixteen bytes is two machine words, so that all words of a batch are looked up in one go; only a word
that is not known yet becomes a Python string. What comes out is what `lexicon.split` finds in each text.
Measured on texts of 340 characters: 3.5 us of CPU each in place of 8, and what follows has columns instead of lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.keyed_hash import U64

WORD_BYTES = 16
_TEXTS = 256  # worked on at a time: their columns stay in the cache; 1,000 at a time took 1.3 us a text more
SLOTS_BITS = 16  # 65,536 words of 24 bytes: 1.5 MB a process, and the frequent words of several languages
_NUMBER = 48
# What a byte counts as: a small letter, a digit as "0", else nothing. The upper bits tell these three apart.
_CLASSES = bytes(ord(c.lower()) if c.isalpha() else _NUMBER if c.isdigit() else 0 for c in map(chr, range(128)))
_CLASSES = _CLASSES.ljust(256, b"\0")
_KIND_SHIFT = 5
_NUMBERS = _NUMBER >> _KIND_SHIFT
# The first n bytes of a machine word.
_FIRST_BYTES = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Words(NamedTuple):
    """Ids of all words, text after text, and how many each text has."""

    ids: NDArray[np.int64]
    counts: NDArray[np.int64]


class WordTable:
    """Finds the words of plain texts and gives them the ids of a dictionary, most without asking it.

    A slot belongs to the first word that falls into it, until `clear`: frequent words come early, and rare ones that
    find their slot taken are looked up in the dictionary each time.
    """

    def __init__(self) -> None:
        self._low: U64 = np.zeros(1 << SLOTS_BITS, np.uint64)  # 0 where the slot is free
        self._high: U64 = np.zeros(1 << SLOTS_BITS, np.uint64)
        self._ids: NDArray[np.int64] = np.zeros(1 << SLOTS_BITS, np.int64)

    def clear(self) -> None:
        """Forget all words: the dictionary's ids have changed."""
        self._low[:] = 0

    def words(self, texts: Sequence[str], ids: Mapping[str, int]) -> Words:
        """The words of ASCII texts, each with its id out of `ids`, which makes one for what is new."""
        parts = [self._words(texts[i : i + _TEXTS], ids) for i in range(0, max(len(texts), 1), _TEXTS)]
        return Words(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _words(self, texts: Sequence[str], ids: Mapping[str, int]) -> Words:
        classes = _classes(texts)
        starts, lengths = _runs(classes)
        low, high = _packed(classes, starts, lengths)
        long = np.flatnonzero(lengths > WORD_BYTES)
        low[long], high[long] = _NUMBER, 0  # any known word: their ids are found one by one
        found = self._look_up(low, high, ids)
        if len(long):
            found[long] = [ids[word] for word in _spelt(classes, starts[long], lengths[long])]
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        return Words(found, np.diff(np.searchsorted(starts, ends), prepend=0))

    def _look_up(self, low: U64, high: U64, ids: Mapping[str, int]) -> NDArray[np.int64]:
        slots = ((low * _A + high * _B) >> np.uint64(64 - SLOTS_BITS)).astype(np.int64)
        found = self._ids.take(slots)
        missed = np.flatnonzero((self._low.take(slots) != low) | (self._high.take(slots) != high))
        if len(missed):
            spelt = np.stack([low[missed], high[missed]], axis=1).astype("<u8").view(f"S{WORD_BYTES}")[:, 0]
            found[missed] = [ids[word.decode("ascii")] for word in spelt.tolist()]
            self._remember(slots[missed], low[missed], high[missed], found[missed])
        return found

    def _remember(self, slots: NDArray[np.int64], low: U64, high: U64, ids: NDArray[np.int64]) -> None:
        slots, first = np.unique(slots, return_index=True)
        is_free = self._low[slots] == 0
        slots, first = slots[is_free], first[is_free]
        self._low[slots], self._high[slots], self._ids[slots] = low[first], high[first], ids[first]


def _classes(texts: Sequence[str]) -> NDArray[np.uint8]:
    """All texts behind one another, none touching the next, and room to read a whole word at the last letter."""
    joined = "\n".join(texts).encode("ascii").translate(_CLASSES)
    return np.frombuffer(b"\0%b%b" % (joined, bytes(WORD_BYTES)), np.uint8)


def _spelt(classes: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[str]:
    raw = classes.tobytes()
    places = zip(starts.tolist(), lengths.tolist(), strict=True)
    return [raw[start : start + length].decode("ascii") for start, length in places]


def _runs(classes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where words and numbers begin, and their lengths; a number is one digit long, however many it has."""
    kinds = classes >> _KIND_SHIFT
    changes = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    kind = kinds.take(changes)
    begins = np.flatnonzero(kind)
    starts = changes.take(begins)
    lengths = changes.take(begins + 1) - starts  # every run ends, at the latest in the blanks behind the last text
    lengths[kind.take(begins) == _NUMBERS] = 1
    return starts, lengths


def _packed(classes: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> tuple[U64, U64]:
    """The first sixteen bytes of each word as two numbers, first letter lowest."""
    anywhere: U64 = np.ndarray(len(classes) - 7, "<u8", classes, strides=(1,))
    low = anywhere[starts] & _FIRST_BYTES.take(np.minimum(lengths, 8))
    high = np.zeros_like(low)
    more = np.flatnonzero(lengths > 8)
    high[more] = anywhere[starts[more] + 8] & _FIRST_BYTES.take(np.minimum(lengths[more] - 8, 8))
    return low, high
