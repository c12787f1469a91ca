"""Evidence family "release": who switches together, and who only comes back on a new model."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.tracing.activity import DAY_US
from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.release import Log, Release
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.switching import AFTER_AT_LEAST, Switches, switches

from .groups import are_surprising
from .rhythms import FIRST_DAY, group_of
from .small_world import auc, scores_by_kind, small_world
from .worlds import known

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rng = np.random.Generator
RELEASE: Family[Log] = Release()
DAYS, RELEASED = 14, 6  # the new model is asked for from this day on
POPULATION, MEMBERS = 300, 20
OLD, NEW = 7, 8
HOUR_US = DAY_US // 24
DAYS_OF_LOG = np.arange(FIRST_DAY, FIRST_DAY + DAYS)


def habits(rng: Rng, accounts: int) -> Ints:
    """When customers switch, on the log's clock; -1 for half of them, the others at any time after the release."""
    moves = RELEASED * DAY_US + (rng.random(accounts) * (DAYS - RELEASED) * DAY_US).astype(np.int64)
    return np.where(rng.random(accounts) < 0.5, moves, -1)


def log_of(switched: Ints, is_at_risk: NDArray[np.bool_] | None = None) -> Log:
    at_risk = np.ones(len(switched), bool) if is_at_risk is None else is_at_risk
    release_us = (FIRST_DAY + RELEASED) * DAY_US
    return Log(DAYS_OF_LOG, (Switches(release_us, at_risk, switched, np.full(len(switched), 8)),))


def pivoting(rng: Rng, share: float, hours: float) -> Log:
    """The first 20 accounts are a ring of which a share switches within so many hours of the release."""
    switched = habits(rng, MEMBERS + POPULATION)
    moving = int(share * MEMBERS)
    switched[:MEMBERS] = -1
    switched[:moving] = RELEASED * DAY_US + HOUR_US + (rng.random(moving) * hours * HOUR_US).astype(np.int64)
    return log_of(switched)


RING = group_of(np.arange(MEMBERS))


def scores(log: Log, group: Group = RING) -> Floats:
    return RELEASE.scores(group, log, np.random.default_rng(0))


def test_the_family_looks_at_time() -> None:
    """Its e-values are averaged with those of timing, which also sees when accounts come."""
    assert (RELEASE.name, RELEASE.kin, RELEASE.columns) == ("release", Kin.TIME, ())


# -- joint switches --------------------------------------------------------------------------------------------------


def test_half_of_a_ring_within_a_day_is_seen_and_the_other_half_is_not_accused() -> None:
    """As was reported of one campaign. In a population of which 1 in 16 switches on a day, 1.3 of 20 do, rarely 6."""
    found = scores(pivoting(np.random.default_rng(1), 0.5, 24.0))
    assert float(found[:10].min()) > 4.0
    assert found[10:].tolist() == [0.0] * 10


def test_strangers_score_like_draws_from_the_population() -> None:
    """A hundred groups of twenty independent customers are not surprising beside 200 such groups; rings are."""
    rng = np.random.default_rng(2)
    groups = np.array([float(np.nanmax(scores(log_of(habits(rng, MEMBERS + POPULATION))))) for _ in range(300)])
    assert not are_surprising(groups[200:], groups[:200])
    rings = np.array([float(np.nanmax(scores(pivoting(rng, 0.5, 24.0)))) for _ in range(20)])
    assert are_surprising(rings, groups[:200])


def test_a_group_that_switches_over_weeks_is_not_seen() -> None:
    """Blind, and stated."""
    found = scores(pivoting(np.random.default_rng(3), 0.5, 7 * 24.0))
    assert float(np.nanmax(found)) < 3.0
    assert "over weeks" in RELEASE.weakness


def test_when_everybody_switches_on_one_day_it_is_no_evidence() -> None:
    """A provider that retires the old model."""
    rng = np.random.default_rng(4)
    switched = RELEASED * DAY_US + (rng.random(MEMBERS + POPULATION) * DAY_US).astype(np.int64)
    assert float(np.nanmax(scores(log_of(switched)))) < 1.0


def test_an_organisation_that_moves_all_its_accounts_counts_once() -> None:
    """Twenty keys of one organisation switch in one hour, beside three organisations that do not: one switch."""
    rng = np.random.default_rng(5)
    log = pivoting(rng, 1.0, 1.0)
    account = np.concatenate([np.arange(MEMBERS), MEMBERS + np.arange(3)])
    unit = np.concatenate([np.zeros(MEMBERS, np.int64), [1, 2, 3]])
    found = scores(log, Group(account, unit, 4, np.ones(len(unit), bool), {}))
    assert float(np.nanmax(found)) < 3.0


def test_nothing_is_said_without_a_release_or_of_who_could_not_be_seen_to_switch() -> None:
    """NaN, not 0: no new model; not at risk; a unit without exchanges; too small a population."""
    rng = np.random.default_rng(6)
    assert np.isnan(scores(Log(DAYS_OF_LOG, ()))).all()
    switched = habits(rng, MEMBERS + POPULATION)
    at_risk = np.arange(len(switched)) != 3
    assert np.flatnonzero(np.isnan(scores(log_of(switched, at_risk)))).tolist() == [3]
    with_a_stranger = Group(RING.account, RING.unit, MEMBERS + 1, RING.carries, {})
    assert np.flatnonzero(np.isnan(scores(log_of(switched), with_a_stranger))).tolist() == [MEMBERS]
    assert np.isnan(scores(log_of(switched[: MEMBERS + 20]))).all()


def test_what_is_said_has_the_numbers() -> None:
    """How many of how many, when, and what is usual; nothing of strangers."""
    rng = np.random.default_rng(7)
    log = pivoting(rng, 0.5, 20.0)
    said = RELEASE.statement(RING, log)
    assert said is not None
    assert said.statement.startswith("Of 20 members that still asked older models after a release, 10 switched to ")
    assert (said.log_e, said.detail["together"], said.detail["at_risk"]) == (0.0, 10, 20)
    assert RELEASE.statement(group_of(np.arange(50, 70)), log) is None


# -- the engine's part -------------------------------------------------------------------------------------------------

Row = tuple[int, float, int]  # account, day of the log, model


def table_of(rows: Sequence[Row]) -> tuple[ibis.Table, Accounts]:
    """A ledger's columns of these exchanges."""
    account, day, model = (np.array(column) for column in zip(*rows, strict=True))
    ts_us = FIRST_DAY * DAY_US + np.round(day * DAY_US).astype(np.int64)
    columns = {"account": account, "ts_us": ts_us, "day": (ts_us // DAY_US).astype(np.int32), "model": model}
    found = known(np.unique(account), exchanges=np.unique(account, return_counts=True)[1])
    return ibis.memtable(pa.table(columns)), found


def daily(account: int, moves: float, until: float = DAYS) -> list[Row]:
    """Four exchanges a day, the new model from `moves` on."""
    return [(account, day, NEW if day >= moves else OLD) for day in np.arange(0.1, until, 0.25).tolist()]


def adopters(first: int = 100) -> list[Row]:
    """Thirty customers who make the release one: they switch one after the other from day 6 on."""
    return [row for place in range(30) for row in daily(first + place, RELEASED + place / 5)]


def of_account(rows: Sequence[Row], account: int) -> tuple[bool, int]:
    """At risk, and when it switched, in hours of the log's clock."""
    table, found = table_of(rows)
    (release,) = switches(table, found, DAYS_OF_LOG)
    place = int(np.searchsorted(found.account, account))
    return bool(release.is_at_risk[place]), int(release.switched_us[place] // HOUR_US)


def test_a_switch_is_seen_when_the_old_model_was_asked_after_the_release() -> None:
    """On day 8: 8 days and some hours, the first of its four exchanges of the day."""
    assert of_account([*daily(1, 8.0), *adopters()], 1) == (True, 8 * 24 + 2)


def test_who_first_comes_back_on_the_new_model_has_not_been_seen_to_decide() -> None:
    """An evaluation that runs on the release day, and a name that the provider moves."""
    harness = [(1, day, OLD) for day in np.arange(0.1, 1.0, 0.01).tolist()]
    harness += [(1, day, NEW) for day in np.arange(RELEASED + 0.4, RELEASED + 0.5, 0.01).tolist()]
    assert of_account([*harness, *adopters()], 1)[0] is False


def test_who_compares_two_models_has_not_moved() -> None:
    """Every other exchange on the new model."""
    both = [(account, day, OLD if place % 2 else model) for place, (account, day, model) in enumerate(daily(1, 8.0))]
    assert of_account([*both, *adopters()], 1) == (True, -1)


def test_a_move_within_an_unknown_week_is_none() -> None:
    """Last seen on the old model on day 7, next on day 12."""
    rare = [row for row in daily(1, 8.0) if not 7.5 < row[1] < 12]
    assert of_account([*rare, *adopters()], 1) == (True, -1)


def test_a_try_is_no_move() -> None:
    """Fewer exchanges on the new model than would show a habit."""
    tried = [row for row in daily(1, 8.0) if row[1] < 8.0 + 0.25 * AFTER_AT_LEAST - 0.2]
    assert of_account([*tried, *adopters()], 1) == (True, -1)


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param([DAYS] * 30, id="one model"),
        pytest.param([0, DAYS] * 15, id="two from the start"),
        pytest.param([RELEASED] * 15 + [DAYS] * 15, id="somebody's own"),
    ],
)
def test_a_release_is_a_model_that_appears_late_and_becomes_common(moves: list[int]) -> None:
    """Not one that was always there, nor one of fewer than twenty accounts."""
    rows = [row for account, day in enumerate(moves) for row in daily(account, day)]
    assert switches(*table_of(rows), DAYS_OF_LOG) == ()


def test_the_log_clock_leaves_out_days_that_are_not_looked_at() -> None:
    """Only every other day is in the table: a switch between two of them is within a day."""
    rows = [row for row in [*daily(1, 9.0), *adopters()] if int(row[1]) % 2 == 0]
    table, found = table_of(rows)
    (release,) = switches(table, found, DAYS_OF_LOG[::2])
    assert int(release.switched_us[0] // DAY_US) == 5  # day 10 is the sixth that is looked at


@pytest.mark.long
def test_rings_that_pivot_score_above_honest_classes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A small world in which half of each ring up to E4 moves within a day: of units that could be seen to."""
    world = small_world(tmp_path_factory.getbasetemp())
    honest = ("apps", "ci_review", "judge", "popular_tool", "rag", "tutoring", "university")
    found = scores_by_kind(world, RELEASE, ("E2", "E3", "E4", *honest))
    rings = np.concatenate([found[level] for level in ("E2", "E3", "E4")])
    area, lower = auc(rings, np.concatenate([found[kind] for kind in honest]))
    assert area > 0.5 + 0.1
    assert lower > 0.5
