"""Similarity between models: exact where it promises to be, and never said to be more than it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.base_family import guessed
from stillwatch.audit.differential import differentials
from stillwatch.audit.likeness import Kernel, discrepancies, gram
from stillwatch.audit.recording import Recording
from stillwatch.audit.same_model import power, same_model
from stillwatch.errors import InputError, UsageError
from stillwatch.stats.binomial import chance_of_so_few, chance_of_so_many

from .speakers import PROMPTS, Speaker


@pytest.mark.parametrize("kernel", list(Kernel))
def test_a_text_is_wholly_like_itself_and_like_nothing_that_shares_no_letter(kernel: Kernel) -> None:
    found = gram(["rye is a grass", "rye is a grass", "ZZZZZZZZZZZZZZ", "", ""], kernel)
    assert found[0, 1] == pytest.approx(1.0)
    assert found[0, 2] == pytest.approx(0.0)
    assert found[0, 3] == pytest.approx(0.0)
    assert found[3, 4] == pytest.approx(1.0)
    assert np.allclose(found, found.T)


def test_hamming_counts_places_and_the_longer_text_is_the_measure() -> None:
    assert gram(["abcd", "abxd"], Kernel.HAMMING)[0, 1] == 0.75
    assert gram(["ab", "abcd"], Kernel.HAMMING)[0, 1] == 0.5


def test_the_discrepancy_of_one_model_from_itself_is_zero_on_average() -> None:
    """Thirty pairs of recordings: the mean within four of its standard errors."""
    speaker = Speaker(1)
    pairs = [[speaker.recorded("", 2 * n + side, 4, prompts=4) for side in (0, 1)] for n in range(30)]
    found = np.array([discrepancies(pair, PROMPTS[:4])[:, 0, 1].mean() for pair in pairs])
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize("kernel", list(Kernel))
def test_one_model_behind_two_endpoints_is_called_different_no_more_often_than_said(kernel: Kernel) -> None:
    speaker, crossed = Speaker(1), 0
    for number in range(120):
        ours, theirs = (speaker.recorded("", 2 * number + side, 3, 20, 3) for side in (0, 1))
        crossed += same_model(ours, theirs, kernel, seed=number, deals=99).p <= 0.05
    assert chance_of_so_many(crossed, 120, 0.05) > 1e-4
    assert chance_of_so_few(crossed, 120, 0.05) > 1e-4  # nor is it blind


def test_another_model_is_told_apart_and_power_says_so_beforehand() -> None:
    ours, other = Speaker(1), Speaker(2)
    known = ours.recorded("ours", 1)
    low, high = power(known, other.recorded("unlike", 2), (0.0, 1.0), 0.05, runs=60)
    assert (low.share, high.share, high.answers) == (0.0, 1.0, 4)
    assert chance_of_so_many(round(low.chance * 60), 60, 0.05) > 1e-4
    assert high.chance > 0.9
    assert same_model(known, other.recorded("theirs", 3), deals=999).p == 0.001


def test_an_endpoint_that_declines_is_not_the_same_model() -> None:
    """To decline is a way to answer."""
    ours = Speaker(1).recorded("ours", 1)
    silent = Recording("theirs", dict.fromkeys(ours.answers, ("",) * 8))
    assert same_model(ours, silent, deals=999).p == 0.001


FAMILIES = {f"family-{number}": number for number in range(5)}


def profiles(each: int) -> list[Recording]:
    return [
        Speaker(number, seed=10 * number + size, own=0.2).recorded(f"{name}/{size}", 100 * number + size, each)
        for name, number in FAMILIES.items()
        for size in (1, 2)
    ]


def test_a_suspect_on_a_known_base_is_guessed_and_errors_are_counted() -> None:
    guess, errors = guessed(Speaker(3, seed=99, own=0.4).recorded("suspect", 9_000, 6), profiles(6))
    assert guess.family == "family-3"
    assert guess.nearness < guess.needed
    assert guess.discrepancies[0][0] == "family-3"
    assert (errors.tried, errors.named_wrongly, errors.strangers) == (20, 0, 10)
    assert errors.named_rightly >= 18
    assert 0 < errors.wrong_at_most < 0.2


def test_a_suspect_on_no_known_base_cannot_be_told() -> None:
    guess, _ = guessed(Speaker(50).recorded("suspect", 50, 4), profiles(4))
    assert guess.family is None


def test_a_guess_among_two_is_refused() -> None:
    with pytest.raises(UsageError, match="2 families are recorded, and 3 are the least"):
        guessed(Speaker(1).recorded("suspect", 1), profiles(4)[:4])


def controls(count: int, first: int = 0) -> list[Recording]:
    """Comparable models: one base, each moved a way of its own."""
    return [Speaker(1, seed=first + n, own=0.5).recorded(f"control-{n}", 500 + first + n, 4) for n in range(count)]


def teachers() -> list[Recording]:
    return [Speaker(1, seed=900 + n, own=0.8).recorded(f"teacher-{n}", 800 + n, 4) for n in range(2)]


def test_a_suspect_that_is_more_like_one_teacher_than_its_controls_are_is_said_to_be_similar() -> None:
    suspect = Speaker(1, seed=900, own=0.8).recorded("suspect", 1, 4)
    found = differentials(suspect, controls(19), teachers(), 0.1)
    assert [one.answer for one in found] == ["more similar than its controls", "no more similar than its controls"]
    assert found[0].p == 1 / 20
    assert found[0].adjusted == 2 / 20
    assert not any("derived" in one.answer for one in found)


def test_one_of_its_controls_called_the_suspect_is_similar_as_often_as_chance_has_it() -> None:
    """Each of eight models is called the suspect once: exactly one stands first."""
    models = controls(8)
    first = [
        differentials(one, [other for other in models if other is not one], teachers()[:1], 0.05)[0].p for one in models
    ]
    assert sorted(round(8 * p) for p in first) == list(range(1, 9))


def test_with_few_controls_nobody_can_tell() -> None:
    suspect = Speaker(1, seed=900, own=0.8).recorded("suspect", 1, 4)
    assert {one.answer for one in differentials(suspect, controls(9), teachers(), 0.05)} == {"cannot tell"}


def test_recordings_without_a_prompt_in_common_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "theirs.jsonl"
    file.write_text('{"prompt": "Else?", "answer": "No."}\n\n{"prompt": "Else?", "answer": "Yes."}\n')
    with pytest.raises(UsageError, match="no prompt that each of"):
        same_model(Speaker(1).recorded("ours", 1), Recording.read(file))


@pytest.mark.parametrize("line", ['"text"', '{"prompt": "x"}', "{", '{"prompt": "x", "answer": 3}'])
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "theirs.jsonl"
    file.write_text('{"prompt": "x", "answer": "y"}\n' + line)
    with pytest.raises(InputError, match="line 2 is no answer"):
        Recording.read(file)
    file.write_text("\n")
    with pytest.raises(InputError, match="holds no answer"):
        Recording.read(file)
