"""Tokens: what counts as one, in which writing, and that the dictionary is nothing but a cache."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch.concepts import Concept
from stillwatch.sketch.lexicon import Lexicon, split
from stillwatch.sketch.stop_words import STOP_WORDS

KEY = bytes(range(16))

# ruff: noqa: RUF001 - full-width marks stand where their languages have them


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  ...\x00\n", []),
        ("The heron's NEST_box 42b", ["the", "heron", "s", "nest", "box", "0", "b"]),
        ("Über Größe, ÉTÉ", ["über", "größe", "été"]),
        ("Где зимует цапля?", ["где", "зимует", "цапля"]),
        ("芦苇 grows，2 米", ["芦", "苇", "grows", "0", "米"]),
        ("カワセミabc", ["カ", "ワ", "セ", "ミ", "abc"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("ＡＢＣ１２３", ["abc", "0"]),  # full width
        ("\uf900\ufa6a", ["\u8c48", "\u983b"]),  # compatibility ideographs
        ("a\ud800b", ["a", "b"]),
    ],
)
def test_tokens_are_words_single_ideographs_and_numbers(text: str, tokens: list[str]) -> None:
    """Case, width and punctuation do not matter; ideographs and kana stand alone, and every number is 0."""
    assert split(text) == tokens


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_is_split_alike_beside_other_writing(text: str) -> None:
    """One foreign letter in a prompt does not change how the rest is read."""
    assert split(f"{text} é") == [*split(text), "é"]


@given(st.lists(st.text(st.characters(), max_size=6), max_size=30), st.lists(st.integers(0, 29), max_size=4))
def test_a_tokens_row_does_not_depend_on_what_came_before(tokens: list[str], settled_at: list[int]) -> None:
    """Hash, signs and concepts are the token's own, whenever it was settled."""
    busy, fresh = Lexicon(KEY), Lexicon(KEY)
    for place, token in enumerate(tokens):
        busy[token]
        if place in settled_at:
            busy.settle()
    busy.settle()
    for token in tokens:
        fresh.clear()
        fresh._settled = 0
        one = fresh[token]
        fresh.settle()
        assert busy.hashes[busy[token]] == fresh.hashes[one]
        assert busy.concepts[busy[token]] == fresh.concepts[one]
        assert (busy.is_plus[busy[token]] == fresh.is_plus[one]).all()
        assert busy.is_signed[busy[token]] == fresh.is_signed[one]


def test_all_numbers_are_one_token_of_no_weight() -> None:
    """A counter in a template does not make it another template, nor a subject."""
    lexicon = Lexicon(KEY)
    ids = {lexicon[number] for number in ("0", "7", "2024", "٣", "1" * 400)}
    lexicon.settle()
    assert len(ids) == 1
    assert not lexicon.is_signed[ids.pop()]


def test_stop_words_weigh_nothing_and_all_others_one() -> None:
    """A stop word has no sign in any direction."""
    lexicon = Lexicon(KEY)
    ids = [lexicon[token] for token in (*sorted(STOP_WORDS), "heron", "苇")]
    lexicon.settle()
    assert lexicon.is_signed[ids].tolist() == [0] * len(STOP_WORDS) + [1] * 2
    assert not lexicon.is_plus[ids[: len(STOP_WORDS)]].any()


def test_signs_are_as_often_plus_as_minus_in_every_direction() -> None:
    """With 4,096 words a direction's mean has deviation 1/64; five of them in 64 directions: chance below 4e-5."""
    lexicon = Lexicon(KEY)
    ids = [lexicon[f"word{chr(0x100 + i)}"] for i in range(4096)]
    lexicon.settle()
    assert np.abs(2 * lexicon.is_plus[ids].mean(axis=0) - 1).max() < 5 / 64


def test_concepts_are_found_by_token() -> None:
    """A word of two lists has both bits; a word of none has no bit."""
    lexicon = Lexicon(KEY)
    ids = [lexicon[token] for token in ("rubric", "推", "heron")]
    lexicon.settle()
    assert lexicon.concepts[ids].tolist() == [Concept.SCALE, Concept.REASONING | Concept.RECONSTRUCT, 0]
