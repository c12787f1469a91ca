"""The measures that robustness and quality are told by: what is done to texts, and how varied they are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.audit import KINDS, audited
from benchmarks.powers import named, seen
from benchmarks.quality.diversity import compressed, distinct, self_bleu
from benchmarks.robustness.damage import DAMAGES

TEXT, USUAL = np.arange(400), np.arange(400) + 1_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_timed_is_a_whole_audit(kind: str) -> None:
    """A hundredth of it: 27 candidates, none of them found, beside 400 wrong keys and a clean control."""
    found = audited(kind, 10_000)
    assert len(found.keys) == 27
    assert found.calibration.wrong_keys == 400
    assert min(one.adjusted for one in found.keys) > 1e-6


def test_a_suspect_that_follows_nothing_is_told_of_nobody_and_one_that_always_does_at_once() -> None:
    assert named(8, 0.0, audits=10) == {3: 0.0, 5: 0.0, 10: 0.0}
    assert named(8, 1.0, audits=10) == {3: 0.0, 5: 1.0, 10: 1.0}


def test_what_another_model_answers_throughout_is_seen_oftener_than_nothing() -> None:
    """Of ten pairs 7.4 are expected, and 0.5 where nothing is another's."""
    found = seen(12, pairs=10)
    assert found[1.0] >= found[0.0] + 0.2


@pytest.mark.parametrize("name", DAMAGES)
def test_no_damage_leaves_a_text_as_it_is(name: str) -> None:
    assert (DAMAGES[name](TEXT, 0.0, np.random.default_rng(1), USUAL) == TEXT).all()


@pytest.mark.parametrize(
    ("name", "length", "kept"),
    [
        ("words replaced", 400, 280),
        ("words left out", 280, 280),
        ("words put in", 520, 400),
        ("reworded (stand-in)", 400, 280),
        ("unmarked text mixed in", 400, 280),
        ("cut off", 280, 280),
    ],
)
def test_as_much_is_done_as_is_said(name: str, length: int, kept: int) -> None:
    """Of 400 words, three in ten; coins within five standard deviations."""
    found = DAMAGES[name](TEXT, 0.3, np.random.default_rng(2), USUAL)
    spread = 5 * (400 * 0.3 * 0.7) ** 0.5
    assert abs(len(found) - length) < spread
    assert abs(np.isin(TEXT, found).sum() - kept) < spread


def test_what_is_cut_is_cut_at_the_ends() -> None:
    assert (np.diff(DAMAGES["cut off"](TEXT, 0.5, np.random.default_rng(3), USUAL)) == 1).all()


def test_diversity_is_what_its_names_say() -> None:
    assert distinct([[1, 2, 1, 2, 1]], 2) == 0.5
    assert self_bleu([([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])]) == pytest.approx(1.0)
    assert self_bleu([([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])]) == 0.0
    varied = np.random.default_rng(1).integers(0, 4_000, 400).tolist()
    assert compressed([varied]) > 3 * compressed([varied[:20] * 20])
