"""One-permutation MinHash of a sequence's shingles, keyed, for a whole batch of zones at once.

Every shingle (three consecutive tokens) falls into one of the slots by its keyed rank; the smallest rank of each
slot is kept, so each slot names one shingle of the zone, chosen as if at random. Two zones that share a fraction J
of their shingles agree in a filled slot with probability about J. A template inside a zone wins the same slots
again and again: that is what the skeleton miner counts.

Both the choice and the value need the key: without it nobody can craft text that wins the slots, nor test guesses.
Source: Li, Owen & Zhang (2012), "One Permutation Hashing", section 2; empty slots stay empty (no densification).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.pseudonym import Secret
from stillwatch.sketch.keyed_hash import U64, KeyedHash, mix

SHINGLE_TOKENS = 3
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
# Odd constants with well-mixed bits; the order of tokens in a shingle matters.
_A, _B, _C = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


def shingles(tokens: U64, lengths: NDArray[np.int64]) -> tuple[U64, NDArray[np.int64]]:
    """Public hashes of all shingles of consecutive sequences, and the sequence each belongs to.

    `tokens`: hashes of all sequences' tokens, one after the other; `lengths`: tokens per sequence. A sequence of
    one or two tokens is one shingle of what it has; an empty one has none.
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    ends = np.cumsum(lengths)
    position = np.arange(len(tokens))
    left = np.minimum(np.repeat(ends, lengths) - position, SHINGLE_TOKENS)  # tokens from here to the sequence's end
    second = np.where(left > 1, tokens[np.minimum(position + 1, len(tokens) - 1)], np.uint64(0))
    third = np.where(left > 2, tokens[np.minimum(position + 2, len(tokens) - 1)], np.uint64(0))
    is_short = np.repeat(lengths < SHINGLE_TOKENS, lengths)
    is_first = position == np.repeat(ends - lengths, lengths)
    keep = (left == SHINGLE_TOKENS) | (is_short & is_first)
    hashed = mix((tokens * _A + second * _B + third * _C)[keep])
    return hashed, owner[keep]


class KeyedMinHash:
    """Slots of many sets at once under one secret. `purpose` separates uses of the same secret."""

    def __init__(self, secret: Secret, purpose: str, slots: int) -> None:
        material = secret.derive(f"stillwatch/minhash/{purpose}", 40)
        words = np.frombuffer(material[:24], "<u8")
        self._add, self._first, self._second = words[0], words[1] | np.uint64(1), words[2] | np.uint64(1)
        self._value = KeyedHash(material[24:40])
        self._slots = slots

    def slots(self, items: U64, owner: NDArray[np.int64], sets: int) -> U64:
        """(sets, slots) 64-bit values; 0 where a slot got no item.

        `items`: public hashes of all sets' members; `owner`: the set of each, 0 .. sets - 1.
        """
        ranks = self._rank(items)
        slot = ((ranks >> np.uint64(32)) * np.uint64(self._slots)) >> np.uint64(32)
        smallest = np.full(sets * self._slots, _EMPTY, np.uint64)
        # The slot is the rank's leading part, so the smallest rank of a slot is its smallest member.
        np.minimum.at(smallest, owner * self._slots + slot.astype(np.int64), ranks)
        filled = smallest != _EMPTY
        values = np.zeros_like(smallest)
        values[filled] = self._value(smallest[filled]) | np.uint64(1)
        return values.reshape(sets, self._slots)

    def _rank(self, items: U64) -> U64:
        ranks: U64 = (items ^ self._add) * self._first
        ranks ^= ranks >> np.uint64(32)
        ranks *= self._second
        ranks ^= ranks >> np.uint64(29)
        return ranks
