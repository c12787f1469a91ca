"""What is said, counted once and set against a reference: small enough to be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stillwatch.audit.said import NOTHING, Said, said_in, set_against
from stillwatch.watermark.cells import Cells, cells_of
from stillwatch.watermark.contexts import contexts_of

TEXTS = st.lists(arrays.arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 5)), max_size=6)


def words(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def weights(suspect: Said, reference: Said = NOTHING) -> dict[tuple[int, int], float]:
    found = set_against(suspect, reference)
    pairs = zip(found.cells.contexts.tolist(), found.cells.tokens.tolist(), strict=True)
    return dict(zip(pairs, found.weights.tolist(), strict=True))


@given(TEXTS, st.integers(1, 2))
@settings(deadline=None, max_examples=40)
def test_each_cell_stands_once_with_how_often_it_was_said(texts: list[np.ndarray], window: int) -> None:
    found, cells = said_in(texts, window), cells_of(texts, window)
    assert found.cells.contexts.tolist() == cells.contexts.tolist()
    assert found.cells.tokens.tolist() == cells.tokens.tolist()
    every = [
        pair for text in texts for pair in zip(contexts_of(text, window).tolist(), text[window:].tolist(), strict=True)
    ]
    pairs = zip(cells.contexts.tolist(), cells.tokens.tolist(), strict=True)
    assert found.times.tolist() == [every.count(pair) for pair in pairs]


def test_a_cell_weighs_the_difference_of_two_shares_over_its_variance() -> None:
    suspect = Said(Cells(words(1, 1), words(7, 8)), np.array([3, 1]))
    reference = Said(Cells(words(1, 1, 2), words(7, 9, 7)), np.array([20, 30, 5]))
    found = weights(suspect, reference)
    worth = 1 / (1 / 4 + 1 / 100 + 1 / 3_000)
    assert found == pytest.approx(
        {(1, 7): worth * (3 / 4 - 20 / 100), (1, 8): worth / 4, (1, 9): -worth * 30 / 100}
    )  # context 2, which the suspect never says, weighs nothing


def test_alone_a_context_that_comes_often_weighs_less_for_each_time() -> None:
    found = weights(Said(Cells(words(1, 2), words(7, 7)), np.array([1, 1_000])))
    assert found[1, 7] == pytest.approx(1, rel=0.03)
    assert 40 < found[2, 7] < 50


def test_a_suspect_that_is_its_reference_weighs_little() -> None:
    """What says the same as often leaves what is not known of each context, and no more."""
    said = Said(Cells(words(1, 1), words(7, 8)), np.array([5_000, 15_000]))
    assert max(weights(said, said).values()) < 0.2 * max(weights(said).values())


def test_nothing_said_weighs_nothing() -> None:
    assert weights(NOTHING, Said(Cells(words(1), words(7)), np.array([5]))) == {}
    assert said_in([], 1).times.tolist() == []
