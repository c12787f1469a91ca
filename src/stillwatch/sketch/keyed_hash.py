"""SipHash-2-4 over columns of numbers: a keyed pseudo-random function at numpy speed.

What a sketch shows is always the output of this function, so nobody without the secret can test whether a
guessed text is in it, even knowing many other texts and their sketches. Inner hashes (xxHash, below it) are
fast and public; they only have to be well mixed.

Source: Aumasson & Bernstein (2012), "SipHash: a fast short-input PRF", section 2.2; test vector in appendix A.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
_FINAL = np.uint64(0xFF)
_CHUNK = 1 << 14  # values worked on at a time: 4 lanes x 128 KiB stay in the second-level cache


class KeyedHash:
    """A pseudo-random function of one or two 64-bit words. `key`: 16 secret bytes."""

    def __init__(self, key: bytes) -> None:
        k0, k1 = (np.uint64(int.from_bytes(part, "little")) for part in (key[:8], key[8:16]))
        self._start = (
            k0 ^ np.uint64(0x736F6D6570736575),
            k1 ^ np.uint64(0x646F72616E646F6D),
            k0 ^ np.uint64(0x6C7967656E657261),
            k1 ^ np.uint64(0x7465646279746573),
        )

    def __call__(self, *words: U64) -> U64:
        """One output per row. `words`: equally long uint64 columns; their number is part of the input."""
        out = np.empty(len(words[0]), np.uint64)
        for start in range(0, len(out), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = self._hash([word[part] for word in words])
        return out

    def _hash(self, words: list[U64]) -> U64:
        v = [np.full(len(words[0]), value, np.uint64) for value in self._start]
        length = np.uint64(8 * len(words)) << np.uint64(56)
        for word in (*words, np.full(len(words[0]), length, np.uint64)):
            v[3] ^= word
            _rounds(v, 2)
            v[0] ^= word
        v[2] ^= _FINAL
        _rounds(v, 4)
        return v[0] ^ v[1] ^ v[2] ^ v[3]


def _rounds(v: list[U64], count: int) -> None:
    """`count` SipRounds in place."""
    a, b, c, d = v
    for _ in range(count):
        a += b
        _rotate(b, 13)
        b ^= a
        _rotate(a, 32)
        c += d
        _rotate(d, 16)
        d ^= c
        a += d
        _rotate(d, 21)
        d ^= a
        c += b
        _rotate(b, 17)
        b ^= c
        _rotate(c, 32)


def _rotate(x: U64, bits: int) -> None:
    high = x << np.uint64(bits)
    x >>= np.uint64(64 - bits)
    x |= high


def mix(x: U64) -> U64:
    """A public bijection that spreads every input bit (splitmix64's finaliser, Steele et al. 2014, fig. 16)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def to_int63(x: U64) -> NDArray[np.int64]:
    """63-bit values that are never 0, for columns where 0 means unknown."""
    folded = (x >> np.uint64(1)).astype(np.int64)
    folded[folded == 0] = 1
    return folded
