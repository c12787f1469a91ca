"""Keyed draws are detected: the tail is exact, the null holds whatever the text says, and the stated power is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import gamma, nbinom

from stillwatch.audit.span import drawn_spans
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import both, chance_of_so_many
from stillwatch.watermark.cells import Cells, cells_of, first_cells_of
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.draws import WEIGHTS, draw_score, draws_needed, scored_draws
from stillwatch.watermark.gamma_sums import tail
from stillwatch.watermark.gumbel import Drawer
from stillwatch.watermark.keys import MasterKeys, second_key
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.scheme import Kind, Scheme

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
SCHEME = Scheme(kind=Kind.GUMBEL)
KEY = MASTER.key(SCHEME, "tok")
WRONG = 2_000
"""Keys: enough to see 1 in 1,000."""


def answer(length: int, choices: int, seed: int) -> np.ndarray:
    """Tokens of which any of `choices` is as likely, drawn under the key."""
    drawer = Drawer(Prf(KEY.material), Prf(second_key(KEY)), np.random.default_rng(seed))
    tokens, found = np.random.default_rng(seed + 1_000_000), [0]
    for _ in range(length):
        shares = np.zeros(2_000)
        shares[tokens.choice(2_000, choices, replace=False)] = 1 / choices
        found.append(drawer.draw(shares, found[-1]))
    return np.array(found)


@given(st.integers(LEAST_CELLS, 150), st.floats(0.2, 2.5), st.floats(0.1, 1.0))
@settings(deadline=None, max_examples=40)
def test_the_tail_is_the_series_of_mixtures(terms: int, mean: float, second: float) -> None:
    """A Gamma of the larger scale is a negative-binomial mixture of Gammas of the smaller: all terms are positive."""
    at = terms * mean * (1 + second)
    more = np.arange(int(200 + 30 * terms / second))
    series = float((nbinom.pmf(more, terms, second) * gamma.sf(at / second, 2 * terms + more)).sum())
    assert tail(terms, (1.0, second), at) == pytest.approx(series, rel=1e-8, abs=1e-290)


def test_the_tail_of_equal_weights_is_one_gamma() -> None:
    for at in (0.0, 10.0, 40.0, 400.0, 900.0):
        assert tail(20, (0.5, 0.5), at) == pytest.approx(float(gamma.sf(2 * at, 40)), rel=1e-9)


@pytest.mark.parametrize("text", ["marked under another key", "of nobody", "that goes in circles"])
def test_wrong_keys_cross_levels_as_often_as_they_should(text: str) -> None:
    """2,000 keys on one text: each rate within its exact bounds, which correct code misses once in a million."""
    rng = np.random.default_rng(3)
    said = {
        "marked under another key": answer(300, 20, 1),
        "of nobody": rng.integers(0, 2_000, 300),
        "that goes in circles": np.tile(rng.integers(0, 2_000, 100), 30),
    }[text]
    cells = first_cells_of([said], 1)
    p = np.array([scored_draws(cells, MASTER.key(SCHEME, "tok", epoch=epoch)).p for epoch in range(1, WRONG + 1)])
    for level in (0.05, 0.01, 0.001):
        crossed = int((p <= level).sum())
        bounds = both(crossed, WRONG, 1e-6)
        assert bounds.low <= level <= bounds.high


def test_a_repeated_context_was_drawn_without_a_key_and_does_not_count() -> None:
    text = np.array([1, 5, 1, 6, 1, 5, 2])
    cells = first_cells_of([text, text], 1)
    assert list(zip(cells.contexts.tolist(), cells.tokens.tolist(), strict=True)) == [(1, 5), (5, 1), (6, 1)]


TEXTS = st.lists(arrays.arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 5)), max_size=6)


@given(TEXTS, st.integers(1, 2))
@settings(deadline=None)
def test_what_counts_are_cells_that_could_have_been_drawn(texts: list[np.ndarray], window: int) -> None:
    expected = dict[tuple[tuple[int, ...], int], None]()
    for text in texts:
        seen = set()
        for end in range(window, len(text)):
            context = tuple(text[end - window : end].tolist())
            if context not in seen:
                seen.add(context)
                expected[context, int(text[end])] = None
    cells, every = first_cells_of(texts, window), cells_of(texts, window)
    assert len(cells) == len(expected)
    assert len(cells.without(every)) == 0


@pytest.mark.parametrize("choices", [3, 10])
def test_as_many_cells_as_are_said_to_be_needed_reach_the_level(choices: int) -> None:
    """Each cell the largest of so many uniforms under one of the keys: 400 texts of the stated length at 99 %."""
    rng, needed = np.random.default_rng(5), draws_needed(choices, 1e-6)
    largest = -np.log1p(-(rng.random((400, needed)) ** (1 / choices)))
    other = rng.exponential(size=(400, needed))
    is_first = rng.random((400, needed)) < WEIGHTS[0]
    totals = np.where(is_first, WEIGHTS[0] * largest + WEIGHTS[1] * other, WEIGHTS[1] * largest + WEIGHTS[0] * other)
    missed = sum((draw_score(needed, float(total)).p or 1) > 1e-6 for total in totals.sum(1))
    assert chance_of_so_many(missed, 400, 0.02) > 1e-6  # "to some per cent": twice the stated one is allowed


def test_a_drawn_answer_is_found_under_its_key_and_an_undrawn_one_is_not() -> None:
    found = scored_draws(first_cells_of([answer(250, 10, 2)], 1), KEY)
    assert found.p is not None
    assert found.p < 1e-12
    assert found.share > 1.5
    clean = scored_draws(first_cells_of([np.random.default_rng(9).integers(0, 2_000, 250)], 1), KEY)
    assert clean.p is not None
    assert clean.p > 1e-4


def weighed(rng: np.random.Generator, length: int) -> np.ndarray:
    """Surprises of a text that has nothing to do with the key."""
    return np.asarray(WEIGHTS[0] * rng.exponential(size=length) + WEIGHTS[1] * rng.exponential(size=length))


def test_a_text_without_a_mark_holds_a_drawn_stretch_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(6)
    found = sum(bool(drawn_spans(weighed(rng, 300), 0.2)) for _ in range(500))
    assert chance_of_so_many(found, 500, 0.2) > 1e-3


def test_a_drawn_stretch_is_told_where_it_is() -> None:
    rng = np.random.default_rng(7)
    text = weighed(rng, 400)
    text[150:250] += 1.2
    (span,) = drawn_spans(text, 1e-6)
    assert abs(span.first - 150) < 20
    assert abs(span.last - 249) < 20
    assert drawn_spans(np.empty(0), 0.5) == []


def test_too_few_draws_cannot_be_judged_however_surprising() -> None:
    few = Cells(np.arange(LEAST_CELLS - 1, dtype=np.uint64), np.zeros(LEAST_CELLS - 1, np.uint64))
    assert scored_draws(few, KEY).p is None
    assert draw_score(LEAST_CELLS - 1, 1e6).p is None
    assert draw_score(0, 0.0).share == 0.0


def test_where_nothing_is_drawn_no_length_is_enough() -> None:
    with pytest.raises(ValueError, match="nothing is drawn"):
        draws_needed(1, 1e-6)
