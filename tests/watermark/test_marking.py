"""Marking and detecting: what is raised, what is not, and that the test is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import Cells, cells_of
from stillwatch.watermark.detect import LEAST_CELLS, cells_needed, family, owned, score, scored
from stillwatch.watermark.gate import entropies
from stillwatch.watermark.gumbel import Drawer, surprises
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.red_green import biased, green
from stillwatch.watermark.scheme import Scheme

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
SCHEME = Scheme()
FLEET = MASTER.key(SCHEME, "tok")
LAYERS = Layers(FLEET, MASTER.key(SCHEME, "tok", account="acct-7"))
VOCABULARY = 1_000


def logits(rows: int, seed: int = 1, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (rows, VOCABULARY)).astype(np.float32)


def contexts(rows: int) -> np.ndarray:
    return np.arange(rows, dtype=np.uint64) * np.uint64(7_919)


def text(length: int, strength: float, layers: Layers = LAYERS, seed: int = 1) -> np.ndarray:
    """Tokens drawn from random logits, marked."""
    rng, found = np.random.default_rng(seed), [0]
    for step in range(length):
        scores = logits(1, seed=seed * 100_003 + step)
        raised = biased(scores, np.array([found[-1]], np.uint64), layers, strength)[0].astype(np.float64)
        weights = np.exp(raised - raised.max())
        found.append(int(rng.choice(VOCABULARY, p=weights / weights.sum())))
    return np.array(found)


def test_green_tokens_are_raised_and_nothing_else_is() -> None:
    scores = logits(40)
    raised = biased(scores, contexts(40), LAYERS, 2.0)
    which, tokens = np.divmod(np.arange(scores.size), VOCABULARY)
    marked = green(LAYERS, contexts(40)[which], tokens.astype(np.uint64)).reshape(scores.shape)
    assert (raised[marked] == scores[marked] + np.float32(2)).all()
    assert (raised[~marked] == scores[~marked]).all()
    assert (scores == logits(40)).all()  # what was given is left alone


@pytest.mark.parametrize("kept", [1, 20, 62, 63, 400])
def test_looking_at_what_can_come_alone_gives_the_same(kept: int) -> None:
    scores = logits(9)
    whole = biased(scores, contexts(9), LAYERS, 1.5)
    barred = np.argsort(scores, axis=1)[:, :-kept]
    few = scores.copy()
    np.put_along_axis(few, barred, -np.inf, axis=1)
    np.put_along_axis(whole, barred, -np.inf, axis=1)
    assert (biased(few, contexts(9), LAYERS, 1.5) == whole).all()


def test_what_is_no_number_is_passed_on_untouched() -> None:
    scores = logits(3)
    scores[0, 5], scores[1] = np.nan, -np.inf
    raised = biased(scores, contexts(3), LAYERS, 2.0)
    np.testing.assert_array_equal(raised[:2], scores[:2])
    assert (raised[2] != scores[2]).any()


def test_strength_none_marks_nothing() -> None:
    assert (biased(logits(3), contexts(3), LAYERS, 0.0) == logits(3)).all()


def test_where_the_model_is_sure_nothing_is_marked() -> None:
    scores = logits(2)
    scores[0, 3] = 40.0
    raised = biased(scores, contexts(2), LAYERS, 2.0, least_nats=1.0)
    assert (raised[0] == scores[0]).all()
    assert (raised[1] != scores[1]).any()


def test_entropy_is_that_of_the_distribution() -> None:
    scores = np.array([[0.0, 0.0, 0.0, 0.0], [0.0, -np.inf, -np.inf, -np.inf], [1e4, 1e4, -np.inf, 0.0]])
    np.testing.assert_allclose(entropies(scores), [np.log(4), 0.0, np.log(2)], atol=1e-12)


def test_a_marked_text_is_found_under_its_keys_and_under_no_other() -> None:
    cells = cells_of([text(300, 2.0)], 1)
    found = scored(cells, LAYERS)
    assert found.p is not None
    assert found.p < 1e-6
    others = [Layers(MASTER.key(SCHEME, "tok", epoch=epoch)) for epoch in range(1, 401)]
    p = [scored(cells, other).p for other in others]
    assert chance_of_so_many(sum(value <= 0.01 for value in p if value is not None), 400, 0.01) > 1e-4


def test_only_an_accounts_own_cells_tell_it_from_another() -> None:
    accounts = [MASTER.key(SCHEME, "tok", account=f"acct-{number}") for number in range(30)]
    cells = cells_of([text(1_500, 2.5, Layers(FLEET, accounts[11]))], 1)
    p = [scored(owned(cells, FLEET, account), Layers(FLEET, account)).p or 1.0 for account in accounts]
    adjusted = family(p)
    assert int(np.argmin(adjusted)) == 11
    assert adjusted[11] < 1e-6
    assert sorted(adjusted)[1] > 0.01


def test_too_few_cells_cannot_be_judged() -> None:
    assert score(LEAST_CELLS - 1, LEAST_CELLS - 1, 0.25).p is None
    assert scored(Cells(np.empty(0, np.uint64), np.empty(0, np.uint64)), LAYERS).share == 0.0


@given(st.integers(LEAST_CELLS, 400), st.data())
@settings(deadline=None)
def test_the_p_value_is_the_binomial_tail(cells: int, data: st.DataObject) -> None:
    greens = data.draw(st.integers(0, cells))
    assert score(cells, greens, 0.25).p == pytest.approx(binom.sf(greens - 1, cells, 0.25), rel=1e-9)


def test_a_text_that_repeats_itself_counts_once() -> None:
    once = text(60, 0.0)
    assert len(cells_of([np.tile(once, 50)], 1)) <= len(cells_of([once], 1)) + 1


def test_the_published_table_of_cells_needed() -> None:
    """research: gamma 1/4, level 1e-6: green shares .35 to .77 need 1,038, 275, 127, 71, 42 cells at 99 %."""
    needed = [cells_needed(share, 0.25, 1e-6) for share in (0.35, 0.45, 0.55, 0.65, 0.77)]
    assert needed == pytest.approx([1_038, 275, 127, 71, 42], abs=12)
    with pytest.raises(ValueError, match="is above chance"):
        cells_needed(0.25, 0.25, 1e-6)


def test_adjusted_p_values_are_holms() -> None:
    assert family([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert family([0.9, 0.8]) == [1.0, 1.0]
    assert family([]) == []


def test_keyed_draws_follow_the_models_distribution() -> None:
    """Over contexts, each token comes with its own probability."""
    rng, shares = np.random.default_rng(3), np.array([0.5, 0.25, 0.0, 0.2, 0.05])
    drawer = Drawer(Prf(b"1" * 16), Prf(b"2" * 16), rng)
    drawn = np.bincount([drawer.draw(shares, context) for context in range(20_000)], minlength=5) / 20_000
    assert drawn[2] == 0
    np.testing.assert_allclose(drawn, shares, atol=5 * (0.25 / 20_000) ** 0.5)


def test_keyed_draws_are_found_under_their_key_and_a_context_is_drawn_once() -> None:
    first, rng = Prf(b"1" * 16), np.random.default_rng(3)
    drawer = Drawer(first, Prf(b"2" * 16), rng)
    shares = np.full(50, 1 / 50)
    tokens = np.array([drawer.draw(shares, context) for context in range(300)], np.uint64)
    seen = surprises(first, np.arange(300, dtype=np.uint64), tokens)
    assert seen.mean() > 2
    assert abs(surprises(Prf(b"3" * 16), np.arange(300, dtype=np.uint64), tokens).mean() - 1) < 0.3
    again = {drawer.draw(shares, 7) for _ in range(30)}
    assert len(again) > 5
