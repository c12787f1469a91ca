"""Words found a batch at a time are those that the plain splitter finds in each text."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch import lexicon, plain_words
from stillwatch.sketch.lexicon import Lexicon, split
from stillwatch.sketch.plain_words import WordTable

KEY = bytes(range(16))
# Few letters, so that words come again; digits, underscores, blanks and zero bytes between them.
BUSY = st.text("abAB09_ .\n\x00", max_size=60)
ANY = st.text(st.characters(max_codepoint=127), max_size=60)
FOREIGN = st.text(st.characters(), max_size=20) | st.text("a1é芦\u0338\u20e3\u2019… =⚡\ufe0f", max_size=20)
SPELT = st.integers(0, 40).map(lambda length: ("abcdefgh" * 5)[:length])


def tokens(words: Lexicon, texts: list[str]) -> list[list[str]]:
    """What a lexicon finds in texts, spelt again."""
    found = words.tokens(texts)
    spelling = {id_: token for token, id_ in words.items()}
    spelt = [spelling[id_] for id_ in found.ids.tolist()]
    ends = found.counts.cumsum().tolist()
    return [spelt[end - count : end] for end, count in zip(ends, found.counts.tolist(), strict=True)]


@given(st.lists(st.lists(BUSY | ANY | FOREIGN | SPELT, max_size=6), max_size=4))
def test_a_batch_is_split_as_its_texts_are(batches: list[list[str]]) -> None:
    """Whatever the writing, and whatever is known from the batches before."""
    words = Lexicon(KEY)
    for texts in batches:
        assert tokens(words, texts) == [split(text) for text in texts]
        words.settle()


@given(st.lists(st.lists(BUSY | SPELT, max_size=6), max_size=4))
def test_words_that_share_a_slot_are_told_apart(batches: list[list[str]]) -> None:
    """With two slots nearly every word finds its own taken, also by a text worked on just before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_words, "SLOTS_BITS", 1)
        patch.setattr(plain_words, "_TEXTS", 2)
        words = Lexicon(KEY)
        for texts in batches:
            assert tokens(words, texts) == [split(text) for text in texts]


@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17, 512])
def test_words_are_told_apart_by_every_letter(length: int) -> None:
    """Around the lengths where one machine word, or two, are full."""
    words = ["a" * length, "a" * (length - 1) + "b", "b" + "a" * (length - 1), "a" * (length + 1)]
    assert tokens(Lexicon(KEY), words) == [[word] for word in words]


def test_a_table_that_was_cleared_asks_again() -> None:
    """Ids that the dictionary gives anew are not mixed with those it gave before."""
    table = WordTable()
    assert table.words(["heron egret"], {"heron": 0, "egret": 1}).ids.tolist() == [0, 1]
    table.clear()
    assert table.words(["heron egret"], {"heron": 5, "egret": 3}).ids.tolist() == [5, 3]


def test_marks_stand_between_tokens() -> None:
    """Every mark that is taken for one does, beside letters, numbers and signs."""
    marks = [mark for mark in map(chr, range(0x80, sys.maxunicode + 1)) if not lexicon._FOREIGN.match(mark)]
    assert len(marks) > 1_000
    for mark in marks:
        text = f"a{mark}b1{mark}2={mark}<{mark}{mark}e"
        assert split(text) == split(text.replace(mark, "?"))
