"""False discoveries in a stream: the rules by definition, their rates under the worst dependence, and what goes wrong
without adjusting: the largest wealth so far is not an e-value, and e-BH on it is not a rule.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.stats.betting import rank_bets
from stillwatch.stats.binomial import chance_of_so_few, chance_of_so_many
from stillwatch.stats.eprocess import log_adjusted, of_day
from stillwatch.stats.multiple import discoveries
from stillwatch.stats.online_fdr import (
    Stream,
    adjusted_discoveries,
    joining,
    live_discoveries,
    share_together,
    telescope,
)

Floats = NDArray[np.float64]
LOG_E = st.lists(st.floats(-3, 20) | st.just(-math.inf) | st.sampled_from([3.0, 6.0]), max_size=20)
ALPHAS = st.sampled_from([0.01, 0.1, 0.5, 1.0])
WORLDS = 20_000


def run(log_e: list[float], stream: Stream) -> tuple[list[int], Stream]:
    """Positions discovered, and the stream after all."""
    found = []
    for place, one in enumerate(log_e):
        decision, stream = stream.test(one)
        if decision.is_discovery:
            found.append(place)
    return found, stream


# --- e-LOND ---


@given(LOG_E, ALPHAS)
def test_the_stream_is_the_papers_rule(log_e: list[float], alpha: float) -> None:
    """alpha_t = alpha * gamma_t * (discoveries before t + 1); reject if e_t >= 1 / alpha_t."""
    expected: list[int] = []
    for t, one in enumerate(log_e, start=1):
        if one >= -math.log(alpha / (t * (t + 1)) * (len(expected) + 1)) - 1e-12:
            expected.append(t - 1)
    found, stream = run(log_e, Stream(alpha))
    assert found == expected
    assert (stream.tested, stream.found) == (len(log_e), len(expected))
    assert stream.alpha_spent == pytest.approx(alpha * len(log_e) / (len(log_e) + 1))


@given(LOG_E, st.data())
def test_more_evidence_earns_the_stream_more(log_e: list[float], data: st.DataObject) -> None:
    """Raising values loses no discovery, and what was decided does not depend on what comes later."""
    before = set(run(log_e, Stream(0.1))[0])
    cut = data.draw(st.integers(0, len(log_e)))
    assert run(log_e[:cut], Stream(0.1))[0] == sorted(place for place in before if place < cut)
    raised = [one + 2.0 if data.draw(st.booleans()) else one for one in log_e]
    assert before <= set(run(raised, Stream(0.1))[0])


def test_the_shares_sum_to_less_than_1() -> None:
    """t / (t + 1) after t hypotheses."""
    shares = [telescope(t) for t in range(1, 1001)]
    assert math.fsum(shares) == pytest.approx(1000 / 1001, rel=1e-12)


def turns(share: float, total: int, alpha: float, rng: np.random.Generator) -> int:
    """Worlds with a discovery, all of them false: true nulls take turns, the t-th wins just enough with that chance.

    `share` 0: levels as `telescope`; else each hypothesis gets that share. e_t = 1/level_t with chance level_t, else 0:
    an e-value of mean 1, in the dependence that is worst for the rule.
    """
    parts = [telescope(t) if share == 0.0 else share for t in range(1, total + 1)]
    edges = np.cumsum(alpha * np.array(parts))
    winners = np.searchsorted(edges, rng.uniform(size=WORLDS), side="right")
    stream = Stream(alpha) if share == 0.0 else Stream(alpha, share=lambda t: share)
    hits = 0
    for winner in range(total):
        log_e = [-math.inf] * total
        log_e[winner] = -math.log(alpha * parts[winner]) + 1e-9
        hits += int((winners == winner).sum()) * bool(run(log_e, stream)[0])
    return hits


def test_the_false_discovery_rate_of_a_stream_is_what_was_spent() -> None:
    """Ten nulls that take turns at alpha 0.3: the rate is 0.3 * 10/11 exactly, and the exact tests leave it there."""
    hits = turns(0.0, 10, 0.3, np.random.default_rng(111))
    assert chance_of_so_many(hits, WORLDS, 0.3 * 10 / 11) > 1e-6
    assert chance_of_so_few(hits, WORLDS, 0.3 * 10 / 11) > 1e-6


def test_shares_that_sum_to_more_than_1_are_seen_to_be_invalid() -> None:
    """Three times 0.6 of alpha spends 1.8 alpha: the same test that passes above fails."""
    hits = turns(0.6, 3, 0.3, np.random.default_rng(112))
    assert chance_of_so_many(hits, WORLDS, 0.3) < 1e-6


def test_a_stream_of_mixed_campaigns_finds_the_real_ones() -> None:
    """Every second of 40 hypotheses is real with e = 10,000, the others lose: all 20 are found at alpha 5 %."""
    found, _ = run([math.log(1e4) if t % 2 == 0 else -1.0 for t in range(40)], Stream(0.05))
    assert found == list(range(0, 40, 2))


# --- why the largest wealth so far must be adjusted ---


def two_gamblers(rng: np.random.Generator, alpha: float) -> Floats:
    """The largest wealth of two fair bets that see each other, both nulls; (WORLDS, 2).

    1. With chance alpha the first wins 1/alpha and the second 1/(2 alpha); else the first is ruined and the second is
       left with (1/2) / (1 - alpha). Means: alpha/alpha = 1, and 1/2 + 1/2 = 1.
    2. After a win, a coin: the first doubles to 2/alpha and the second is ruined, or the reverse, to 1/alpha.
    3. After a loss the second goes for 2/alpha, with the chance (alpha/4) / (1 - alpha) that its wealth buys.

    e-BH on the largest wealths rejects after every win: one holds 2/alpha, or both have once held 1/alpha, one of them
    long since ruined. With step 3 the chance is alpha + alpha/4.
    """
    won, coin = rng.uniform(size=WORLDS) < alpha, rng.uniform(size=WORLDS) < 0.5
    late = rng.uniform(size=WORLDS) < alpha / 4 / (1 - alpha)
    first = np.where(won, np.where(coin, 2 / alpha, 1 / alpha), 1.0)
    second = np.where(won, np.where(coin, 1 / (2 * alpha), 1 / alpha), np.where(late, 2 / alpha, 1.0))
    return np.stack([first, second], axis=1)


def conspiracy(rng: np.random.Generator, alpha: float, count: int) -> Floats:
    """The largest wealth of `count` nulls, each fair to who sees it alone, in the worst dependence; (WORLDS, count).

    1/M is uniform for each (as the supremum of a continuous bet is). With chance alpha/k exactly k of them lie between
    (k-1) and k times alpha/count, and the others above alpha: just enough, together, for e-BH to reject those k.
    """
    k = 1 + np.searchsorted(np.cumsum(alpha / np.arange(1, count + 1)), rng.uniform(size=WORLDS), side="right")
    chosen = rng.permuted(np.tile(np.arange(1, count + 1), (WORLDS, 1)), axis=1) <= k[:, None]
    together = k <= count
    low, high = (k - 1)[:, None] * alpha / count, k[:, None] * alpha / count
    inside = low + (high - low) * rng.uniform(size=chosen.shape)
    outside = alpha + (1 - alpha) * rng.uniform(size=chosen.shape)
    return 1.0 / np.where(chosen & together[:, None], inside, outside)


def test_the_gamblers_are_honest() -> None:
    """Nobody alone exceeds what Ville allows: P(M >= x) <= 1/x, so each is a supremum of a null's wealth."""
    alpha = 0.2
    for maxima in (two_gamblers(np.random.default_rng(113), alpha), conspiracy(np.random.default_rng(114), alpha, 20)):
        for one in maxima.T:
            for x in (2.0, 1 / alpha, 2 / alpha, 20 / alpha):
                assert chance_of_so_many(int((one >= x * (1 - 1e-12)).sum()), WORLDS, 1 / x) > 1e-7


def false_discoveries(maxima: Floats, rule: object) -> int:
    """In how many worlds anything is discovered; as all are nulls, that is the false-discovery rate."""
    logs, back = np.unique(np.round(np.log(maxima), 12), axis=0, return_inverse=True)
    found = np.array([bool(rule(row.tolist())) for row in logs])  # type: ignore[operator]  # any of three rules
    return int(found[back.reshape(-1)].sum())


def test_plain_e_bh_on_running_maxima_breaks_its_promise_and_adjusted_keeps_it() -> None:
    """Two nulls that see each other: 1.25 alpha where alpha was promised (arXiv 2501.19360 describes the effect)."""
    alpha = 0.2
    maxima = two_gamblers(np.random.default_rng(115), alpha)
    plain = false_discoveries(maxima, lambda row: discoveries([m + 1e-9 for m in row], alpha))
    assert chance_of_so_many(plain, WORLDS, alpha) < 1e-6
    assert chance_of_so_few(plain, WORLDS, 1.25 * alpha) > 1e-6
    for rule in (adjusted_discoveries, live_discoveries):
        adjusted = false_discoveries(maxima, lambda row, rule=rule: rule(row, alpha))
        assert chance_of_so_many(adjusted, WORLDS, alpha) > 1e-6


def test_twenty_subjects_that_each_look_fair_break_it_by_a_factor_of_3_6() -> None:
    """alpha * (1 + 1/2 + ... + 1/20) = 0.36 for alpha 0.1; adjusted by three adjusters, at most 0.1, and not never."""
    alpha = 0.1
    maxima = conspiracy(np.random.default_rng(116), alpha, 20)
    harmonic = sum(1 / k for k in range(1, 21))
    plain = false_discoveries(maxima, lambda row: discoveries(row, alpha))
    assert chance_of_so_many(plain, WORLDS, 3.4 * alpha) < 1e-6
    assert chance_of_so_few(plain, WORLDS, harmonic * alpha) > 1e-6
    for kappa in (0.1, 0.5):
        adjusted = false_discoveries(maxima, lambda row, kappa=kappa: adjusted_discoveries(row, alpha, kappa))
        assert adjusted > 0
        assert chance_of_so_many(adjusted, WORLDS, alpha) > 1e-6
        live = false_discoveries(maxima, lambda row, kappa=kappa: live_discoveries(row, alpha, kappa=kappa))
        assert chance_of_so_many(live, WORLDS, alpha) > 1e-6


# --- the rules for every day ---


def by_definition(log_suprema: list[float], alpha: float) -> list[int]:
    """The largest k with k hypotheses of A(M_j) >= 1 / (alpha share_j k), and those."""
    log_e = log_adjusted(np.array(log_suprema)).tolist() if log_suprema else []
    for k in range(len(log_e), 0, -1):
        enough = [j for j, e in enumerate(log_e) if e + math.log(alpha * telescope(j + 1) * k) >= 0.0]
        if len(enough) >= k:
            return enough
    return []


@given(LOG_E, ALPHAS)
def test_the_live_rule_is_by_definition(log_suprema: list[float], alpha: float) -> None:
    """The same positions as a search over every k."""
    assert live_discoveries(log_suprema, alpha) == by_definition(log_suprema, alpha)


@given(LOG_E, LOG_E, st.data())
def test_the_live_rule_takes_nothing_back(log_suprema: list[float], later: list[float], data: st.DataObject) -> None:
    """Neither more evidence, nor hypotheses that enter later, lose a discovery: who was acted on stays on the list."""
    before = set(live_discoveries(log_suprema, 0.1))
    grown = [one + data.draw(st.floats(0, 5)) for one in log_suprema]
    assert before <= set(live_discoveries(grown + later, 0.1))


@given(LOG_E, ALPHAS)
def test_the_fixed_rule_is_e_bh_on_what_was_adjusted(log_suprema: list[float], alpha: float) -> None:
    """Nothing else, so all that `multiple` promises is promised; never more than e-BH on the maxima themselves."""
    log_e = log_adjusted(np.array(log_suprema)).tolist() if log_suprema else []
    found = adjusted_discoveries(log_suprema, alpha)
    assert found == discoveries(log_e, alpha)
    assert set(found) <= set(discoveries([max(m, 0.0) for m in log_suprema], alpha))


def test_strong_campaigns_are_found_early_and_late() -> None:
    """Wealth 1e9 at places 1 and 30 among nulls at 1: found at alpha 1 %."""
    log_suprema = [0.0] * 30
    log_suprema[0] = log_suprema[29] = math.log(1e9)
    assert live_discoveries(log_suprema, 0.01) == [0, 29]
    assert adjusted_discoveries(log_suprema, 0.01) == [0, 29]


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.5, math.nan])
def test_what_is_no_rate_is_refused(alpha: float) -> None:
    """By all three rules."""
    for rule in (adjusted_discoveries, live_discoveries):
        with pytest.raises(UsageError):
            rule([1.0], alpha)
    with pytest.raises(UsageError):
        Stream(alpha)


def test_a_month_of_daily_decisions_keeps_the_rate_on_its_worst_day() -> None:
    """From ranks to decisions: 12 rings frozen one after the other, every third real, looked at on each of 30 days.

    The nulls rank evenly among a fresh reference of 99, the real ones among its upper tenth. In 300 worlds the largest
    false share of any day has a mean of at most alpha = 0.2 (Hoeffding: 0.15 above it by luck has chance 1e-6), and
    the rings that are real are all found in the end.
    """
    rng, alpha, rings, worlds = np.random.default_rng(117), 0.2, 12, 300
    real = np.arange(rings) % 3 == 0
    worst, found = np.zeros(worlds), np.zeros((worlds, rings), bool)
    total = of_day(0, np.arange(worlds * rings), np.zeros(worlds * rings))
    for day in range(1, 31):
        rank = np.where(real, rng.integers(1, 11, (worlds, rings)), rng.integers(1, 101, (worlds, rings)))
        log_e = np.where(np.arange(rings) < day, np.log(rank_bets(rank, 99)), 0.0)  # ring j is frozen on day j
        total = total.merge(of_day(day, np.arange(worlds * rings), log_e.reshape(-1)))
        for world, suprema in enumerate(total.log_supremum.reshape(worlds, rings)):
            found[world, live_discoveries(suprema.tolist(), alpha)] = True
        false = (found & ~real).sum(axis=1)
        worst = np.maximum(worst, false / np.maximum(found.sum(axis=1), 1))
    assert worst.mean() <= alpha + math.sqrt(math.log(1e6) / (2 * worlds))
    assert found[:, real].all()


# --- evidence that is added up, decided at every look ---


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8))
def test_hypotheses_that_enter_together_share_what_their_places_have(batches: list[int]) -> None:
    """The same sum as one after the other, evenly: below 1 for ever."""
    before, spent = 0, 0.0
    for count in batches:
        shares = [share_together(before, count)] * count
        assert math.fsum(shares) == pytest.approx(math.fsum(telescope(before + t) for t in range(1, count + 1)))
        before, spent = before + count, spent + math.fsum(shares)
    assert spent == pytest.approx(before / (before + 1))


def joining_by_definition(log_e: list[float], shares: list[float], found: int, alpha: float) -> list[int]:
    """The largest r with r hypotheses of e >= 1 / (alpha * share * (found + r)), and those."""
    for r in range(len(log_e), 0, -1):
        weighed = [e + np.log(alpha * s) + np.log(found + r) for e, s in zip(log_e, shares, strict=True)]
        enough = [place for place, one in enumerate(weighed) if one >= 0.0]
        if len(enough) >= r:
            return enough
    return []


@given(LOG_E, st.integers(0, 5), ALPHAS, st.data())
def test_who_joins_is_by_definition(log_e: list[float], found: int, alpha: float, data: st.DataObject) -> None:
    """The same positions as a search over every r."""
    shares = [data.draw(st.sampled_from([0.5, 0.1, 0.01])) for _ in log_e]
    assert joining(log_e, shares, found, alpha) == joining_by_definition(log_e, shares, found, alpha)


@given(LOG_E, ALPHAS)
def test_one_hypothesis_a_look_is_e_lond(log_e: list[float], alpha: float) -> None:
    """If each is offered once, the decisions of the stream."""
    found: list[int] = []
    for t, one in enumerate(log_e):
        found += [t for _ in joining([one], [share_together(t, 1)], len(found), alpha)]
    assert found == run(log_e, Stream(alpha))[0]


@given(LOG_E, st.integers(0, 5), st.data())
def test_more_evidence_and_more_discoveries_lose_nobody(log_e: list[float], found: int, data: st.DataObject) -> None:
    shares = [0.1] * len(log_e)
    before = set(joining(log_e, shares, found, 0.1))
    grown = [one + data.draw(st.floats(0, 5)) for one in log_e]
    assert before <= set(joining(grown, shares, found + data.draw(st.integers(0, 3)), 0.1))


def conspirators(count: int, alpha: float, rng: np.random.Generator) -> Floats:
    """E-values of `count` nulls that enter together, in the worst dependence; (WORLDS, count), each of mean 1.

    With chance alpha * count / (count + 1) a random number k of them hold just enough for k to join, else nobody holds
    anything. Each holds 1 / (alpha * share * k) with chance k / count of that: a mean of share * (count + 1) = 1.
    """
    k = rng.integers(1, count + 1, WORLDS)
    wins = rng.uniform(size=WORLDS) < alpha * count / (count + 1)
    chosen = rng.permuted(np.tile(np.arange(count), (WORLDS, 1)), axis=1) < k[:, None]
    return np.where(chosen & wins[:, None], (1.0 + 1e-9) / (alpha * share_together(0, count) * k)[:, None], 0.0)


def test_nulls_that_conspire_reach_what_was_spent_and_no_more() -> None:
    """Eight nulls at alpha 0.3: the false-discovery rate is 0.3 * 8/9 exactly, and exact tests leave it there."""
    alpha, count = 0.3, 8
    e = conspirators(count, alpha, np.random.default_rng(118))
    with np.errstate(divide="ignore"):
        rows = np.log(e)
    shares = [share_together(0, count)] * count
    hits = sum(bool(joining(row.tolist(), shares, 0, alpha)) for row in rows)
    assert chance_of_so_many(hits, WORLDS, alpha * count / (count + 1)) > 1e-6
    assert chance_of_so_few(hits, WORLDS, alpha * count / (count + 1)) > 1e-6


def test_the_first_place_for_whoever_looks_best_is_seen_to_be_invalid() -> None:
    """Eight nulls take turns: each holds 2/alpha with chance alpha/2. Sorted by evidence e-LOND finds one in 4 alpha of
    all worlds; with even shares nobody is found.
    """
    alpha, count = 0.1, 8
    wins = np.random.default_rng(119).uniform(size=WORLDS) < count * alpha / 2
    row = [math.log(2 / alpha) + 1e-9] + [-math.inf] * (count - 1)
    sorted_first = int(wins.sum()) * len(run(row, Stream(alpha))[0])
    assert chance_of_so_many(sorted_first, WORLDS, alpha) < 1e-6
    assert joining(row, [share_together(0, count)] * count, 0, alpha) == []
