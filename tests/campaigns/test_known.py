"""How many honest organisations do what a candidate does: use its words, or ask about what it asks about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.campaigns.known import NOTHING_KNOWN, Benign, Commonness, commonness
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.calibration import NONE
from stillwatch.tracing.commonness import CommonSkeletons, Population
from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.subjects import NO_SUBJECTS, SubjectCount, Subjects
from stillwatch.tracing.survey import Survey
from stillwatch.tracing.template import Candidate
from stillwatch.tracing.variants import Sample

from .logs import accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_KEYS = np.empty(0, np.uint64)
NOBODY = CommonSkeletons(NO_KEYS, np.empty(0, np.int64))
STRANGERS, POOLED, EACH = 80, 20, 60
SPREAD = 20.0
POOL = np.random.default_rng(41).normal(0.0, SPREAD / 6, PROJECTION_DIMENSIONS)
"""Where the pool lies: as far from the middle as people do."""


def subjects(pooled: int, seed: int) -> Subjects:
    """`STRANGERS` people and then so many accounts that draw from the pool."""
    rng = np.random.default_rng(seed)
    usual = rng.normal(0.0, SPREAD / 6, (STRANGERS + pooled, PROJECTION_DIMENSIONS))
    usual[STRANGERS:] = POOL
    account = np.repeat(np.arange(len(usual)), EACH)
    count = SubjectCount(np.arange(len(usual)))
    count.add(account, np.clip(np.rint(rng.normal(usual[account], SPREAD)), -127, 127).astype(np.int8))
    return count.all()


def survey(of: Subjects) -> Survey:
    """A log in which nothing but what accounts ask about is known."""
    nothing = np.empty(0, np.int64)
    found = accounts(STRANGERS + POOLED)
    population = Population(NO_KEYS, np.empty(0), 0)
    return Survey(found, Repeated(nothing, NO_KEYS, nothing), nothing, population, Sample(0).all(), of)


def benign(of: Subjects, unit_of: Ints, common: CommonSkeletons = NOBODY) -> Benign:
    return Benign(common, of, unit_of, NONE)


@pytest.fixture(scope="module")
def seen() -> Survey:
    return survey(subjects(POOLED, 1))


POOL_CANDIDATE = Candidate(np.arange(STRANGERS, STRANGERS + POOLED), NO_KEYS, 0)


def test_a_wrapper_is_as_common_as_its_typical_word(seen: Survey) -> None:
    """Half of its words or more are used by so many; one word that all say makes it no tool."""
    keys = np.array([3, 5, 8], np.uint64)
    known = benign(NO_SUBJECTS, np.arange(10) // 2, CommonSkeletons(np.array([3, 5], np.uint64), np.array([40, 4])))
    assert commonness(Candidate(np.arange(3), keys, 1), seen, known) == Commonness(4, 5)
    assert commonness(Candidate(np.arange(3), keys[1:], 1), seen, known) == Commonness(2, 5)
    assert commonness(Candidate(np.arange(3), np.array([1, 5, 9], np.uint64), 1), seen, known) == Commonness(0, 5)


def test_a_wrapper_says_how_common_it_is_whatever_its_users_ask_about(seen: Survey) -> None:
    """What it asks about counts only where there are no words."""
    known = benign(subjects(POOLED, 2), np.arange(STRANGERS + POOLED))
    worded = replace(POOL_CANDIDATE, keys=np.array([5], np.uint64))
    assert commonness(worded, seen, known) == Commonness(0, STRANGERS + POOLED)


def test_a_pool_that_nobody_honest_draws_from_is_nobodys(seen: Survey) -> None:
    assert commonness(POOL_CANDIDATE, seen, benign(subjects(0, 2), np.arange(STRANGERS))) == Commonness(0, STRANGERS)


def test_honest_customers_of_the_same_subjects_are_counted_by_organisation(seen: Survey) -> None:
    """Six organisations of two accounts each; by chance one may be too far to be sure of."""
    unit_of = np.concatenate([np.arange(STRANGERS), STRANGERS + np.arange(12) // 2])
    found = commonness(POOL_CANDIDATE, seen, benign(subjects(12, 3), unit_of))
    assert found.reference == STRANGERS + 6
    assert 5 <= found.units <= 6


def test_only_organisations_that_said_enough_are_a_reference_for_a_pool(seen: Survey) -> None:
    """Of whom nothing is known, nothing is denied: a log of short visits is no reference."""
    known = benign(NO_SUBJECTS, np.arange(500))
    assert commonness(POOL_CANDIDATE, seen, known) == Commonness(0, 0)
    assert commonness(replace(POOL_CANDIDATE, keys=np.array([5], np.uint64)), seen, known) == Commonness(0, 500)


def test_without_a_benign_log_nothing_is_known(seen: Survey) -> None:
    for keys in (NO_KEYS, np.array([5], np.uint64)):
        assert commonness(replace(POOL_CANDIDATE, keys=keys), seen, NOTHING_KNOWN) == Commonness(0, 0)
