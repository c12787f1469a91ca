"""The drift alarm: silent under exchangeable scores, whatever their ties; loud when they move; and how to misuse it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.stats.binomial import chance_of_so_few, chance_of_so_many
from stillwatch.stats.conformal import p_values, smoothed_p_values
from stillwatch.stats.drift import JUMPS, SLOPES, Drift, log_martingale, ranked_again, transduced

Floats = NDArray[np.float64]
P = st.lists(st.floats(0, 1), max_size=60)
WORLDS, ALPHA = 20_000, 0.05


def rung(path: Floats, alpha: float) -> int:
    """Worlds in which the alarm ever rang; `path` (worlds, steps)."""
    return int((path >= -math.log(alpha)).any(axis=-1).sum())


def simple_jumper(p: list[float], jump: float) -> list[float]:
    """The paper's algorithm 1, as it stands there; capital after each p-value."""
    capital, path = dict.fromkeys(SLOPES, 1 / 3), []
    for one in p:
        total = sum(capital.values())
        capital = {slope: (1 - jump) * own + jump / 3 * total for slope, own in capital.items()}
        capital = {slope: own * (1 + slope * (one - 0.5)) for slope, own in capital.items()}
        path.append(sum(capital.values()))
    return path


@given(P)
def test_the_martingale_is_the_average_of_simple_jumpers(p: list[float]) -> None:
    """One for each jump rate, by the paper's algorithm."""
    each = [simple_jumper(p, jump) for jump in JUMPS]
    expected = [math.log(sum(at) / len(JUMPS)) for at in zip(*each, strict=True)]
    assert log_martingale(np.array(p)).tolist() == pytest.approx(expected, abs=1e-9)


@given(P, st.integers(0, 60))
def test_the_alarm_is_the_same_in_one_piece_or_in_many(p: list[float], cut: int) -> None:
    """Day by day or all at once: capital, peak and the moment of the alarm."""
    whole = Drift.start(0.3).update(np.array(p))
    parts = Drift.start(0.3).update(np.array(p[:cut])).update(np.array(p[cut:]))
    path = log_martingale(np.array(p)).tolist()
    assert (parts.seen, parts.alarmed_at, parts.is_alarm) == (len(p), whole.alarmed_at, whole.is_alarm)
    assert parts.log_value == pytest.approx(path[-1] if p else 0.0, abs=1e-9)
    assert parts.log_peak == pytest.approx(max([0.0, *path]), abs=1e-9)
    crossing = [step for step, value in enumerate(path, start=1) if value >= -math.log(0.3)]
    assert whole.alarmed_at == (crossing[0] if crossing else None)


def test_it_ever_rings_on_uniform_p_with_chance_at_most_alpha() -> None:
    """20,000 streams of 200: what `transduced` gives without drift. The bound holds at three levels at once."""
    path = log_martingale(np.random.default_rng(121).uniform(size=(WORLDS, 200)))
    for alpha in (0.2, 0.05, 0.01):
        assert chance_of_so_many(rung(path, alpha), WORLDS, alpha) > 1e-6
    assert np.exp(path[:, -1]).mean() == pytest.approx(1.0, abs=5 * np.exp(path[:, -1]).std() / math.sqrt(WORLDS))


@pytest.mark.parametrize("levels", [1, 2, 5, 10**9])
def test_from_scores_to_alarm_ties_do_no_harm(levels: int) -> None:
    """2,000 worlds of 10 benign units and 60 newcomers with scores of 1, 2, 5 or many values, from end to end."""
    rng, worlds = np.random.default_rng(122), 2000
    scores, coins = rng.integers(0, levels, (worlds, 70)).astype(float), rng.uniform(size=(worlds, 60))
    p = np.array([transduced(s[10:], s[:10], c) for s, c in zip(scores, coins, strict=True)])
    assert chance_of_so_many(rung(log_martingale(p), ALPHA), worlds, ALPHA) > 1e-6
    for place in (0, 30, 59):  # uniform at each place, from both sides
        hits = int((p[:, place] <= 0.3).sum())
        assert chance_of_so_many(hits, worlds, 0.3) > 1e-6
        assert chance_of_so_few(hits, worlds, 0.3) > 1e-6
    both = int(((p[:, 20] <= 0.3) & (p[:, 50] <= 0.3)).sum())  # and independent
    assert chance_of_so_many(both, worlds, 0.09) > 1e-6
    assert chance_of_so_few(both, worlds, 0.09) > 1e-6


@given(st.lists(st.integers(-3, 3).map(float), max_size=20), st.lists(st.integers(-3, 3).map(float), max_size=20))
def test_a_newcomer_is_ranked_among_all_before_it(scores: list[float], benign: list[float]) -> None:
    """As `smoothed_p_values` with a reference that has grown by each newcomer."""
    coins = np.linspace(0.1, 0.9, len(scores))
    found = transduced(np.array(scores), np.array(benign), coins)
    for place, score in enumerate(scores):
        reference = np.array(benign + scores[:place])
        assert found[place] == smoothed_p_values(np.array([score]), reference, coins[place : place + 1])[0]


@pytest.mark.parametrize("shift", [1.0, -1.0])
def test_a_shift_of_one_deviation_rings_within_two_hundred_units(shift: float) -> None:
    """Up or down, after 100 units without drift, beside a reference of 500: in more than 95 of 100 worlds, certified.

    200 of 200 would be (0.95)^200 = 4e-5 by luck if the true chance were 95 %.
    """
    rng, worlds = np.random.default_rng(123), 200
    calm, moved = rng.normal(size=(worlds, 600)), rng.normal(loc=shift, size=(worlds, 200))
    hits = 0
    for before, after in zip(calm, moved, strict=True):
        p = transduced(np.concatenate([before[500:], after]), before[:500], rng.uniform(size=300))
        hits += Drift.start(0.01).update(p).is_alarm
    assert chance_of_so_many(hits, worlds, 0.95) < 1e-4


def test_p_values_that_count_ties_against_the_subject_ring_falsely() -> None:
    """The mistake: conservative p-values. Scores that are all 0 or 1 make them large, and the gambler sees "drift"."""
    rng, worlds = np.random.default_rng(124), 500
    scores = rng.integers(0, 2, (worlds, 150)).astype(float)
    p = np.array([p_values(s[50:], s[:50]) for s in scores])
    assert chance_of_so_many(rung(log_martingale(p), ALPHA), worlds, ALPHA) < 1e-6


def test_a_reference_that_does_not_grow_rings_falsely() -> None:
    """The other mistake: all newcomers ranked among the same 30 units, whose luck looks like drift in the end."""
    rng, worlds = np.random.default_rng(125), 500
    scores, coins = rng.normal(size=(worlds, 530)), rng.uniform(size=(worlds, 500))
    p = np.array([smoothed_p_values(s[30:], s[:30], c) for s, c in zip(scores, coins, strict=True)])
    assert chance_of_so_many(rung(log_martingale(p), ALPHA), worlds, ALPHA) < 1e-6


def test_a_long_calm_or_a_long_drift_overflows_nothing() -> None:
    """5,000 p-values of 0, then as many of 1: capital that no float holds, finite logs, and an alarm that stays."""
    state = Drift.start(0.001).update(np.zeros(5000)).update(np.ones(5000))
    assert math.isfinite(state.log_value)
    assert state.log_peak > 1000
    assert state.is_alarm
    assert state.alarmed_at is not None
    assert state.alarmed_at < 50


def test_what_is_no_p_value_is_refused() -> None:
    """Outside 0 .. 1, or no number; coins that are too few; an alpha that is none."""
    for wrong in ([1.5], [-0.1], [math.nan]):
        with pytest.raises(UsageError):
            Drift.start(0.1).update(np.array(wrong))
    with pytest.raises(UsageError):
        transduced(np.zeros(3), np.zeros(3), np.zeros(2))
    with pytest.raises(UsageError):
        Drift.start(0.0)


# --- when only p-values are kept ---


@pytest.mark.parametrize("levels", [1, 2, 5, 10**9])
def test_p_values_ranked_again_do_no_harm(levels: int) -> None:
    """2,000 worlds of 10 benign units and 60 newcomers: at most alpha of them ring, at two levels, ties or not."""
    path = log_martingale(np.array([ranked_again(p, 10, np.empty(0), coins) for p, coins in smoothed(levels)]))
    for alpha in (0.2, 0.05):
        assert chance_of_so_many(rung(path, alpha), len(path), alpha) > 1e-6


def test_p_values_that_are_not_ranked_again_ring_falsely() -> None:
    """The same worlds: ten benign units' luck looks like drift."""
    path = log_martingale(np.array([p for p, _ in smoothed(10**9)]))
    assert chance_of_so_many(rung(path, ALPHA), len(path), ALPHA) < 1e-6


def smoothed(levels: int) -> list[tuple[Floats, Floats]]:
    """2,000 worlds: newcomers' p-values beside ten benign units of the same kind, and coins."""
    rng = np.random.default_rng(127)
    scores = rng.integers(0, levels, (2000, 70)).astype(float)
    return [(smoothed_p_values(s[10:], s[:10], rng.uniform(size=60)), rng.uniform(size=60)) for s in scores]


@given(st.lists(st.floats(-5, 5), max_size=20, unique=True), st.integers(0, 8))
def test_ranked_again_in_different_gaps_is_what_scores_would_give(scores: list[float], units: int) -> None:
    """Who lies between other benign scores than everybody else has the rank of its score."""
    benign, new = np.array(scores[:units]), np.array(scores[units:])
    coins = np.full(len(new), 0.5)
    p = smoothed_p_values(new, benign, coins)
    assume(len(set(p.tolist())) == len(p))
    again = ranked_again(p, len(benign), np.empty(0), coins)
    assert again.tolist() == pytest.approx(transduced(new, benign, coins).tolist())


@given(P, st.integers(0, 8), st.integers(0, 60))
def test_ranked_again_is_the_same_in_one_piece_or_in_many(values: list[float], units: int, cut: int) -> None:
    p, coins = np.array(values), np.linspace(0.1, 0.9, len(values))
    whole = ranked_again(p, units, np.empty(0), coins)
    late = ranked_again(p[cut:], units, p[:cut], coins[cut:])
    assert late.tolist() == whole[cut:].tolist()
