"""The projection: exact sums of secret signs, so that a constant wrapper is a constant offset."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch.ragged import Ragged
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.sketch.zones import END_TOKENS

from .exchanges import SECRET, said, sketched, words

VOCABULARY = words(np.random.default_rng(41), 200).split()


@given(st.sets(st.integers(0, 199), max_size=25), st.sets(st.integers(0, 199), max_size=25))
def test_disjoint_texts_add_up(one: set[int], other: set[int]) -> None:
    """As long as both ends of the turn hold every word: the sum of two texts is the text of both."""
    left, right = ([VOCABULARY[i] for i in sorted(ids)] for ids in (one, other - one))
    rows = sketched(said(" ".join(left)), said(" ".join(right)), said(" ".join([*left, *right]))).projection
    assert (rows[0] + rows[1] == rows[2]).all()


def test_a_word_counts_once_however_often_and_wherever_it_is_said() -> None:
    """Distinct words, in any order, with any numbers and function words between them."""
    rows = sketched(
        said("heron egret bittern"), said("The Bittern and 12 egrets: egret, heron. HERON, of the heron; egrets")
    ).projection
    extra = sketched(said("egrets")).projection
    assert (rows[0] + extra[0] == rows[1]).all()


def test_a_long_turn_is_projected_by_its_two_ends() -> None:
    """The middle of a document weighs nothing: 64 words of each end, here of one known word each."""
    long = f"{'heron ' * 200}{' '.join(VOCABULARY)} {'egret ' * 200}"
    rows = sketched(said(long), said("heron egret")).projection
    assert (rows[0] == rows[1]).all()


def test_function_words_and_numbers_weigh_nothing() -> None:
    """Grammar is no subject."""
    assert (sketched(said("What is the 4 of it? 你的是 и в на")).projection == 0).all()


def test_every_direction_of_one_word_is_plus_or_minus_one() -> None:
    """And two words differ."""
    rows = sketched(said("heron"), said("egret")).projection
    assert (np.abs(rows) == 1).all()
    assert (rows[0] != rows[1]).any()


def test_a_sum_beyond_a_byte_saturates_and_does_not_wrap() -> None:
    """128 words, the most there can be, that all point one way end at 127 or -127."""
    sketcher = Sketcher(SECRET)
    ids = {sketcher._lexicon[word] for word in VOCABULARY[: 2 * END_TOKENS]}
    sketcher._lexicon.settle()
    sketcher._lexicon.is_plus[:] = np.repeat([1, 0], 32)
    assert sketcher._projection(Ragged.of([ids, set()])).tolist() == [[127] * 32 + [-127] * 32, [0] * 64]
