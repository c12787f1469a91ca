"""What quality is measured by: ours read as the shipped detection reads it, SynthID by its whole distribution."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality import tournament
from benchmarks.quality.contenders import Contender, Maker
from benchmarks.quality.evidence import evidence, least, synthid_evidence
from benchmarks.quality.needed import LEVEL, Evidence, needed
from benchmarks.quality.rows import between
from benchmarks.robustness.language import Language
from stillwatch.watermark.cells import cells_of, first_cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.draws import draw_score, scored_draws

OURS = (Contender(Maker.OURS, 2.0), Contender(Maker.OURS, 2.0, window=2))
DRAWN = (Contender(Maker.DRAWN), Contender(Maker.DRAWN, window=2))
NOTHING = np.empty((0, 0))


@pytest.fixture(scope="module")
def language() -> Language:
    return Language()


@pytest.mark.parametrize("contender", OURS + DRAWN, ids=lambda one: one.name)
def test_ours_is_read_as_the_shipped_detection_reads_it(contender: Contender, language: Language) -> None:
    """The same distinct cells and the same total, of four answers together."""
    mark = contender.mark("words", 3)
    texts = language.texts(4, 60, np.random.default_rng(1), mark, np.array([5, 5, 9, 9]))
    read = evidence(contender, "words", 3, texts, NOTHING)
    cells, first = np.unique(read.cells[read.cells >= 0], return_index=True)
    total = read.totals[read.cells >= 0][first].sum()
    if contender.maker is Maker.DRAWN:
        shipped = scored_draws(first_cells_of(list(texts), mark.window), mark.fleet)
        assert (len(cells), total) == (shipped.cells, pytest.approx(shipped.total))
    else:
        counted = scored(cells_of(list(texts), mark.window), mark.layers)
        assert (len(cells), total) == (counted.cells, counted.greens)


@pytest.mark.parametrize("cells", [16, 100, 900])
def test_a_keyed_draw_is_found_from_where_its_p_is_the_level(cells: int) -> None:
    assert draw_score(cells, least(DRAWN[0])(cells)).p == pytest.approx(LEVEL, rel=1e-6)


@pytest.mark.parametrize("tuples", [4, 12])
@pytest.mark.parametrize("level", [1e-3, LEVEL])
def test_the_weighted_mean_is_found_from_where_its_whole_distribution_says(tuples: int, level: float) -> None:
    """All sums of coins with these weights, counted out, beside the saddle point's tail: to a hundredth of p."""
    chances = np.ones(1)
    for weight in np.tile(tournament.WEIGHTED.astype(int), tuples):
        chances = (np.pad(chances, (0, weight)) + np.pad(chances, (weight, 0))) / 2
    from_here = int(np.ceil(tournament.least(tuples, level)))
    assert chances[from_here:].sum() == pytest.approx(level, rel=0.01)


def test_a_tuple_counts_once_and_not_where_its_context_has_been() -> None:
    texts = np.array([[1, 2, 3, 4, 5, 1, 2, 3, 4, 6], [1, 2, 3, 4, 5, 7, 7, 8, 8, 9]])
    bits = np.array([[1, 0, 0, 0, 0, -1], [1, 0, 0, 0, 0, 0]])
    read = synthid_evidence(texts, bits, tournament.WEIGHTED)
    assert read.cells[0, 4] == read.cells[1, 4]
    assert read.cells[0, 9] == -1
    assert (read.cells[:, :4] == -1).all()
    assert read.totals[0].tolist() == [0, 0, 0, 0, 290, 0, 0, 0, 0, 0]


def test_needed_is_where_half_and_nine_tenths_of_the_texts_are_found() -> None:
    """Every cell counts one and ten are needed. Under one key each token is a cell, under another every second is."""
    whole = Evidence(np.arange(80).reshape(4, 20), np.ones((4, 20)))
    half = Evidence(np.where(whole.cells % 2, whole.cells, -1), np.ones((4, 20)))
    found = needed([whole, half], lambda cells: 10.0)
    assert (found.half, found.most) == (10, 20)


def test_what_repeats_itself_is_not_found() -> None:
    same = Evidence(np.zeros((4, 20), np.int64), np.ones((4, 20)))
    assert needed([same], lambda cells: 2.0).half is None


def test_the_interval_is_students() -> None:
    """Five values, 1 to 5: 3 and 2.776 standard errors of 0.707 to either side (tables of t, four degrees)."""
    found = between(np.arange(1.0, 6.0))
    assert found.mean == 3.0
    assert found.half == pytest.approx(1.963, abs=1e-3)
