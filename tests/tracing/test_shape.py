"""Evidence family "shape": settings that one hand sets, work of one size, and what only looks like it."""

from __future__ import annotations

import math
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.sketch.record import Flag
from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.settings import ATTRIBUTES, Usage, usage
from stillwatch.tracing.shape import EXCHANGES_AT_LEAST, Habits, Shape, typical_distances
from stillwatch.tracing.sizes import SIZES, spread

from .groups import are_surprising, group, in_order, renamed, same
from .small_world import HONEST, auc, scores_by_kind, small_world

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SHAPE: Family[Habits] = Shape()
UNITS = 1000
TUPLE, MAX_TOKENS = ATTRIBUTES.index("parameters"), ATTRIBUTES.index("max_tokens")
DEFAULTS = {"parameters": 0, "form": 0, "max_tokens": -1, "temperature": -1, "choices": 0, "tools": 0}


def log(apart: float = math.nan, **used_by: dict[int, int]) -> Habits:
    """A log of 1,000 units in which everybody has the defaults, and values of attributes have so many users."""
    counts = [(place, DEFAULTS[name], UNITS) for place, name in enumerate(ATTRIBUTES)]
    counts += [(ATTRIBUTES.index(name), *pair) for name, users in used_by.items() for pair in users.items()]
    columns = np.array(sorted(counts), np.int64).T
    distances = {} if math.isnan(apart) else {"": np.full(len(SIZES), apart)}
    return Habits(Usage(columns[0], columns[1], columns[2], UNITS), distances)


def alike(units: int, each: int, **columns: Any) -> Group:
    """Units with the defaults, but for these columns."""
    unit = np.repeat(np.arange(units), each)
    return group(unit, **{name: np.broadcast_to(column, unit.shape) for name, column in columns.items()})


def scores(one: Group, known: Habits) -> Floats:
    return SHAPE.scores(one, known, np.random.default_rng(0))


def test_the_family_looks_at_form() -> None:
    """Its e-values are averaged with those of its kin."""
    assert (SHAPE.name, SHAPE.kin) == ("shape", Kin.FORM)


def test_agreeing_on_the_defaults_is_worth_nothing() -> None:
    """Everybody's tuple, everybody's form."""
    one = alike(5, 10, parameters=7)
    assert scores(one, log(parameters={7: UNITS})) == pytest.approx(np.zeros(5), abs=1e-3)


@pytest.mark.parametrize(("outside", "weight"), [(0, 1.0), (9, 2 / 3), (99, 1 / 3), (999, 0.0)])
def test_a_tuple_weighs_by_how_few_others_use_it(outside: int, weight: float) -> None:
    """log(U / (1 + d)) / log U, of one attribute in six; the group's own five users are not counted against it."""
    one = alike(5, 10, parameters=7)
    known = log(parameters={7: outside + 5}) if outside else log()
    assert scores(one, known) == pytest.approx(np.full(5, weight / len(ATTRIBUTES)), abs=1e-3)


def test_a_tuple_of_ones_own_agrees_with_nobody() -> None:
    """Settings of each account's own are no agreement, however odd."""
    assert scores(alike(5, 10, parameters=np.repeat(np.arange(1, 6), 10)), log()) == pytest.approx(0.0, abs=1e-3)


def test_who_is_set_otherwise_agrees_less() -> None:
    """Nine of ten units share a rare tuple."""
    one = alike(10, 10, parameters=np.where(np.repeat(np.arange(10), 10) == 4, 8, 7))
    found = scores(one, log())
    assert int(np.argmin(found)) == 4
    assert found[4] < 0.01 < found.max()


def test_settings_agree_as_two_exchanges_of_two_units_do() -> None:
    """Half of each unit's exchanges with a rare tuple: two agree in it with chance 1/4, in the other common one too."""
    one = alike(6, 20, parameters=np.tile([7, 8], 60))
    found = scores(one, log(parameters={8: UNITS}))
    assert found == pytest.approx(np.full(6, 1 / 4 / len(ATTRIBUTES)), abs=1e-3)


def test_the_energy_distance_of_two_equal_distributions_is_zero_on_average() -> None:
    """Unbiased: the mean over 400 groups of ten accounts with ten exchanges, within four standard errors."""
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(10), 10)
    groups = [spread(unit, rng.lognormal(6, 1, 100).astype(np.int64), 10).distances() for _ in range(400)]
    means = np.nanmean(groups, axis=(1, 2))
    assert abs(float(means.mean())) < 4 * float(means.std(ddof=1)) / math.sqrt(400)


def test_the_energy_distance_of_two_points_is_twice_how_far_they_lie_apart() -> None:
    """2 E|X - Y| with nothing taken off: 2 * 3 octaves between 7 and 63 characters."""
    known = spread(np.repeat([0, 1], 10), np.repeat([7, 63], 10), 2)
    assert known.distances()[0, 1] == pytest.approx(6.0)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_mean_distance_to_the_others_is_the_mean_of_the_table_of_all_pairs(seed: int) -> None:
    """A shortcut, the same number; units of which too little is known are left out."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(5), [9, 3, 12, 30, 8])
    known = spread(unit, rng.integers(-1, 5000, len(unit)), 5)
    table = known.distances()
    table[np.isnan(table).all(axis=1)] = 0.0
    expected = np.where(known.known, np.nanmean(table, axis=1), np.nan)
    assert known.known.sum() < 2 or same(known.to_others(), expected)


def test_one_job_is_of_one_size_and_strangers_are_not() -> None:
    """Lengths from one distribution score 1 each; from distributions as far apart as the log's accounts, 0."""
    rng = np.random.default_rng(3)
    one_job = alike(10, 60, prompt_chars=rng.lognormal(6, 0.5, 600).astype(int), output_tokens=np.full(600, 300))
    unit = np.repeat(np.arange(10), 60)
    strangers = rng.lognormal(2 + unit, 0.5).astype(int)
    distances = typical_distances(unit, [strangers, strangers], np.array(["any"] * 10))
    assert distances == {}  # ten accounts are too few to say what is usual
    apart = float(np.nanmean(spread(unit, strangers, 10).to_others()))
    assert scores(one_job, log(apart)) == pytest.approx(np.full(10, 2.0), abs=0.05)
    assert float(scores(alike(10, 60, prompt_chars=strangers), log(apart)).mean()) == pytest.approx(0.0, abs=0.01)


def test_distances_are_typical_of_a_stratum() -> None:
    """Thirty accounts of one size, thirty of many; everybody's lies between."""
    rng = np.random.default_rng(4)
    account = np.repeat(np.arange(60), 20)
    size = np.where(account < 30, 500, rng.lognormal(2 + account / 10).astype(int))
    found = typical_distances(account, [size, size], np.array(["one"] * 30 + ["many"] * 30))
    assert float(found["one"][0]) == pytest.approx(0.0)
    assert 0 < float(found["one"][0]) + 1e-9 < float(found[""][0])
    assert set(found) == {"", "one", "many"}


def test_scores_do_not_depend_on_volume() -> None:
    """Units of 20 and of 500 exchanges set and sized alike: equal means within four standard errors, of ten groups."""
    sizes = np.array([20] * 20 + [500] * 10)
    unit = np.repeat(np.arange(30), sizes)
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        settings_ = {"parameters": rng.integers(1, 4, len(unit)), "max_tokens": rng.integers(1, 50, len(unit))}
        lengths = {"prompt_chars": rng.lognormal(6, 1, len(unit)).astype(int)}
        found.append(scores(group(unit, **settings_, **lengths), log(1.0, parameters={2: 50})))
    light, heavy = np.array(found)[:, :20].mean(axis=1), np.array(found)[:, 20:].mean(axis=1)
    assert abs(float((light - heavy).mean())) < 4 * float((light - heavy).std(ddof=1)) / math.sqrt(10)


def drawn(seed: int, each: int, own: float) -> Group:
    """Eight units; each has its own tuple for a share `own` of its exchanges, and lengths `own` octaves apart."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(8), each)
    is_own = rng.random(len(unit)) < own
    lengths = np.exp2(8 + own * unit + rng.normal(0, 1, len(unit))).astype(int)
    return group(unit, parameters=np.where(is_own, 100 + unit, 1 + rng.integers(0, 3, len(unit))), prompt_chars=lengths)


def honest_score(seed: int, each: int) -> float:
    """A unit of an honest group, which agrees on a third of what it does, or on two."""
    own = float(np.random.default_rng(seed).uniform(1 / 3, 2 / 3))
    return float(scores(drawn(seed, each, own), log(1.0))[0])


def test_light_units_of_honest_groups_are_not_surprising_among_heavy_ones() -> None:
    """A hundred groups of 20 exchanges a unit beside 200 of 100: no more in the top tenth than chance allows."""
    heavy = np.array([honest_score(seed, 100) for seed in range(200)])
    light = np.array([honest_score(seed, 20) for seed in range(1000, 1100)])
    assert not are_surprising(light, heavy)
    assert are_surprising(np.array([scores(drawn(seed, 20, 0.0), log(1.0))[0] for seed in range(100)]), heavy)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_order_and_names_mean_nothing(seed: int) -> None:
    """Rows in any order; units called otherwise carry their scores with them."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(4), [20, 9, 30, 12])
    rows = {name: rng.integers(1, 5, len(unit)) for name in ("parameters", "max_tokens", "temperature", "prompt_chars")}
    one, names, known = group(unit, **rows), rng.permutation(4), log(0.5, parameters={2: 50})
    assert same(scores(one, known), scores(in_order(one, rng.permutation(len(unit))), known))
    assert same(scores(one, known), scores(renamed(one, names), known)[names])


def test_too_few_exchanges_or_nobody_else_say_nothing() -> None:
    """NaN, not 0. A log without lengths still has settings."""
    unit = np.repeat(np.arange(3), [EXCHANGES_AT_LEAST - 1, 20, 20])
    assert np.isnan(scores(group(unit), log(1.0))).tolist() == [True, False, False]
    assert np.isnan(scores(alike(1, 20), log(1.0))).all()
    assert np.isnan(scores(group(np.empty(0, np.int64), units=2), log(1.0))).all()
    assert np.isfinite(scores(alike(3, 20), log())).all()


def test_usage_counts_units_and_not_accounts_or_exchanges() -> None:
    """Two accounts of one organisation are one unit; a tuple used once is no habit; what one unit uses is left out."""
    rows = [
        {"account": 11, "organization": 1, "parameters": 5, "max_tokens": 100},
        {"account": 12, "organization": 1, "parameters": 5, "max_tokens": 100},
        {"account": 13, "organization": 0, "parameters": 5, "max_tokens": 200},
        {"account": 14, "organization": 0, "parameters": 6, "max_tokens": 200},
    ]
    once = {"account": 15, "organization": 0, "parameters": 5, "max_tokens": 200}
    rest = {"flags": int(Flag.HAS_BODY), "temperature": -1, "choices": 0, "tools": 0}
    table = pa.Table.from_pylist([row | rest for row in [*rows, *rows, once]])
    found = usage(ibis.memtable(table), 4)
    assert found.units_with(TUPLE, np.array([4, 5, 6])).tolist() == [0, 2, 0]
    assert found.units_with(MAX_TOKENS, np.array([100, 200, 300])).tolist() == [0, 2, 0]


def test_the_statement_says_how_many_set_the_same_and_who_else_does() -> None:
    """In words that need no key; silent where there is nobody to agree with."""
    one = alike(5, 10, parameters=7, prompt_chars=100, output_tokens=50)
    spoken = SHAPE.statement(one, log(1.0, parameters={7: 8}))
    assert spoken is not None
    assert spoken.log_e == 0.0
    assert "100 % of the exchanges set exactly the same parameters" in spoken.statement
    assert "outside the group 3 of 1,000 accounts or organisations do" in spoken.statement
    assert set(spoken.detail) == {"units", "settings", "same_parameters", "others_with_them", "sizes"}
    assert (spoken.detail["same_parameters"], spoken.detail["others_with_them"]) == (1.0, 3)
    assert SHAPE.statement(alike(1, 20), log()) is None
    unknown = SHAPE.statement(alike(5, 10, parameters=7), log(1.0))
    assert unknown is not None
    assert "lengths" not in unknown.statement


@pytest.mark.long
def test_campaigns_with_settings_of_their_own_agree_more_than_honest_groups(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A small world's E2 and E3, by the lower bound. From E4 on accounts are set as anybody's: nothing is claimed."""
    found = scores_by_kind(small_world(tmp_path_factory.getbasetemp()), SHAPE, ("E2", "E3", *HONEST))
    honest = np.concatenate([found[kind] for kind in HONEST])
    assert min(auc(found[level], honest)[1] for level in ("E2", "E3")) > 0.9
