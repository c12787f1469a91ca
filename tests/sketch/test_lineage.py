"""Lineage: a passage that comes back keeps its sentence's value, in whatever wrapper."""

from __future__ import annotations

import numpy as np
import pytest

from .exchanges import said, sketched, words

# ruff: noqa: RUF001 - full-width marks stand where their languages have them


def lineage(*texts: str) -> list[set[int]]:
    """The filled slots' values of each text."""
    return [{int(v) for v in row if v} for row in sketched(*[said(text) for text in texts]).lineage]


def test_a_sentence_in_another_wrapper_keeps_its_value() -> None:
    """Beside one other sentence it loses its slot with chance 1/6 * 1/2: it shares a value with itself in 11 of 12.

    400 pairs, within 4.5 deviations of coins.
    """
    rng = np.random.default_rng(31)
    texts = []
    for _ in range(400):
        sentence = f"The {words(rng, 5)}."
        texts += [sentence, f"{words(rng, 6)}: answer as a pirate. {sentence}"]
    found = lineage(*texts)
    kept = [bool(a & b) for a, b in zip(found[::2], found[1::2], strict=True)]
    assert np.mean(kept) == pytest.approx(11 / 12, abs=4.5 * np.sqrt(11 / 12 / 12 / 400))


@pytest.mark.parametrize(
    "other",
    [
        "WHERE DO HERONS SLEEP IN WINTER?",
        "where do herons sleep in winter",
        "Where do herons sleep in winter!?",
        "  Where do herons sleep in winter;\n",
        "Hm. Where do herons sleep in winter. Ok?",
    ],
)
def test_case_ends_and_tiny_neighbours_do_not_matter(other: str) -> None:
    """Capitals, the mark at the end and pieces too short to mean anything change no value."""
    one, two = lineage("Where do herons sleep in winter?", other)
    assert one == two
    assert len(one) == 1


def test_full_width_marks_end_a_sentence_too() -> None:
    """A Chinese question in a wrapper of two sentences is still there."""
    question = "苍鹭冬天在哪里睡觉"
    alone, wrapped = lineage(f"{question}？", f"{question}。请用一句话回答！")
    assert alone <= wrapped


@pytest.mark.parametrize("text", ["", "Yes.", "1. 2. 3.", "好的。", "\x00"])
def test_what_is_too_short_to_come_from_anywhere_leaves_nothing(text: str) -> None:
    """Under 12 bytes, or five ideographs, a sentence is nobody's."""
    assert lineage(text) == [set()]


def test_both_ends_of_a_long_turn_are_looked_at_and_its_middle_is_not() -> None:
    """2,048 characters on each end; the first and the last sentence have a fair chance, the middle one none."""
    filler = "x" * 3000
    rows = lineage(*[f"{a}.{filler}.{b}.{filler}.{c}" for a, b, c in TRIPLES])
    assert rows[0] != rows[1]
    assert rows[0] == rows[2]
    assert rows[0] != rows[3]


TRIPLES = (
    ("herons sleep in the reeds", "egrets hunt at dawn", "bitterns are rarely seen"),
    ("herons nest in tall trees", "egrets hunt at dawn", "bitterns are rarely seen"),
    ("herons sleep in the reeds", "egrets fly at dusk", "bitterns are rarely seen"),
    ("herons sleep in the reeds", "egrets hunt at dawn", "bitterns boom in spring"),
)


def test_lineage_is_of_the_last_turn() -> None:
    """Earlier turns were seen in their own exchanges."""
    rows = sketched(said("Where do herons sleep?", "And where do egrets sleep?"), said("And where do egrets sleep?"))
    assert (rows.lineage[0] == rows.lineage[1]).all()
