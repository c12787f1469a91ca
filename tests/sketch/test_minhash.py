"""One-permutation MinHash: an unbiased estimate of Jaccard similarity that only the secret's holder can make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.sketch.minhash import KeyedMinHash, shingles

from .exchanges import OTHER_SECRET, SECRET

WORDS = st.lists(st.integers(0, 2**64 - 1), max_size=12)


def slots_of(sets: list[NDArray[np.uint64]], hasher: KeyedMinHash) -> NDArray[np.uint64]:
    """(sets, slots) values."""
    owner = np.repeat(np.arange(len(sets)), [len(s) for s in sets])
    return hasher.slots(np.concatenate(sets), owner, len(sets))


@pytest.mark.parametrize(("shared", "own"), [(10, 40), (30, 30), (60, 10)])
def test_slots_agree_as_often_as_the_sets_overlap(shared: int, own: int) -> None:
    """Of the slots filled in one of two sets, a fraction J = |A and B| / |A or B| holds the same value.

    1,000 pairs of 8 slots. Slots of one pair are drawn without replacement, so the count varies less than 8,000 coins
    of chance J do: 4.5 of their standard deviations are exceeded with probability below 7e-6.
    """
    rng = np.random.default_rng(11)
    pairs, jaccard = 1000, shared / (shared + 2 * own)
    items = rng.integers(0, 2**64, (pairs, shared + 2 * own), np.uint64, endpoint=False)
    hasher = KeyedMinHash(SECRET, "test", 8)
    left = slots_of(list(items[:, : shared + own]), hasher)
    right = slots_of(list(np.concatenate([items[:, :shared], items[:, shared + own :]], axis=1)), hasher)
    filled = (left != 0) | (right != 0)
    agree = (left == right) & filled
    deviation = np.sqrt(jaccard * (1 - jaccard) / filled.sum())
    assert agree.sum() / filled.sum() == pytest.approx(jaccard, abs=4.5 * deviation)


def test_empty_slots_stay_empty_at_the_rate_of_balls_and_bins() -> None:
    """m items leave a slot of 8 empty with chance (7/8)**m; 2,000 sets of 5, within 4.5 deviations of coins.

    (Whether two slots of a set are empty is negatively correlated, so coins vary more.)
    """
    items = np.random.default_rng(12).integers(0, 2**64, (2000, 5), np.uint64, endpoint=False)
    empty = (slots_of(list(items), KeyedMinHash(SECRET, "test", 8)) == 0).mean()
    expected = (7 / 8) ** 5
    assert empty == pytest.approx(expected, abs=4.5 * np.sqrt(expected * (1 - expected) / 16_000))


def test_no_slot_is_favoured() -> None:
    """32,000 items fall into 8 slots evenly: chi-squared with 7 degrees of freedom is below 35 but for 1e-5."""
    items = np.random.default_rng(13).integers(0, 2**64, 32_000, np.uint64, endpoint=False)
    values = KeyedMinHash(SECRET, "test", 8).slots(items, np.arange(32_000), 32_000)
    counts = (values != 0).sum(axis=0)
    assert counts.sum() == 32_000
    assert ((counts - 4000) ** 2 / 4000).sum() < 35


@given(st.permutations(list(range(12))), st.lists(st.integers(0, 11), max_size=12))
def test_order_and_repetition_inside_a_set_do_not_matter(order: list[int], again: list[int]) -> None:
    """It is a sketch of a set."""
    items = np.random.default_rng(14).integers(0, 2**64, 12, np.uint64, endpoint=False)
    hasher = KeyedMinHash(SECRET, "test", 6)
    assert (slots_of([items[[*order, *again]]], hasher) == slots_of([items], hasher)).all()


def test_secret_and_purpose_decide_choice_and_value() -> None:
    """Under another key other items win, and the same item has another value: no slot agrees."""
    items = [np.arange(500, dtype=np.uint64)]
    made = [
        slots_of(items, KeyedMinHash(secret, purpose, 8)) for secret in (SECRET, OTHER_SECRET) for purpose in ("a", "b")
    ]
    assert len(np.unique(np.concatenate(made))) == 32


def test_sets_without_items_have_no_value() -> None:
    """Empty sets among others, and nothing but empty sets."""
    hasher = KeyedMinHash(SECRET, "test", 8)
    some = hasher.slots(np.array([5], np.uint64), np.array([1]), 3)
    assert ((some != 0).sum(axis=1) == [0, 1, 0]).all()
    assert (hasher.slots(np.empty(0, np.uint64), np.empty(0, np.int64), 2) == 0).all()


@given(st.lists(WORDS, max_size=6))
def test_shingles_are_the_runs_of_three_of_each_sequence(sequences: list[list[int]]) -> None:
    """n tokens have n - 2 shingles; one or two tokens are one; runs never reach into the next sequence."""
    flat = np.array([word for words in sequences for word in words], np.uint64)
    hashed, owner = shingles(flat, np.array([len(words) for words in sequences], np.int64))
    assert [int((owner == i).sum()) for i in range(len(sequences))] == [
        min(len(words), max(len(words) - 2, 1)) for words in sequences
    ]
    for index, words in enumerate(sequences):
        alone, _ = shingles(np.array(words, np.uint64), np.array([len(words)]))
        assert (hashed[owner == index] == alone).all()


def test_a_shingle_knows_the_order_of_its_tokens() -> None:
    """The same three tokens in six orders are six shingles."""
    tokens = np.array([1, 2, 3, 1, 3, 2, 2, 1, 3, 2, 3, 1, 3, 1, 2, 3, 2, 1], np.uint64)
    assert len(np.unique(shingles(tokens, np.full(6, 3))[0])) == 6
