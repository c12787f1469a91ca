"""Evidence family "timing": what one scheduler leaves behind, and what honest strangers have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from stillwatch.stats import binomial
from stillwatch.tracing.activity import DAY_US, Activity
from stillwatch.tracing.coupling import STATISTICS, Moments
from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.handover import handover
from stillwatch.tracing.surrogates import dithered, is_weekend, whole_days
from stillwatch.tracing.timing import EXCHANGES_AT_LEAST, ROWS, Timing
from stillwatch.tracing.turns import coincidences, hours_alone, repeats_too_soon

from . import rhythms
from .groups import SO_MANY
from .rhythms import DAY, DAYS, FIRST_DAY, HONEST, HOUR, Rng, Seconds, group_of, log_of, renewals, strangers
from .small_world import HONEST as CLASSES
from .small_world import scores_by_kind, small_world

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TIMING: Family[Activity] = Timing()
ACCOUNTS, A_DAY = 12, 12 * 8  # exchanges a day of a fleet
GROUPS = 6


def scores(group: Sequence[Seconds], seed: int = 0) -> Floats:
    log, (one,) = log_of(group)
    return TIMING.scores(one, log, np.random.default_rng(seed))


def of_group(group: Sequence[Seconds], seed: int) -> float:
    """One number of a group: members share its coupling, so they are no independent trials."""
    return float(np.nanmean(scores(group, seed)))


FLEETS: dict[str, Callable[[Rng], list[Seconds]]] = {
    "shuffled rounds": lambda rng: rhythms.dealt(renewals(rng, A_DAY, 0.8), rng.permutation, ACCOUNTS),
    "the same round again and again": lambda rng: rhythms.dealt(renewals(rng, A_DAY, 1.5), np.arange, ACCOUNTS),
    "any account, an even flow": lambda rng: rhythms.dispatched(renewals(rng, A_DAY, 0.6), rng, ACCOUNTS),
    "any account, in bursts": lambda rng: rhythms.dispatched(rhythms.bursts(rng, A_DAY, 10), rng, ACCOUNTS),
    "one account until its quota is used": lambda rng: rhythms.relieved(renewals(rng, A_DAY, 0.8), ACCOUNTS, 40),
}


@cache
def honest_scores() -> dict[str, Floats]:
    """Of groups of each honest kind."""
    rng = np.random.default_rng(11)
    return {
        kind: np.array([of_group(strangers(kind, rng, ACCOUNTS), seed) for seed in range(GROUPS)]) for kind in HONEST
    }


def test_the_family_looks_at_time_and_asks_for_no_column() -> None:
    """A group's exchanges are thinned; moments come from the background."""
    assert (TIMING.name, TIMING.kin, TIMING.columns) == ("timing", Kin.TIME, ())


# -- counts -----------------------------------------------------------------------------------------------------


def test_a_rotation_is_cut_once_a_round_whatever_its_order() -> None:
    """Three rounds of four in different orders: two cuts, by those who open the next rounds."""
    assert repeats_too_soon(np.array([[0, 1, 2, 3, 2, 0, 3, 1, 1, 3, 0, 2]]), 4).tolist() == [[0, 1, 1, 0]]


def test_who_comes_twice_in_a_row_is_cut_each_time() -> None:
    assert repeats_too_soon(np.array([[0, 0, 0, 1]]), 2).tolist() == [[2, 0]]
    assert repeats_too_soon(np.empty((1, 0), np.int64), 2).tolist() == [[0, 0]]


def test_coincidences_are_with_others() -> None:
    """Two of member 0 and one of member 1 in the first interval, one alone in the second."""
    assert coincidences(np.array([[1, 2, 9, 11]]), np.array([0, 0, 1, 1]), 2, 10).tolist() == [[2, 2]]


def test_an_hour_counts_once_however_often_a_member_is_alone_in_it() -> None:
    """Member 0 is alone in hour 0 and meets member 1 in hour 1."""
    ts_us = np.array([0.1, 0.2, 1.5, 1.5, 2.5]) * 3_600_000_000
    assert hours_alone(ts_us.astype(np.int64)[None], np.array([0, 0, 0, 1, 1]), 2, 1_000_000).tolist() == [[1, 1]]


@pytest.mark.parametrize("interval_us", [1_000_000, 7_300_001, 3_600_000_000])
def test_counts_of_many_sequences_are_those_of_each(interval_us: int) -> None:
    """Rows do not touch each other, in whatever order their moments come."""
    rng = np.random.default_rng(6)
    ts_us, member = rng.integers(0, 48 * 3_600_000_000, (3, 400)), rng.integers(0, 5, 400)
    for count in (coincidences, hours_alone):
        each = [count(row[None], member, 5, interval_us)[0].tolist() for row in ts_us]
        assert count(ts_us, member, 5, interval_us).tolist() == each


# -- moving accounts against each other ---------------------------------------------------------------------------


def moments_of(group: Sequence[Seconds]) -> Moments:
    log, (one,) = log_of(group)
    ts_us, account = log.moments(one.account)
    return Moments(ts_us, account, account, len(group), log.days)


def test_days_change_places_with_days_of_their_type_in_the_life_of_an_account() -> None:
    """Moments of the day stay, weekends stay weekends, nobody is there before he came."""
    late = renewals(np.random.default_rng(0), 20, 1.0, from_day=5)
    seen = moments_of([late, strangers("people", np.random.default_rng(1), 1)[0]])
    moved = whole_days(seen.ts_us, seen.account, seen.days, np.random.default_rng(2), 1)[0]
    before, after = (np.sort(ts_us[seen.account == 0]) for ts_us in (seen.ts_us, moved))
    assert sorted((before % DAY_US).tolist()) == sorted((after % DAY_US).tolist())
    assert is_weekend(before // DAY_US).sum() == is_weekend(after // DAY_US).sum()
    assert after[0] // DAY_US >= FIRST_DAY + 5
    assert after.tolist() != before.tolist()


def test_an_account_that_slides_keeps_its_gaps_within_the_day() -> None:
    """All of a day by one offset within the bound."""
    seen = moments_of([renewals(np.random.default_rng(0), 30, 1.0)])
    offset = dithered(seen.ts_us, seen.account, 60_000_000, np.random.default_rng(2), 1)[0] - seen.ts_us
    assert np.abs(offset).max() <= 60_000_000
    day = seen.ts_us // DAY_US
    assert {len(np.unique(offset[day == one])) for one in np.unique(day)} == {1}


def rank(real: int, moved: Sequence[int], rng: Rng) -> float:
    """p-value of a low count, ties broken at random: uniform if the real group is one of them."""
    below, equal = sum(count < real for count in moved), sum(count == real for count in moved)
    return (1 + below + int(rng.integers(0, equal + 1))) / (1 + len(moved))


def relay(ts_us: Ints, member: Ints) -> int:
    return int(coincidences(ts_us[None], member, 6, 3_600_000_000).sum())


def turns(ts_us: Ints, member: Ints) -> int:
    return int(repeats_too_soon(member[np.argsort(ts_us, kind="stable")][None], 6).sum())


@pytest.mark.parametrize("count", [turns, relay])
@pytest.mark.parametrize("kind", ["people", "office", "full hours"])
def test_strangers_rank_anywhere_among_their_moved_selves(kind: str, count: Callable[[Ints, Ints], int]) -> None:
    """Independent accounts whose days are alike: p <= 0.1 in a tenth of 100 groups, within exact bounds on both sides.

    Each side of a correct null fails with chance 1e-4 at most.
    """
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(100):
        seen = moments_of(strangers(kind, rng, 6))
        moved = whole_days(seen.ts_us, seen.account, seen.days, rng, 19)
        hits += rank(count(seen.ts_us, seen.member), [count(ts_us, seen.member) for ts_us in moved], rng) <= 0.1
    assert binomial.chance_of_so_many(hits, 100, 0.1) > SO_MANY
    assert binomial.chance_of_so_many(100 - hits, 100, 0.9) > SO_MANY


# -- what is one hand, and what is not -----------------------------------------------------------------------------


@pytest.mark.parametrize("fleet", FLEETS)
def test_whoever_deals_work_out_scores_above_every_honest_group(fleet: str) -> None:
    """Six fleets and 48 honest groups: in one order of 25 million, were they exchangeable."""
    rng = np.random.default_rng(5)
    found = [of_group(FLEETS[fleet](rng), seed) for seed in range(GROUPS)]
    assert min(found) > max(float(of_kind.max()) for of_kind in honest_scores().values())


@pytest.mark.parametrize("kind", HONEST)
def test_no_honest_kind_scores_above_the_others(kind: str) -> None:
    """Not the even, not the exact, not who works at full hours, in one class, or on the day of a release.

    Mann and Whitney's test at 1e-4: their scores would not tell the kind from strangers of any other.
    """
    others = np.concatenate([found for name, found in honest_scores().items() if name != kind])
    assert stats.mannwhitneyu(honest_scores()[kind], others, alternative="greater").pvalue > SO_MANY


def test_one_regular_account_is_no_evidence() -> None:
    """A day-and-night client as even as a clock among people gains nothing beside a group without it."""
    rng = np.random.default_rng(6)
    found = [scores([renewals(rng, 40, 0.2), *strangers("people", rng, 7)], seed)[0] for seed in range(12)]
    usual = np.concatenate(list(honest_scores().values()))
    assert stats.mannwhitneyu(found, usual, alternative="greater").pvalue > SO_MANY


def test_an_even_chance_for_every_account_of_an_irregular_flow_is_not_seen() -> None:
    """Blind, and stated: independent Poisson clients and one Poisson flow dealt at random are the same process."""
    rng = np.random.default_rng(7)
    found = [of_group(rhythms.dispatched(renewals(rng, A_DAY, 1.0), rng, ACCOUNTS), seed) for seed in range(GROUPS)]
    usual = np.concatenate(list(honest_scores().values()))
    assert stats.mannwhitneyu(found, usual, alternative="greater").pvalue > SO_MANY
    assert "as irregular as chance" in TIMING.weakness


# -- accounts that replace others ----------------------------------------------------------------------------------


def replaced(rng: Rng, after_hours: float) -> list[Seconds]:
    """Twelve of twenty accounts are stopped on day 6; a fresh one takes each place after so many hours."""
    stopped = [6 + place / 36 for place in range(12)]
    kept = [renewals(rng, 8, 1.0) for _ in range(8)]
    gone = [renewals(rng, 8, 1.0, to_day=day) for day in stopped]
    return [*kept, *gone, *(renewals(rng, 8, 1.0, from_day=day + after_hours / 24) for day in stopped)]


def population(rng: Rng) -> list[Seconds]:
    """Customers, a third of whom came at some time of the log."""
    old = [renewals(rng, 8, 1.0) for _ in range(40)]
    return [*old, *(renewals(rng, 8, 1.0, from_day=float(day)) for day in rng.uniform(0, 12, 20))]


def test_fresh_accounts_that_come_when_others_have_gone_are_seen() -> None:
    """Twelve of twelve within a day, and none the other way round: 0.5 ** 12 at most."""
    rng = np.random.default_rng(8)
    log, (ring, _) = log_of(replaced(rng, 9.0), population(rng))
    found = handover(log, ring.account, ring.unit, ring.units)
    assert (found.fresh, found.followed, int(found.takes_part.sum())) == (12, 12, 24)
    said = TIMING.statement(ring, log)
    assert said is not None
    usual = f"where {found.expected:.1f} would by chance."
    assert said.statement.endswith(f"12 of 12 came within a day of another's last exchange, {usual}")


def test_who_comes_and_goes_on_one_day_for_a_common_reason_does_not_follow() -> None:
    """Twelve come and twelve go around a date, in no order: those who follow are as many as those who precede."""
    rng = np.random.default_rng(9)
    around = [(float(7 + a), float(7 + b)) for a, b in rng.uniform(-0.4, 0.4, (12, 2))]
    gone = [renewals(rng, 20, 1.0, to_day=day) for day, _ in around]
    come = [renewals(rng, 20, 1.0, from_day=day) for _, day in around]
    log, (group, _) = log_of([*gone, *come], population(rng))
    assert handover(log, group.account, group.unit, group.units).z < 2.0


def test_new_customers_at_any_time_are_no_handover() -> None:
    """Strangers, some new and some gone: z is about standard normal or less, so 40 groups' mean is below 4 errors."""
    rng = np.random.default_rng(10)
    found = []
    for _ in range(40):
        log, (group, _) = log_of(population(rng)[30:], population(rng))
        found.append(handover(log, group.account, group.unit, group.units).z)
    assert float(np.mean(found)) < 4 / np.sqrt(40)


# -- the family ------------------------------------------------------------------------------------------------------


def fleet(seed: int = 12) -> list[Seconds]:
    rng = np.random.default_rng(seed)
    return FLEETS["shuffled rounds"](rng)


def test_nothing_is_said_of_members_with_hardly_an_exchange_or_without_others() -> None:
    """NaN, not 0."""
    few = np.linspace(0, DAY, EXCHANGES_AT_LEAST - 1)
    assert np.isnan(scores([*fleet(), few])).tolist() == [False] * ACCOUNTS + [True]
    assert np.isnan(scores(fleet()[:1])).all()


def test_scores_do_not_depend_on_which_exchanges_a_group_was_given() -> None:
    """Thinned to one exchange an account, or whole."""
    log, (one,) = log_of(fleet())
    again = group_of(np.repeat(one.account, 3))
    whole = replace(again, unit=np.repeat(one.unit, 3), units=one.units)
    rngs = (np.random.default_rng(1), np.random.default_rng(1))
    assert TIMING.scores(one, log, rngs[0]).tolist() == TIMING.scores(whole, log, rngs[1]).tolist()


def test_the_keys_of_one_organisation_are_one_member() -> None:
    """A start-up that sends through its own keys in turns couples with nobody else."""
    rng = np.random.default_rng(13)
    log, (one,) = log_of([*fleet(), *strangers("people", rng, 4)])
    unit = np.array([0] * ACCOUNTS + [1, 2, 3, 4])
    found = TIMING.scores(Group(one.account, unit, 5, one.carries, {}), log, np.random.default_rng(0))
    assert float(np.nanmax(found)) < min(float(np.nanmin(scores(fleet(seed)))) for seed in (12, 14))


def test_a_large_group_is_looked_at_in_part_and_scored_whole() -> None:
    """Four times as many exchanges as are moved: every member has a score, and a deck shows."""
    rng = np.random.default_rng(15)
    flow = renewals(rng, 4 * ROWS / DAYS, 0.8)
    found = scores(rhythms.dealt(flow, rng.permutation, 60))
    assert np.isfinite(found).all()
    assert float(found.min()) > max(float(of_kind.max()) for of_kind in honest_scores().values())


def test_what_is_said_has_the_numbers() -> None:
    """Rounds of twelve: twelve exchanges before anybody comes again."""
    log, (one, people) = log_of(fleet(), strangers("people", np.random.default_rng(16), 12))
    said = TIMING.statement(one, log)
    assert said is not None
    assert said.family == "timing"
    assert said.log_e == 0.0
    assert said.statement.startswith("Its 12 members come by turns: 12.0 exchanges pass before anybody comes again")
    assert set(STATISTICS) <= set(said.detail)
    assert TIMING.statement(people, log) is None
    assert TIMING.statement(group_of(one.account[:1]), log) is None


def test_moments_come_back_from_the_log_to_a_tenth_of_a_second_over_days_without_traffic() -> None:
    """Two accounts; the log's clock leaves out a day, moments do not."""
    first, second = np.array([10.04, 2 * DAY + HOUR]), np.array([5.0])
    log, _ = log_of([first, second])
    ts_us, who = log.moments(np.array([1, 0]))
    assert who.tolist() == [0, 1, 1]
    assert ((ts_us - FIRST_DAY * DAY_US) / 1e6).tolist() == pytest.approx([5.0, 10.0, 2 * DAY + HOUR])


@pytest.mark.long
def test_campaigns_dealt_by_one_scheduler_score_above_honest_classes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A small world: every unit of E2 to E4 above every honest one, so the AUC is 1; E5 lives like people.

    Members share their group's coupling, so the trials are three rings above eleven classes: 1 order in 364.
    """
    world = small_world(tmp_path_factory.getbasetemp())
    found = scores_by_kind(world, TIMING, ("E2", "E3", "E4", *CLASSES))
    highest = max(float(found[kind].max()) for kind in CLASSES if len(found[kind]))
    assert min(float(found[level].min()) for level in ("E2", "E3", "E4")) > highest
