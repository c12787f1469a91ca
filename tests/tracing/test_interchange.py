"""How alike each unit is to the rest of its group: by openings of conversations, and silent where there is little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS, Flag
from stillwatch.tracing.family import Group
from stillwatch.tracing.interchange import interchangeability, payloads

from .groups import group

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EACH = 30


def units(centre: Floats, each: Ints, seed: int = 0) -> Group:
    """A group whose units send `each` (units,) conversations around their `centre` (units, 64), one turn each."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(len(centre)), each)
    rows = np.clip(rng.normal(centre[unit], 9.0), -127, 127).astype(np.int8)
    return group(unit, len(centre), projection=rows, matches=np.zeros((len(unit), ZONE_SLOTS), np.int32))


def of_one_pool(count: int = 8) -> Group:
    return units(np.zeros((count, PROJECTION_DIMENSIONS)), np.full(count, EACH))


def with_later_turns(one: Group, turns: int) -> Group:
    """Each conversation goes on for so many turns, all about something else."""
    again = np.tile(np.arange(len(one.unit)), turns)
    places = np.concatenate([np.arange(len(one.unit)), again])
    columns = {name: column[places] for name, column in one.columns.items()}
    columns["flags"] = columns["flags"].copy()
    columns["flags"][len(one.unit) :] |= Flag.ASSISTANT_TURNS
    columns["projection"] = columns["projection"].copy()
    columns["projection"][len(one.unit) :] = 100
    return Group(one.account[places], one.unit[places], one.units, one.carries[places], columns)


def scores(one: Group) -> Floats:
    return interchangeability(payloads(one), one.units, np.random.default_rng(1))


@pytest.mark.parametrize("turns", [1, 5])
def test_later_turns_of_a_dialogue_add_nothing(turns: int) -> None:
    """Whatever they are about: who talks long with a model asks one thing."""
    plain, long = payloads(of_one_pool()), payloads(with_later_turns(of_one_pool(), turns))
    assert sorted(plain.payload.tolist()) == sorted(long.payload.tolist())
    np.testing.assert_array_equal(
        plain.projection[np.argsort(plain.payload)], long.projection[np.argsort(long.payload)]
    )


def test_a_dialogue_that_began_before_the_log_is_one_conversation() -> None:
    """Known by one of its later turns, however many there are."""
    one = of_one_pool()
    columns = dict(one.columns)
    columns["flags"] = one.column("flags") | Flag.ASSISTANT_TURNS
    columns["conversation"] = np.arange(len(one.unit)) // 3
    assert len(payloads(replace(one, columns=columns)).unit) == len(one.unit) // 3


def test_what_does_not_carry_the_link_is_not_read() -> None:
    one = of_one_pool()
    carries = np.arange(len(one.unit)) % 2 == 0
    assert set(payloads(replace(one, carries=carries)).payload) == set(one.column("payload")[carries])


def test_units_with_too_little_say_nothing_and_the_others_speak() -> None:
    """One exchange has no variance, and none has nothing."""
    each = np.array([EACH, 1, 0, EACH, 2])
    found = scores(units(np.zeros((5, PROJECTION_DIMENSIONS)), each))
    assert np.isnan(found).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("each", [[], [EACH], [EACH, 1], [0, 0]])
def test_who_has_nobody_beside_him_is_compared_with_nobody(each: list[int]) -> None:
    assert np.isnan(scores(units(np.zeros((len(each), PROJECTION_DIMENSIONS)), np.array(each, np.int64)))).all()


def test_who_asks_about_other_things_is_the_least_alike() -> None:
    centre = np.zeros((8, PROJECTION_DIMENSIONS))
    centre[3] = np.random.default_rng(2).normal(0, 9.0, PROJECTION_DIMENSIONS)
    found = scores(units(centre, np.full(8, EACH)))
    assert found.argmin() == 3
    assert found[3] < np.delete(found, 3).min() - 0.01


def test_subjects_of_their_own_are_less_alike_than_one_pool() -> None:
    """Every one of eight strangers is further from the rest than any of eight shares of one pool."""
    own = np.random.default_rng(3).normal(0, 6.0, (8, PROJECTION_DIMENSIONS))
    assert scores(units(own, np.full(8, EACH))).max() < scores(of_one_pool()).min()
