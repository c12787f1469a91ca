"""SipHash-2-4 at numpy speed gives what the paper gives, and the public mixer what splitmix64 gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch.keyed_hash import KeyedHash, mix, to_int63

WORD = st.integers(0, 2**64 - 1)
MASK = 2**64 - 1


def siphash(key: bytes, message: bytes) -> int:
    """Aumasson & Bernstein (2012), sections 2.1 to 2.4, word by word in Python integers."""
    k = [int.from_bytes(key[i : i + 8], "little") for i in (0, 8)]
    v = [k[0] ^ 0x736F6D6570736575, k[1] ^ 0x646F72616E646F6D, k[0] ^ 0x6C7967656E657261, k[1] ^ 0x7465646279746573]

    def left(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & MASK

    def rounds(count: int) -> None:
        for _ in range(count):
            v[0] = v[0] + v[1] & MASK
            v[2] = v[2] + v[3] & MASK
            v[1], v[3] = left(v[1], 13) ^ v[0], left(v[3], 16) ^ v[2]
            v[0] = left(v[0], 32) + v[3] & MASK
            v[2] = v[2] + v[1] & MASK
            v[1], v[3] = left(v[1], 17) ^ v[2], left(v[3], 21) ^ v[0]
            v[2] = left(v[2], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) % 256])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


KEY = bytes(range(16))


def test_the_reference_gives_the_published_vector() -> None:
    """Appendix A: key 00 .. 0f, message 00 .. 0e, output a129ca6149be45e5."""
    assert siphash(KEY, bytes(range(15))) == 0xA129CA6149BE45E5


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # The authors' vectors for messages 00 .. 07 and 00 .. 0f under the same key (vectors.h of their release).
        (1, 0x93F5F5799A932462),
        (2, 0x3F2ACC7F57C29BDB),
    ],
)
def test_one_and_two_words_give_the_published_vectors(words: int, expected: int) -> None:
    """A column of words is a column of 8- or 16-byte messages."""
    message = bytes(range(8 * words))
    columns = [np.array([int.from_bytes(message[i : i + 8], "little")] * 3, np.uint64) for i in range(0, 8 * words, 8)]
    assert siphash(KEY, message) == expected
    assert KeyedHash(KEY)(*columns).tolist() == [expected] * 3


@given(key=st.binary(min_size=16, max_size=16), rows=st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=5))
def test_any_key_and_words_give_what_the_reference_gives(key: bytes, rows: list[tuple[int, int, int]]) -> None:
    """Row by row, and the inputs stay as they were."""
    columns = [np.array(column, np.uint64) for column in zip(*rows, strict=True)]
    before = [column.copy() for column in columns]
    messages = [b"".join(word.to_bytes(8, "little") for word in row) for row in rows]
    assert KeyedHash(key)(*columns).tolist() == [siphash(key, message) for message in messages]
    assert all((a == b).all() for a, b in zip(columns, before, strict=True))


def test_a_column_longer_than_the_working_chunk_is_hashed_whole() -> None:
    """Chunks are for the cache only."""
    column = np.arange(40_000, dtype=np.uint64)
    whole = KeyedHash(KEY)(column)
    assert whole[[0, 16_383, 16_384, 39_999]].tolist() == [
        siphash(KEY, int(i).to_bytes(8, "little")) for i in (0, 16_383, 16_384, 39_999)
    ]
    assert len(np.unique(whole)) == len(column)


def test_no_rows_give_no_rows() -> None:
    """An empty column is a column."""
    assert KeyedHash(KEY)(np.empty(0, np.uint64)).tolist() == []


def test_mix_is_the_finaliser_of_splitmix64() -> None:
    """The first outputs of splitmix64 seeded with 1234567, as its published implementations print them.

    The generator adds the golden gamma and finalises; `mix` is the finaliser.
    """
    states = np.array([(1234567 + i * 0x9E3779B97F4A7C15) & MASK for i in (1, 2, 3)], np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.sets(WORD, min_size=2, max_size=50))
def test_mix_is_a_bijection(words: set[int]) -> None:
    """Different words stay different."""
    assert len(np.unique(mix(np.array(sorted(words), np.uint64)))) == len(words)


@pytest.mark.parametrize(
    ("value", "folded"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (MASK, 2**63 - 1), (2**63, 2**62)]
)
def test_a_known_value_folds_to_63_bits_and_never_to_zero(value: int, folded: int) -> None:
    """0 is kept for "unknown"."""
    assert to_int63(np.array([value], np.uint64)).tolist() == [folded]
