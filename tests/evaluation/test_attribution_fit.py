"""The fit of attribution: bounded, signed, calibrated where truth is known, and scored by scenario."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.campaigns.attribution_model import Model
from stillwatch.campaigns.traits import HYPOTHESES, TRAITS
from stillwatch.evaluation.attribution_fit import (
    ODDS_AT_MOST,
    Origins,
    by_chance,
    fit,
    measured,
    probabilities,
    score,
)

NAMES = [trait.name for trait in TRAITS]
CARDS, SHARED_TOOL = NAMES.index("cards"), HYPOTHESES.index("shared_tool")


def drawn(rings: int, seed: int) -> Origins:
    """Rings of 20 scenarios whose origin follows from two traits by a known softmax, others being noise."""
    rng = np.random.default_rng(seed)
    x = rng.random((rings, len(TRAITS)))
    scores = np.zeros((rings, len(HYPOTHESES)))
    scores[:, 0] = 2.0 * x[:, NAMES.index("interchangeable")]
    scores[:, SHARED_TOOL] = 2.0 * x[:, NAMES.index("own_subjects")]
    ends = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).cumsum(axis=1)
    label = (rng.random((rings, 1)) > ends[:, :-1]).sum(axis=1)
    return Origins(x, label.astype(np.int64), rng.integers(0, 20, rings))


@pytest.fixture(scope="module")
def fitted() -> Model:
    return fit(drawn(1_500, seed=1), {"date": "a test"})


def test_the_fit_finds_the_traits_that_matter(fitted: Model) -> None:
    """The two that decide weigh more for their hypothesis, beside the mean of all, than any noise does."""
    weight = np.array(fitted.weight) - np.array(fitted.weight).mean(axis=0)
    assert NAMES[int(weight[0].argmax())] == "interchangeable"
    assert NAMES[int(weight[SHARED_TOOL].argmax())] == "own_subjects"


def test_probabilities_are_right_on_rings_that_the_fit_has_not_seen(fitted: Model) -> None:
    """The true model is of the fitted kind, so the error is that of exactly right probabilities and a little more."""
    others = drawn(1_500, seed=2)
    near = np.array([fitted.outside(row) == 0 for row in others.x])
    told = probabilities(fitted, others.of(near))
    error = score(told, others.of(near)).calibration_error[0]
    assert error < by_chance(told) + 0.05  # 1,500 rings settle 115 weights to about this much


def test_a_relation_against_sense_is_not_learned() -> None:
    """In this sample everybody with shared cards shares a tool; the weight stays at most 0."""
    origins = drawn(600, seed=3)
    origins.x[:, CARDS] = (origins.label == SHARED_TOOL).astype(float)
    assert fit(origins, {}).weight[SHARED_TOOL][CARDS] <= 0.0


def test_a_trait_that_gives_everything_away_stays_inside_its_bound() -> None:
    origins = drawn(600, seed=4)
    origins.x[:, NAMES.index("shared_turns")] = (origins.label == 0).astype(float)
    model = fit(origins, {})
    weight = np.array(model.weight) / model.temperature
    assert float(np.ptp(weight, axis=0).max()) <= math.log(ODDS_AT_MOST)


def test_who_says_more_than_he_knows_has_a_calibration_error() -> None:
    """Stated 0.9 where six in ten are right is off by 0.3; 400 rings move that by less than 0.08 (three deviations)."""
    label = np.where(np.arange(400) % 10 < 6, 0, 1)
    told = np.full((400, len(HYPOTHESES)), 0.025)
    told[:, 0] = 0.9
    scores = score(told, Origins(np.zeros((400, 1)), label, np.arange(400) % 20))
    assert scores.calibration_error[0] == pytest.approx(0.3, abs=0.08)
    assert scores.right[0] == pytest.approx(0.6)
    assert scores.log_loss[0] == pytest.approx(-0.6 * math.log(0.9) - 0.4 * math.log(0.025))


def test_what_it_is_worth_is_kept_with_the_model(fitted: Model) -> None:
    others = drawn(300, seed=5)
    known = measured(fitted, others).measured
    assert (known.rings, known.scenarios) == (300, 20)
    assert 0.0 < known.calibration_error < known.calibration_error_high
    assert known.log_loss_uniform == pytest.approx(math.log(len(HYPOTHESES)), abs=1e-4)


def test_intervals_draw_whole_scenarios() -> None:
    """One scenario alone says nothing about others: its interval is a point."""
    origins = Origins(np.zeros((50, 1)), np.zeros(50, np.int64), np.zeros(50, np.int64))
    value, low, high = score(np.full((50, len(HYPOTHESES)), 0.2), origins).log_loss
    assert value == low == high
