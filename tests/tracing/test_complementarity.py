"""Interchangeable shares of one pool, people with subjects of their own, one question set, or too little to say.

Projections are drawn, not sketched: 40 topics in 64 directions, and a row is its topic plus noise.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.tracing.complementarity import Complementarity, Payloads, distance, measure, variants

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TOPICS = 40
SEEDS = range(5)


def rows_of(topic: Ints, rng: np.random.Generator) -> Floats:
    centres = np.random.default_rng(121).normal(0, 2.0, (TOPICS, 64))
    return np.asarray(centres[topic] + rng.normal(0, 1.0, (len(topic), 64)), np.float64)


def payloads(unit: Ints, topic: Ints, payload: Ints, rng: np.random.Generator) -> Payloads:
    return Payloads(unit, rows_of(topic, rng), payload, np.zeros(len(unit), np.int64))


def dealt_out(units: int, each: int, rng: np.random.Generator) -> Payloads:
    """One long list of different questions, dealt like cards."""
    unit = rng.permutation(np.repeat(np.arange(units), each))
    return payloads(unit, rng.integers(0, TOPICS, len(unit)), np.arange(len(unit)), rng)


def own_subjects(units: int, each: int, rng: np.random.Generator) -> Payloads:
    """Every unit asks about two topics of its own."""
    unit = np.repeat(np.arange(units), each)
    return payloads(unit, (2 * unit + rng.integers(0, 2, len(unit))) % TOPICS, np.arange(len(unit)), rng)


def one_set(units: int, questions: int, rng: np.random.Generator) -> Payloads:
    """Every unit goes once through the same questions."""
    unit, question = np.repeat(np.arange(units), questions), np.tile(np.arange(questions), units)
    return payloads(unit, question % TOPICS, question, rng)


def measured(rows: Payloads, seed: int) -> Complementarity:
    return measure(rows, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pool_dealt_out_is_interchangeable(seed: int) -> None:
    """Twelve accounts of 40: nothing tells them apart, no turn comes twice, and a difference would have been seen."""
    found = measured(dealt_out(12, 40, np.random.default_rng(seed)), seed)
    assert found.is_interchangeable
    assert not found.is_different
    assert not found.is_one_set
    assert not found.each_asked_once
    assert not found.repeats_itself
    assert found.shared_turns == 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_people_with_subjects_of_their_own_are_different(seed: int) -> None:
    """Twelve strangers with one tool: plainly so."""
    found = measured(own_subjects(12, 40, np.random.default_rng(seed)), seed)
    assert found.is_plainly_different
    assert not found.is_interchangeable
    assert not found.is_one_set


@pytest.mark.parametrize("seed", SEEDS)
def test_users_of_one_question_set_are_one_set_and_each_asked_once(seed: int) -> None:
    """Nine independent evaluations: the same turns from many, and none twice from one."""
    found = measured(one_set(9, 80, np.random.default_rng(seed)), seed)
    assert found.is_one_set
    assert found.each_asked_once
    assert not found.is_different
    assert found.shared_turns == 1.0


@pytest.mark.parametrize("units", [2, 3, 4])
def test_a_tiny_group_is_neither(units: int) -> None:
    """Five exchanges each cannot show a difference nor bound it: no claim either way."""
    found = measured(dealt_out(units, 5, np.random.default_rng(units)), units)
    assert not found.is_different
    assert not found.is_interchangeable


def test_repeats_dealt_out_by_chance_are_not_each_asked_once() -> None:
    """A list with every question four times, shuffled over ten accounts: repeats fall inside accounts as they may."""
    rng = np.random.default_rng(5)
    question = rng.permutation(np.repeat(np.arange(100), 4))
    rows = payloads(np.repeat(np.arange(10), 40), question % TOPICS, question, rng)
    found = measured(rows, 5)
    assert not found.each_asked_once
    assert not found.repeats_itself


def test_who_comes_back_to_his_own_turns_has_material_of_his_own() -> None:
    """Ten accounts that each send ten texts four times."""
    rng = np.random.default_rng(6)
    unit = np.repeat(np.arange(10), 40)
    text = unit * 10 + np.tile(np.arange(10), 40)
    assert measured(payloads(unit, text % TOPICS, text, rng), 6).repeats_itself


@pytest.mark.parametrize("rows", [0, 1, 30])
def test_one_unit_alone_measures_nothing(rows: int) -> None:
    """There is nobody to differ from."""
    rng = np.random.default_rng(7)
    found = measured(payloads(np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.arange(rows), rng), 7)
    assert (found.excess, found.deviation, found.shared_turns) == (0.0, 0.0, 0.0)
    assert not found.is_different
    assert not found.is_interchangeable


@pytest.mark.parametrize("units", [200, 40])
def test_one_heavy_unit_does_not_carry_the_measurement(units: int) -> None:
    """At most 64 units of 64 rows are measured; a unit of 5,000 rows among them counts like the others."""
    rng = np.random.default_rng(8)
    unit = np.concatenate([np.repeat(np.arange(units), 30), np.full(5000, units)])
    rows = payloads(unit, rng.integers(0, TOPICS, len(unit)), np.arange(len(unit)), rng)
    found = measured(rows, 8)
    assert found.units == min(units + 1, 64)
    assert found.rows <= 63 * 30 + 64
    assert not found.is_different


def test_what_every_units_wrapper_says_is_no_subject() -> None:
    """Six wrappers, each account mostly with one of them: different before their means are taken out, and not after."""
    rng = np.random.default_rng(9)
    rows = dealt_out(12, 40, rng)
    variant = np.where(rng.random(len(rows.unit)) < 0.7, rows.unit % 6, rng.integers(0, 6, len(rows.unit)))
    projection = rows.projection + rng.normal(0, 10.0, (6, 64))[variant]
    assert measured(Payloads(rows.unit, projection, rows.payload, 0 * variant), 9).is_different
    assert not measured(Payloads(rows.unit, projection, rows.payload, variant), 9).is_different


def test_a_wrapper_of_few_units_stays_in() -> None:
    """Each account with a wrapper of its own: that may be its own words, so it counts as a difference."""
    rng = np.random.default_rng(10)
    rows = dealt_out(12, 40, rng)
    projection = rows.projection + rng.normal(0, 10.0, (12, 64))[rows.unit]
    assert measured(Payloads(rows.unit, projection, rows.payload, rows.unit), 10).is_different


def test_distance_is_about_zero_inside_a_pool_and_near_its_bound_for_a_stranger() -> None:
    """The score of one unit against the others: two groups differ along one of d whitened directions, so at most 1 / d.

    Here d = 240 // 6 = 40 and 280 // 6 = 46. In a pool the share averages d squares of variance 2 / n**2: its
    deviation is sqrt(2 / 40) / 240 = 0.001, five of these. A stranger's 40 rows on topics that nobody else has take
    over half of 1 / 46.
    """
    rng = np.random.default_rng(11)
    pool = rows_of(rng.integers(0, TOPICS - 2, 240), rng)
    assert abs(distance(pool[:40], pool[40:])) < 0.005
    assert 0.5 / 46 < distance(rows_of(np.repeat([38, 39], 20), rng), pool) < 1 / 46


@pytest.mark.parametrize(
    ("matches", "groups"),
    [
        (["1111", "1110", "1111"], [0, 0, 0]),  # 3 of 4 in common
        (["1111", "1000", "1111"], [0, 1, 0]),  # 1 of 4
        (["1100", "0011", "1100"], [0, 1, 0]),  # two wrappers
        (["1100", "1100", "1110", "0110"], [0, 0, 0, 1]),  # the leader decides, not a chain
        (["0000", "1000", "0000"], [0, 1, 0]),  # no value at all is a variant too
    ],
)
def test_exchanges_with_half_of_their_values_in_common_are_one_variant(matches: list[str], groups: list[int]) -> None:
    """Numbers name groups and mean nothing else."""
    found = variants(
        np.array([[place + 1 if digit == "1" else 0 for place, digit in enumerate(row)] for row in matches])
    )
    assert np.unique(found, return_inverse=True)[1].tolist() in (groups, [1 - group for group in groups])
