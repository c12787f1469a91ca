"""Template candidates: every planted ring, whole, and nothing that was not planted.

Random slot values are 32 bits: in a world of 120 x 20 conversations the expected number of values that two accounts
repeat by chance is below 120**2 * 20**4 * 32 / 2**96, so "nothing else" is exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.tracing.commonness import Population
from stillwatch.tracing.skeleton import Repeated, joined
from stillwatch.tracing.template import skeletons

from .worlds import NO_KEYS, Habit, world

SMALL, LARGE = [3, 50, 99], list(range(10, 40))


@pytest.mark.parametrize("seed", range(3))
def test_the_rings_are_found_and_nothing_else(seed: int) -> None:
    """A large and a small ring, at the head and at the tail, the largest first; each with its own values."""
    made = world(Habit(LARGE, zone=1), Habit(SMALL, zone=2), seed=seed)
    found = made.candidates()
    assert [candidate.accounts.tolist() for candidate in found] == [LARGE, SMALL]
    assert [candidate.keys.tolist() for candidate in found] == [values.tolist() for values in made.values]
    assert [candidate.templates for candidate in found] == [1, 1]


def test_a_random_world_has_no_candidate() -> None:
    """Nor has one where each account has a template of its own."""
    assert world().candidates() == []
    assert world(*[Habit([account], zone=account % 4) for account in range(120)]).candidates() == []


def test_templates_of_the_same_accounts_are_one_candidate() -> None:
    """A job of two steps has two wrappers; some of its accounts do only the first."""
    found = world(Habit(LARGE, zone=1, rate=0.5), Habit(LARGE[:6], zone=2, rate=0.5)).candidates()
    assert [(candidate.accounts.tolist(), candidate.templates) for candidate in found] == [(LARGE, 2)]
    assert len(found[0].keys) == 16


def test_templates_of_different_accounts_stay_apart() -> None:
    """One account in common does not make two rings one, and it goes to the ring it shares most with."""
    made = world(Habit(LARGE, zone=1, slots=8), Habit([LARGE[0], *SMALL, 60, 61], zone=2, slots=4))
    assert made.rings() == [LARGE, [*sorted(SMALL[:2]), 60, 61, 99]]


@pytest.mark.parametrize("is_first_stronger", [True, False])
def test_an_account_between_two_rings_is_in_one(is_first_stronger: bool) -> None:
    """More values decide, whichever ring comes first."""
    more, fewer = (8, 4) if is_first_stronger else (4, 8)
    made = world(Habit([0, 1, 2, 3], zone=1, slots=more), Habit([3, 4, 5, 6], zone=2, slots=fewer))
    expected = [[0, 1, 2, 3], [4, 5, 6]] if is_first_stronger else [[3, 4, 5, 6], [0, 1, 2]]
    assert made.rings() == expected


def test_one_organisation_is_no_ring() -> None:
    """Thirty accounts of one unit, or one account, share nothing with a stranger."""
    units = np.arange(120)
    units[LARGE] = 10
    assert world(Habit(LARGE, zone=1)).rings(units) == []
    units[LARGE[-1]] = 39
    assert world(Habit(LARGE, zone=1)).rings(units) == [LARGE]


def test_two_values_are_a_phrase_and_three_are_a_template() -> None:
    """The words "how do I" in one zone do not link; nor do two values here and two there."""
    assert world(Habit(LARGE, zone=1, slots=2)).rings() == []
    assert world(Habit(LARGE, zone=1, slots=2), Habit(LARGE, zone=2, slots=2)).rings() == []
    assert world(Habit(LARGE, zone=1, slots=3)).rings() == [LARGE]


def test_values_that_everybody_sends_do_not_link() -> None:
    """A default system prompt links strangers unless its values are known. It swallows no ring that sends it too."""
    made = world(Habit(range(120), zone=0, slots=3), Habit(SMALL, zone=1))
    assert sorted(map(len, made.rings())) == [len(SMALL), 120 - len(SMALL)]
    assert made.rings(ignored=made.values[0]) == [SMALL]


def test_cover_traffic_does_not_hide_a_ring() -> None:
    """A tenth of 100 conversations is far below a good part, and far more often than the population explains."""
    assert world(Habit(SMALL, zone=1, rate=0.12), each=100).rings() == [SMALL]


def test_who_repeats_a_known_template_joins_however_diluted() -> None:
    """What the template is, is read from those who show it; twice in 100 conversations is then enough to use it."""
    made = world(Habit(SMALL, zone=1), each=100)
    template = made.values[0]
    twice = Repeated(np.full(len(template), 120), template, np.full(len(template), 2))
    more = replace(made, repeated=joined([made.repeated, twice]), conversations=np.append(made.conversations, 100))
    assert made.rings() == [SMALL]
    assert more.rings() == [[*SMALL, 120]]


@pytest.mark.parametrize(
    ("support", "conversations", "usual", "belongs"),
    [
        (6, 20, 0.9, True),  # 30 %: a good part, however common
        (5, 20, 0.2, False),  # 25 %, and usual
        (1, 1, 0.001, False),  # once is no repetition
        (2, 100, 0.001, False),  # twice of a hundred may be chance
        (12, 250, 0.001, True),  # 5 % where 0.1 % is usual
        (12, 250, 0.03, False),  # 5 % where 3 % is usual
    ],
)
def test_a_skeleton_dominates_its_account_or_surprises(
    support: int, conversations: int, usual: float, belongs: bool
) -> None:
    """The two ways for a repeated value to count."""
    one = Repeated(np.array([0]), np.array([5], np.uint64), np.array([support]))
    population = Population(np.array([5], np.uint64), np.array([usual]), 10_000)
    assert len(skeletons(one, np.array([conversations]), population, NO_KEYS).key) == belongs
    assert len(skeletons(one, np.array([conversations]), population, np.array([5], np.uint64)).key) == 0


def test_nothing_repeated_is_no_candidate() -> None:
    """Two accounts with one conversation each."""
    assert world(accounts=2, each=1).candidates() == []
