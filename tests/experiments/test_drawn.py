"""The made-up language under keyed draws: word for word the product's drawer, and a student of it is found.

As `test_radioactivity`, at the sizes of a test.
"""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.decision.journal import Journal
from stillwatch.experiments.audited import Bench
from stillwatch.experiments.drawn import DRAWN, DrawnSource
from stillwatch.experiments.harvest import Keys, Layout, Size, Teaching
from stillwatch.experiments.source import Source
from stillwatch.experiments.student import Student
from stillwatch.watermark.cells import first_cells_of
from stillwatch.watermark.draws import scored_draws
from stillwatch.watermark.gumbel import Drawer
from stillwatch.watermark.keys import MarkKey, second_key
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Prf

SMALL = Size(words=500, corpus=40_000, asked=16_000, read=1_000, others=6)
NOMINAL = -2.5
"""Adjusted for all candidates, in powers of ten: a key that marked nothing comes below in 1 of 300 audits."""


@pytest.fixture(scope="module")
def teaching() -> Teaching:
    return Teaching(DrawnSource(SMALL.words), SMALL, seed=3)


@pytest.fixture(scope="module")
def bench(teaching: Teaching, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    journal = Journal(tmp_path_factory.mktemp("audit") / "journal.jsonl")
    return Bench(teaching, journal, teaching.student(teaching.unmarked, 0.5))


def choices(source: DrawnSource, key: MarkKey, other: float, word: int, about: int) -> int:
    """What the product draws after a word that the answer has not had, under a key or always under its second."""
    drawer = Drawer(Prf(key.material), Prf(second_key(key)), np.random.default_rng(0), other)
    scores = np.full(source.words, -np.inf)
    can_come = source.successors[word]
    scores[can_come] = source._logits[word] + source._tilts[about, can_come]
    shares = np.exp(scores - scores.max())
    return drawer.draw(shares / shares.sum(), word)


def test_each_word_that_is_drawn_under_a_key_is_the_products_choice() -> None:
    source, keys = DrawnSource(SMALL.words), Keys(1, SMALL, DRAWN)
    prompts = np.arange(30), np.full(30, 2)
    said = source.drawn(prompts, 20, np.random.default_rng(1), keys.fleet, keys.campaign)
    layers, first, second, free = Layers(keys.fleet), 0, 0, 0
    for start, answer in zip(prompts[0], said, strict=True):
        had: set[int] = set()
        for before, word in zip([int(start), *answer[:-1].tolist()], answer.tolist(), strict=True):
            key = keys.fleet if layers.is_shared(np.array([before], np.uint64))[0] else keys.campaign
            drawn = [choices(source, key, other, before, 2) for other in (0.0, 1.0)]
            new = before not in had
            had.add(before)
            first += new and word == drawn[0]
            second += new and word != drawn[0] and word == drawn[1]
            free += not new
            assert not new or word in drawn
    assert first + second + free == 600
    assert 0.04 < second / (first + second) < 0.16


def test_answers_drawn_under_a_key_are_marked_under_it(teaching: Teaching) -> None:
    """By the exact test of marked text: a harvest, each answer for itself."""
    texts = teaching.harvest(Layout.CAMPAIGN)[:20]
    cells = first_cells_of(texts, 1)
    shared = Layers(teaching.keys.fleet).is_shared(cells.contexts)
    found = scored_draws(cells._where(~shared), teaching.keys.campaign)
    assert found.p is not None
    assert found.p < 1e-12


def test_the_same_seed_is_the_same_language() -> None:
    """So that both kinds of marks are measured on one language."""
    assert (DrawnSource(300).successors == Source(300).successors).all()


def test_the_audit_names_the_campaigns_key_and_nobody_elses(teaching: Teaching, bench: Bench) -> None:
    """A fifth of what the student learned came through the campaign: by answers, beside its base's."""
    suspect = teaching.student(teaching.harvest(Layout.CAMPAIGN), 0.2)
    found = bench.closed(suspect, Student(teaching.base, SMALL.words)).row
    assert max(found.campaign, found.fleet) < -6
    assert min(found.others, *found.accounts) > NOMINAL


def test_a_student_of_unmarked_answers_is_found_under_no_key(teaching: Teaching, bench: Bench) -> None:
    suspect = teaching.student(np.flip(teaching.unmarked, axis=0), 0.5)
    base = Student(teaching.base, SMALL.words)
    for found in (bench.closed(suspect, base), bench.reading(suspect, base, "its base")):
        row = found.row
        assert min(row.fleet, row.campaign, row.others, *row.accounts) > NOMINAL


def test_supervised_and_by_weights(teaching: Teaching, bench: Bench) -> None:
    suspect = teaching.student(teaching.harvest(Layout.CAMPAIGN), 0.2)
    base = Student(teaching.base, SMALL.words)
    for found in (bench.supervised(suspect).row, bench.reading(suspect, base, "its base").row):
        assert found.campaign < -6
        assert min(found.others, *found.accounts) > NOMINAL
