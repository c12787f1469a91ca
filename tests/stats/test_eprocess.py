"""Wealth day by day: the algebra of its state, and Ville's bound by simulated nulls.

Each simulated rate is held against an exact test (`chance_of_so_many`): a true guarantee fails it with chance 1e-6, and
each has a neighbour here, one mistake away, that must fail it.
"""

from __future__ import annotations

import io
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.errors import SketchMismatch, UsageError
from stillwatch.stats import conditional
from stillwatch.stats.betting import MIXTURE, log_bet, rank_bets
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conformal import ranks
from stillwatch.stats.eprocess import (
    FRACTIONS,
    DayCountedTwice,
    Wealth,
    log_adjusted,
    log_spread,
    of_columns,
    of_day,
)

Floats = NDArray[np.float64]
Days = dict[int, dict[int, float]]  # day -> subject -> log e

EVIDENCE = st.dictionaries(
    st.integers(0, 9),
    st.dictionaries(st.integers(0, 4), st.floats(-4, 4) | st.just(-math.inf), max_size=5),
    min_size=1,
    max_size=7,
)
WORLDS, ALPHA = 20_000, 0.05


def state(days: Days) -> Wealth:
    """Day after day, as a live tracer would."""
    steps = [of_day(day, np.array(list(rows), np.int64), np.array(list(rows.values()))) for day, rows in days.items()]
    total = steps[0]
    for step in steps[1:]:
        total = total.merge(step)
    return total


def same(one: Wealth, other: Wealth) -> bool:
    """Equal up to the order of floating-point sums."""
    a, b = one.columns(), other.columns()
    return all(np.allclose(a[name], b[name], rtol=1e-12, atol=1e-12) for name in a)


@given(EVIDENCE)
def test_the_state_is_what_betting_day_by_day_gives(days: Days) -> None:
    """Each fraction's wealth and its peak, by the definition, for every subject by itself."""
    ordered = dict(sorted(days.items()))
    total = state(ordered)
    for row, subject in enumerate(total.subject.tolist()):
        for column, share in enumerate(FRACTIONS):
            wealth, peak = 1.0, 1.0
            for rows in ordered.values():
                if subject in rows:
                    wealth *= 1 - share + share * math.exp(rows[subject])
                    peak = max(peak, wealth)
            assert math.exp(total.log_wealth[row, column]) == pytest.approx(wealth, rel=1e-9, abs=1e-300)
            assert math.exp(total.log_peak[row, column]) == pytest.approx(peak, rel=1e-9)
        present = [day for day, rows in ordered.items() if subject in rows]
        assert (total.first_day[row], total.last_day[row]) == (present[0], present[-1])


@given(EVIDENCE, EVIDENCE, EVIDENCE)
def test_merging_is_associative_and_order_free(a: Days, b: Days, c: Days) -> None:
    """Three spells of days, one after the other: any grouping and any order of the operands gives one state."""
    parts = [
        state(dict(sorted({day + 10 * i: e for day, e in spell.items()}.items()))) for i, spell in enumerate([a, b, c])
    ]
    whole = parts[0].merge(parts[1]).merge(parts[2])
    assert same(parts[0].merge(parts[1].merge(parts[2])), whole)
    assert same(parts[2].merge(parts[1].merge(parts[0])), whole)
    assert same(parts[1].merge(parts[0]).merge(parts[2]), whole)


@given(EVIDENCE)
def test_a_state_survives_storage(days: Days) -> None:
    """Columns to a file of arrays and back, bit by bit."""
    kept, file = state(dict(sorted(days.items()))), io.BytesIO()
    np.savez(file, **kept.columns())  # type: ignore[arg-type]  # savez types its options among the arrays
    file.seek(0)
    with np.load(file) as arrays:
        back = of_columns(dict(arrays.items()))
    assert all((kept.columns()[name] == back.columns()[name]).all() for name in kept.columns())


def test_no_day_is_counted_twice() -> None:
    """Twice the same day, or days that interleave: refused, for one subject among many that are in order."""
    monday, tuesday, wednesday = (of_day(day, np.array([1, 2]), np.zeros(2)) for day in (0, 1, 2))
    later = of_day(3, np.array([3]), np.zeros(1))
    for one, other in ((monday, monday), (monday.merge(wednesday), tuesday), (monday.merge(later), monday)):
        with pytest.raises(DayCountedTwice):
            one.merge(other)
    assert len(monday.merge(later)) == 3


def test_a_subject_that_rests_keeps_its_wealth() -> None:
    """Days without traffic bet nothing; nothing is nobody's wealth."""
    total = state({0: {7: 1.0}, 1: {8: 1.0}, 2: {8: 0.5}})
    assert total.log_wealth[0] == pytest.approx(np.log1p(np.array(FRACTIONS) * (math.e - 1)))
    assert len(of_day(0, np.empty(0, np.int64), np.empty(0))) == 0
    assert same(total.merge(of_day(9, np.empty(0, np.int64), np.empty(0))), total)


def test_the_supremum_is_a_wealth_that_was_held() -> None:
    """Never above the mixture's largest wealth, never more than a factor of 5 below, never falling; A of it neither."""
    rng = np.random.default_rng(101)
    total, largest, before = of_day(0, np.arange(500), np.zeros(500)), np.zeros(500), np.full(500, -np.inf)
    for day in range(1, 60):
        total = total.merge(of_day(day, np.arange(500), rng.normal(size=500)))
        largest = np.maximum(largest, total.log_value)
        assert (total.log_supremum <= largest + 1e-9).all()
        assert (total.log_supremum >= largest - math.log(len(FRACTIONS)) - 1e-9).all()
        assert (total.log_adjusted() >= before).all()
        before = total.log_adjusted()


@pytest.mark.parametrize(
    ("subject", "log_e"), [([1, 1], [0.0, 0.0]), ([1], [math.nan]), ([1], [math.inf]), ([1, 2], [0.0])]
)
def test_evidence_that_cannot_be_is_refused(subject: list[int], log_e: list[float]) -> None:
    """A subject twice in a day, no number, infinite odds, or fewer numbers than subjects."""
    with pytest.raises(UsageError):
        of_day(0, np.array(subject), np.array(log_e))


def test_states_that_do_not_fit_are_refused() -> None:
    """Other fractions, a missing column, a column too short, subjects out of order, fractions that cannot be bet."""
    kept = of_day(0, np.array([1, 2]), np.zeros(2))
    with pytest.raises(SketchMismatch):
        kept.merge(of_day(1, np.array([1]), np.zeros(1), (0.5,)))
    columns = kept.columns()
    for wrong in ({"first_day": np.zeros(1)}, {"log_peak": np.zeros((2, 3))}, {"subject": np.array([2, 1])}):
        with pytest.raises(SketchMismatch):
            of_columns({**columns, **wrong})
    with pytest.raises(SketchMismatch):
        of_columns({name: array for name, array in columns.items() if name != "log_wealth"})
    with pytest.raises(UsageError):
        of_day(0, np.array([1]), np.zeros(1), (0.5, 1.5))
    with pytest.raises(UsageError):
        kept.crossed(0.0)


# --- Ville, by simulated nulls ---


def run(days: list[Floats]) -> Wealth:
    """Every world is a subject; `days`: log e of each world, one array a day."""
    worlds = np.arange(len(days[0]))
    total = of_day(0, worlds, days[0])
    for day, log_e in enumerate(days[1:], start=1):
        total = total.merge(of_day(day, worlds, log_e))
    return total


def fresh(rng: np.random.Generator, reference: int, days: int, kappa: float = MIXTURE) -> list[Floats]:
    """Bets on ranks among a fresh reference each day: the ranks are uniform and independent."""
    return [np.log(rank_bets(rng.integers(1, reference + 2, WORLDS), reference, kappa)) for _ in range(days)]


@pytest.mark.parametrize(("reference", "kappa"), [(1, MIXTURE), (19, MIXTURE), (999, 0.3), (999, 0.7)])
def test_a_null_subject_ever_crosses_with_chance_at_most_alpha(reference: int, kappa: float) -> None:
    """20,000 honest subjects and 40 days: by the supremum, by the wealth in the end, by the adjusted supremum."""
    rng = np.random.default_rng(102)
    total = run(fresh(rng, reference, 40, kappa))
    for alpha in (0.2, 0.05, 0.01):
        assert chance_of_so_many(int(total.crossed(alpha).sum()), WORLDS, alpha) > 1e-6
        assert chance_of_so_many(int((total.log_value >= -math.log(alpha)).sum()), WORLDS, alpha) > 1e-6
        assert chance_of_so_many(int((total.log_adjusted() >= -math.log(alpha)).sum()), WORLDS, alpha) > 1e-6


def test_the_bound_is_used_and_a_campaign_crosses_it() -> None:
    """One fraction, all in, doubling or nothing: the chance to reach 8 is 1/8 exactly, so the bound cannot be lower.

    And a subject in the upper tenth of its reference every day crosses 1/1000 within 20 days.
    """
    rng = np.random.default_rng(103)
    with np.errstate(divide="ignore"):
        games = [np.log(2.0 * rng.integers(0, 2, WORLDS)) for _ in range(12)]
    total = of_day(0, np.arange(WORLDS), games[0], (1.0,))
    for day, game in enumerate(games[1:], start=1):
        total = total.merge(of_day(day, np.arange(WORLDS), game, (1.0,)))
    hits = int(total.crossed(1 / 8).sum())
    assert chance_of_so_many(hits, WORLDS, 1 / 8) > 1e-6
    assert chance_of_so_many(hits, WORLDS, 0.11) < 1e-6
    odd = run([np.log(rank_bets(rng.integers(1, 101, 500), 999)) for _ in range(20)])
    assert odd.crossed(0.001).all()


def test_betting_with_hindsight_is_seen_to_be_invalid() -> None:
    """The mistake: all of the wealth on winning days, none on losing days, as if the fraction knew the day's rank."""
    rng = np.random.default_rng(104)
    total = run([np.maximum(log_e, 0.0) for log_e in fresh(rng, 99, 40)])
    assert chance_of_so_many(int(total.crossed(ALPHA).sum()), WORLDS, ALPHA) < 1e-6


def test_a_reference_that_is_kept_needs_a_conditional_table() -> None:
    """120 days against one reference of 20, in 4,000 worlds: plain ranks cross too often, tables at most alpha + delta.

    The plain ones are p-values, each valid by itself. Their product is not an e-process: the days share their luck.
    The table is not mere silence: 20 days among the most surprising 5 % of 500 units cross 1/100.
    """
    rng = np.random.default_rng(105)
    worlds, delta = 4000, 0.1
    benign, table = rng.uniform(size=(worlds, 20)), conditional.beta_table(20, delta)
    daily = [1 + (benign >= rng.uniform(size=(worlds, 1))).sum(axis=1) for _ in range(120)]
    plain = run([np.log(rank_bets(rank, 20)) for rank in daily])
    assert chance_of_so_many(int(plain.crossed(ALPHA).sum()), worlds, ALPHA) < 1e-6
    careful = run([log_bet(-np.log(conditional.p_values(rank, table))) for rank in daily])
    assert chance_of_so_many(int(careful.crossed(ALPHA).sum()), worlds, ALPHA + delta) > 1e-6
    wide = conditional.beta_table(500, delta)
    odd = [log_bet(-np.log(conditional.p_values(rng.integers(1, 26, 200), wide))) for _ in range(20)]
    assert run(odd).crossed(0.01).all()


def habits(rng: np.random.Generator, worlds: int, days: int) -> tuple[list[Floats], list[Floats]]:
    """Scores of one subject and of 19 benign others a world, day by day; half of the variance is a lasting habit."""
    own, others = rng.normal(size=(worlds, 1)), rng.normal(size=(worlds, 19))
    subject = [own + rng.normal(size=own.shape) for _ in range(days)]
    return subject, [others + rng.normal(size=others.shape) for _ in range(days)]


def test_lasting_habits_break_the_product_and_not_the_spread() -> None:
    """Honest people are odd in the same way every day. Each day's p-value is valid; multiplied they accuse the odd.

    What survives: the spread, which adds; and the rank of the whole path, here of the sum of the scores, among the same
    of the benign ones (p at most 5 % means rank 1 of 20: chance exactly 5 %).
    """
    rng, worlds, days = np.random.default_rng(106), 4000, 30
    subject, others = habits(rng, worlds, days)
    log_e = [np.log(rank_bets(1 + (o >= s).sum(axis=1), 19)) for s, o in zip(subject, others, strict=True)]
    assert chance_of_so_many(int(run(log_e).crossed(ALPHA).sum()), worlds, ALPHA) < 1e-6
    spread = log_spread(np.stack(log_e, axis=1), horizon=days)
    assert chance_of_so_many(int((spread >= -math.log(ALPHA)).sum()), worlds, ALPHA) > 1e-6
    first = sum(others) < sum(subject)
    hits = int(np.asarray(first).all(axis=1).sum())
    assert chance_of_so_many(hits, worlds, 0.05) > 1e-6
    assert chance_of_so_many(hits, worlds, 0.03) < 1e-6


def test_ranking_the_wealth_of_whole_accounts_is_valid_whatever_their_days_are() -> None:
    """Wealth that habits spoilt is still a score: ranked among benign accounts' it is uniform on 1 .. 20."""
    rng, worlds = np.random.default_rng(107), 2000
    scores = rng.normal(size=(worlds, 20, 1)) + rng.normal(size=(worlds, 20, 30))
    log_e = np.log(rank_bets(ranks(scores.reshape(-1), rng.normal(scale=2**0.5, size=50)), 50)).reshape(-1, 30)
    wealth = run(list(log_e.T)).log_supremum.reshape(worlds, 20) + rng.uniform(0, 1e-9, (worlds, 20))  # no ties
    assert chance_of_so_many(int((wealth[:, :1] > wealth[:, 1:]).all(axis=1).sum()), worlds, 0.05) > 1e-6


# --- adjusters ---


@pytest.mark.parametrize("kappa", [MIXTURE, 0.2, 0.5, 0.8])
def test_an_adjusted_maximum_is_an_e_value_and_the_maximum_is_not(kappa: float) -> None:
    """The largest wealth of a continuous bet has the law P(M >= x) = 1/x: M = 1/U, the worst that Ville allows.

    Over the midpoints of 1e6 cells of U the mean of A(M) is 1 (the cells near U = 0 hold the rest of an integral that
    is 1); the mean of M itself is that of the harmonic series, beyond any bound.
    """
    log_maximum = -np.log((np.arange(1_000_000) + 0.5) / 1_000_000)
    mean = float(np.exp(log_adjusted(log_maximum, kappa)).mean())
    assert mean <= 1.0
    assert np.exp(log_maximum).mean() > 14
    if kappa in (0.5, 0.8):
        assert mean > 0.98


def test_the_cost_of_looking_back_is_known() -> None:
    """100 becomes 4.5 and 10,000 becomes 118 by the mixture; with kappa 1/2 half the root: 5 and 50. 1 becomes 1/2."""
    log_maximum = np.log([1.0, 100.0, 10_000.0])
    assert np.exp(log_adjusted(log_maximum)) == pytest.approx([0.5, 4.45, 117.8], rel=1e-3)
    assert np.exp(log_adjusted(log_maximum, 0.5)) == pytest.approx([0.5, 5.0, 50.0])
    assert np.exp(log_adjusted(np.array([-3.0]))) == pytest.approx([0.5])


def test_an_unadjusted_supremum_is_seen_to_be_no_e_value() -> None:
    """Doubling or nothing for 30 days: the mean of the largest wealth is 1 + 30/2, that of its adjustment at most 1.

    Doubled k times: chance 2^-k. Both means are exact sums, not simulated.
    """
    k = np.arange(31)
    chance = np.where(k < 30, 2.0 ** -(k + 1), 2.0**-30)
    assert (chance * 2.0**k).sum() == pytest.approx(16.0)
    assert (chance * np.exp(log_adjusted(k * math.log(2)))).sum() <= 1.0


# --- the spread ---


@given(st.lists(st.floats(-5, 5), max_size=10), st.integers(0, 5))
def test_the_spread_is_the_sum_over_the_horizon(log_e: list[float], longer: int) -> None:
    """In any order of days; a day to come only adds."""
    horizon = max(len(log_e) + longer, 1)
    value = math.exp(float(log_spread(np.array(log_e), horizon)))
    assert value == pytest.approx(sum(map(math.exp, log_e)) / horizon)
    assert math.exp(float(log_spread(np.array(log_e[::-1]), horizon))) == pytest.approx(value)
    assert math.exp(float(log_spread(np.array(log_e[:-1]), horizon))) <= value + 1e-12


def test_the_spread_is_used_up() -> None:
    """One all-or-nothing bet of 30, the same on every day: the spread reaches 30 with chance 1/30, as it may at most.

    Its neighbour, a horizon shorter than the days, is refused: it would exceed the bound.
    """
    with np.errstate(divide="ignore"):
        log_e = np.log(np.array([30.0, 0.0]))[:, None] + np.zeros((2, 30))
    assert np.exp(log_spread(log_e, 30)) == pytest.approx([30.0, 0.0])
    with pytest.raises(UsageError):
        log_spread(log_e, 29)
    for days in permutations((1.0, -1.0, 0.0)):
        assert log_spread(np.array(days), 3) == pytest.approx(log_spread(np.array([1.0, -1.0, 0.0]), 3))
