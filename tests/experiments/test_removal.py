"""Rewording takes marks out: a little where it is blind, all of it where it is aimed, and text stays text."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.experiments.harvest import Layout, Size, Teaching
from stillwatch.experiments.removal import Suspected, aimed, reworded
from stillwatch.experiments.source import Source, Tokens
from stillwatch.experiments.student import Student
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green

SMALL = Size(words=300, corpus=24_000)


@pytest.fixture(scope="module")
def teaching() -> Teaching:
    return Teaching(Source(SMALL.words), SMALL, seed=5)


@pytest.fixture(scope="module")
def harvested(teaching: Teaching) -> Tokens:
    return teaching.harvest(Layout.CAMPAIGN)


@pytest.fixture(scope="module")
def layers(teaching: Teaching) -> Layers:
    return Layers(teaching.keys.fleet, teaching.keys.campaign)


def share_green(texts: Tokens, layers: Layers) -> float:
    """Of all words, cells as often as they are said: what a student learns from."""
    before, after = texts[:, :-1].ravel().astype(np.uint64), texts[:, 1:].ravel().astype(np.uint64)
    return float(green(layers, before, after).mean())


def test_blind_rewording_of_a_third_leaves_most_of_the_mark(
    teaching: Teaching, harvested: Tokens, layers: Layers
) -> None:
    base = Student(teaching.base, SMALL.words)
    texts = reworded(harvested, 1 / 3, base, np.random.default_rng(1))
    assert 0.2 < (texts != harvested).mean() < 1 / 3
    assert 0.32 < share_green(texts, layers) < share_green(harvested, layers)


def test_who_counts_sees_which_cells_are_green(teaching: Teaching, harvested: Tokens, layers: Layers) -> None:
    """Without the key: a cell that comes oftener than unmarked text says is likelier green."""
    suspected = Suspected(harvested, Student(teaching.unmarked, SMALL.words), SMALL.words)
    cells = cells_of(harvested, 1)
    seems = suspected.green(cells.contexts.astype(np.int64), cells.tokens.astype(np.int64))
    is_green = green(layers, cells.contexts, cells.tokens)
    assert seems[is_green].mean() > 2 * seems[~is_green].mean()


def test_aimed_rewording_leaves_nothing_to_find(teaching: Teaching, harvested: Tokens, layers: Layers) -> None:
    """The defence's limit: whoever has as much unmarked text of the teacher's takes the mark out."""
    teacher = Student(teaching.unmarked, SMALL.words)
    texts = aimed(harvested, teacher, SMALL.words, np.random.default_rng(1))
    found, before = (scored(cells_of(one, 1), layers) for one in (texts, harvested))
    assert before.p is not None
    assert found.p is not None
    assert before.p < 1e-6 < found.p
