"""Evidence family "coverage": a harvest keeps finding topics, people and tools come back to theirs.

Projections are drawn, not sketched: topics are centres in 64 directions, a payload is its topic and noise.
"""

from __future__ import annotations

import math
from dataclasses import replace

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.sketch.record import Flag
from stillwatch.tracing.coverage import CONVERSATIONS_AT_LEAST, DRAWN, Coverage, Curves, curves, missed, uniform
from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.strata import TRAITS
from stillwatch.tracing.topic_cells import BITS, TABLES, finest_cells

from .groups import are_surprising, group, in_order, renamed, same
from .small_world import HONEST, auc, scores_by_kind, small_world
from .worlds import known

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COVERAGE: Family[Curves] = Coverage()
NOTHING_KNOWN = Curves(np.zeros((64, 64)))
TOPICS = 40


def drawn(unit: Ints, topic: Ints, rng: np.random.Generator) -> Group:
    """A group in which each exchange is about a topic."""
    centres = np.random.default_rng(121).normal(0, 12.0, (TOPICS, 64))
    rows = np.rint(centres[topic] + rng.normal(0, 9.0, (len(unit), 64)))
    return group(unit, projection=np.clip(rows, -127, 127).astype(np.int8))


def dealt_out(sizes: list[int], rng: np.random.Generator) -> Group:
    """One list on all topics, dealt like cards."""
    unit = np.repeat(np.arange(len(sizes)), sizes)
    return drawn(unit, rng.integers(0, TOPICS, len(unit)), rng)


def own_subjects(sizes: list[int], rng: np.random.Generator) -> Group:
    """Every unit comes back to two topics of its own."""
    unit = np.repeat(np.arange(len(sizes)), sizes)
    return drawn(unit, (2 * unit + rng.integers(0, 2, len(unit))) % TOPICS, rng)


def scores(one: Group, known: Curves = NOTHING_KNOWN) -> Floats:
    return COVERAGE.scores(one, known, np.random.default_rng(0))


def test_the_family_looks_at_content() -> None:
    """Its e-values are averaged with those of its kin."""
    assert (COVERAGE.name, COVERAGE.kin) == ("coverage", Kin.CONTENT)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_the_chance_to_miss_a_cell_is_hypergeometric(of: int, held: int, count: int) -> None:
    """C(of - held, m) / C(of, m), exactly."""
    held, count = min(held, of), min(count, of)
    exact = math.comb(of - held, count) / math.comb(of, count)
    assert missed(np.array([of]), np.array([held]), count)[0] == pytest.approx(exact, rel=1e-9)


def test_uniform_cells_are_filled_as_by_balls_in_boxes() -> None:
    """Eight balls in eight boxes fill 5.25 of them on average: 8 (1 - (7/8)^8)."""
    assert uniform()[BITS.index(3)] == pytest.approx(8 * (1 - (7 / 8) ** 8))


def test_payloads_at_an_angle_share_a_cell_as_charikar_says() -> None:
    """(1 - a / pi) ** bits at a = 60 degrees over 4,000 pairs and 16 sets; five standard deviations of one set's mean.

    Sets are correlated given a pair, so the deviation is taken as if there were one set.
    """
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 4000, 64))
    other -= one * (other * one).sum(1, keepdims=True) / (one**2).sum(1, keepdims=True)
    length = np.linalg.norm(one, axis=1, keepdims=True) / np.linalg.norm(other, axis=1, keepdims=True)
    turned = one * 0.5 + other * length * math.sqrt(0.75)
    mask = 2 ** BITS[0] - 1
    rate = float(((finest_cells(one) & mask) == (finest_cells(turned) & mask)).mean())
    expected = (1 - 1 / 3) ** BITS[0]
    assert rate == pytest.approx(expected, abs=5 * math.sqrt(expected * (1 - expected) / 4000))
    assert finest_cells(one).shape == (4000, TABLES)


def test_a_dealt_out_list_covers_and_own_subjects_do_not() -> None:
    """Cells filled beside uniform ones: nearly all for shares of one list; a tenth fewer and more for two subjects."""
    rng = np.random.default_rng(2)
    assert (scores(dealt_out([60] * 12, rng)) > -0.02).all()
    assert (scores(own_subjects([60] * 12, rng)) < -0.1).all()


def test_who_has_subjects_of_his_own_in_a_ring_covers_least() -> None:
    """A customer swept into a ring is told from it."""
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(12), 60)
    topic = np.where(unit == 7, 5 + rng.integers(0, 2, len(unit)), rng.integers(0, TOPICS, len(unit)))
    found = scores(drawn(unit, topic, rng))
    assert found[7] < np.delete(found, 7).min() - 0.05


@pytest.mark.parametrize("make", [dealt_out, own_subjects])
def test_scores_do_not_depend_on_volume(make: object) -> None:
    """Twenty units of 20 conversations and twenty of 500: equal means, within four standard errors (6 in 100,000).

    Repeated over eight groups, since units of one group share their others' centre.
    """
    assert callable(make)
    sizes = [20] * 20 + [500] * 20
    found = np.array([scores(make(sizes, np.random.default_rng(seed))) for seed in range(8)])
    light, heavy = found[:, :20].mean(axis=1), found[:, 20:].mean(axis=1)
    error = (light - heavy).std(ddof=1) / math.sqrt(8)
    assert abs(float((light - heavy).mean())) < 4 * error + 0.002  # 0.002: what rounding to whole signs leaves


def honest_score(seed: int, each: int) -> float:
    """A unit of an honest group, whose units have one to six subjects of their own, as many for all of a group."""
    rng = np.random.default_rng(seed)
    unit, subjects = np.repeat(np.arange(8), each), int(rng.integers(1, 7))
    return float(scores(drawn(unit, (5 * unit + rng.integers(0, subjects, len(unit))) % TOPICS, rng))[0])


def test_light_units_of_honest_groups_are_not_surprising_among_heavy_ones() -> None:
    """A hundred groups of 15 conversations a unit beside 200 of 100: no more in the top tenth than chance allows."""
    heavy = np.array([honest_score(seed, 100) for seed in range(200)])
    light = np.array([honest_score(seed, 15) for seed in range(1000, 1100)])
    assert not are_surprising(light, heavy)
    campaign = scores(dealt_out([15] * 100, np.random.default_rng(14)))
    assert are_surprising(campaign, heavy)


def test_what_all_say_is_no_topic() -> None:
    """A wrapper adds the same to every projection, and the scores stay."""
    rng = np.random.default_rng(5)
    plain = dealt_out([30] * 6, rng)
    rows = np.clip(plain.columns["projection"].astype(np.int64), -60, 60)
    offset = rng.integers(-60, 61, 64)
    wrapped = [{**plain.columns, "projection": (rows + add).astype(np.int8)} for add in (0, offset)]
    assert same(*(scores(replace(plain, columns=columns)) for columns in wrapped))


def test_a_job_of_three_steps_covers_what_a_job_of_one_does() -> None:
    """Three wrappers, used by all units: directions in which they differ are scaled down, not taken for topics."""
    rng = np.random.default_rng(6)
    plain = dealt_out([60] * 12, rng)
    rows = np.clip(plain.columns["projection"].astype(np.int64), -70, 70)
    steps = rng.normal(0, 18, (3, 64)).round().astype(np.int64)
    staged = (rows + np.clip(steps, -57, 57)[rng.integers(0, 3, len(rows))]).astype(np.int8)
    assert (scores(replace(plain, columns={**plain.columns, "projection": staged})) > -0.05).all()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_order_and_names_mean_nothing(seed: int) -> None:
    """Rows in any order; units called otherwise carry their scores with them."""
    rng = np.random.default_rng(seed)
    one = dealt_out([20, 14, 30, 12], rng)
    names = rng.permutation(4)
    assert same(scores(one), scores(in_order(one, rng.permutation(len(one.unit)))))
    assert same(scores(one), scores(renamed(one, names))[names])


def test_a_conversation_counts_once_by_its_opening() -> None:
    """Later turns, on whatever, add nothing."""
    rng = np.random.default_rng(8)
    one = dealt_out([20] * 4, rng)
    rows = len(one.unit)
    twice = in_order(one, np.tile(np.arange(rows), 2))
    noise = rng.integers(-90, 90, (rows, 64)).astype(np.int8)
    columns = {
        **twice.columns,
        "messages": np.repeat([1, 3], rows),
        "projection": np.concatenate([one.columns["projection"], noise]),
    }
    assert same(scores(one), scores(replace(twice, columns=columns)))


def test_of_a_group_with_a_wrapper_only_what_carries_it_counts() -> None:
    """Cover traffic is not the work."""
    rng = np.random.default_rng(9)
    one = dealt_out([40] * 4, rng)
    carries = np.tile([True, False], 80)
    part = in_order(one, np.flatnonzero(carries))
    assert same(scores(replace(one, carries=carries)), scores(part))


def test_too_few_conversations_nobody_else_or_no_text_say_nothing() -> None:
    """NaN, not 0: nothing can be said. A unit without exchanges is one of them."""
    rng = np.random.default_rng(10)
    few = scores(dealt_out([CONVERSATIONS_AT_LEAST - 1, 40, 40], rng))
    assert np.isnan(few).tolist() == [True, False, False]
    assert np.isnan(scores(dealt_out([50], rng))).all()
    silent = dealt_out([40] * 3, rng)
    empty = {**silent.columns, "projection": np.zeros((120, 64), np.int8)}
    assert np.isnan(scores(replace(silent, columns=empty))).all()
    embedded = {**silent.columns, "flags": np.full(120, Flag.HAS_BODY | 2)}
    assert np.isnan(scores(replace(silent, columns=embedded))).all()
    assert np.isnan(scores(group(np.empty(0, np.int64), units=3))).all()


def test_the_curve_of_a_stratum_is_a_mean_over_its_accounts() -> None:
    """Twenty accounts that send four texts again and again, twenty that never do: two curves, everybody's between."""
    rng = np.random.default_rng(11)
    unit = np.repeat(np.arange(40), 30)
    rows = drawn(unit, rng.integers(0, TOPICS, len(unit)), rng).columns["projection"].astype(np.float64)
    again = np.where(unit < 20, np.arange(len(unit)), 30 * unit + rng.integers(0, 4, len(unit)))
    found = curves(unit, rows[again], np.array(["new"] * 20 + ["again"] * 20))
    assert (found.of("again") < found.everybody).all()
    assert (found.everybody < found.of("new")).all()
    assert (found.of("unseen") == found.everybody).all()
    assert found.accounts == 40


def test_the_background_reads_each_conversations_opening() -> None:
    """Whatever the order of rows, and whatever is said later: curves of the openings alone."""
    rng = np.random.default_rng(13)
    one = dealt_out([20] * 25, rng)
    rows = len(one.unit)
    pseudonym = np.sort(rng.integers(1, 2**62, 25))
    opening, later = one.columns["projection"], rng.integers(-90, 90, (rows, 64)).astype(np.int8)
    columns = {
        "account": np.tile(pseudonym[one.unit], 2),
        "conversation": np.tile(np.arange(1, rows + 1), 2),
        "exchange_id": rng.integers(1, 2**62, 2 * rows),
        "messages": np.repeat([1, 3], rows).astype(np.int16),
        "flags": np.full(2 * rows, Flag.HAS_BODY, np.int32),
        "projection": pa.array([row.tobytes() for row in np.concatenate([opening, later])], pa.binary()),
    }
    found = known(pseudonym, exchanges=np.full(25, 40), traits=dict.fromkeys(TRAITS, np.zeros(25, np.int64)))
    expected = curves(one.unit, opening.astype(np.float64), np.array(["chat"] * 25))
    table = pa.table(columns)
    for order in (np.arange(2 * rows), rng.permutation(2 * rows)):
        read = COVERAGE.background(ibis.memtable(table.take(order)), found)
        assert np.allclose(read.of("chat"), expected.of("chat"))
        assert read.accounts == 25


def test_the_statement_gives_cells_beside_what_is_usual() -> None:
    """In one sentence that says how many conversations and cells."""
    said = COVERAGE.statement(dealt_out([60] * 5, np.random.default_rng(12)), NOTHING_KNOWN)
    assert said is not None
    assert said.log_e == 0.0
    assert said.detail["units"] == 5
    assert f"{DRAWN} conversations of a typical account reach 7.1 of 32 topic cells" in said.statement
    assert COVERAGE.statement(dealt_out([5, 5], np.random.default_rng(12)), NOTHING_KNOWN) is None


@pytest.mark.long
def test_campaigns_of_a_small_world_cover_more_than_its_honest_groups(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of ten pairs of units, nine are told right and more, by the lower bound; evaluations are as wide, honestly."""
    found = scores_by_kind(small_world(tmp_path_factory.getbasetemp()), COVERAGE, ("E2", "E3", "E4", *HONEST))
    narrow = np.concatenate([found[kind] for kind in HONEST if kind != "evaluation"])
    assert min(auc(found[level], narrow)[1] for level in ("E2", "E3", "E4")) > 0.9
    assert float(np.median(found["evaluation"])) > -0.05
