"""The drift alarm over looks: each honest organisation is heard once, and nothing but drift rings it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from stillwatch.campaigns.newcomers import ANSWER_LENGTH, Unsuspected, account_reference, unsuspected
from stillwatch.standing.alarm import RINGS_FALSELY, Alarms, listening, ringing
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conformal import smoothed_p_values

from .crowds import DAYS, Crowd, and_then, crowd
from .reviews import newcomers

KEY = b"an example, not a secret"
WORLDS = 60


def heard(looks: Iterable[Unsuspected], alarms: Alarms | None = None) -> Alarms:
    alarms = alarms or {}
    for day, one in enumerate(looks):
        alarms = listening(alarms, one, day)
    return alarms


def named(p: Iterable[float], first: int = 0) -> dict[str, float]:
    return {f"honest-{first + number:06d}": one for number, one in enumerate(p)}


def looks_at(log: Crowd, benign: Crowd, days: Iterable[int], benign_days: int = DAYS) -> Alarms:
    """The alarms after a look at each of these days."""
    reference = account_reference(*benign.accounts(benign_days), KEY)
    alarms: Alarms = {}
    for day in days:
        found, repetition, strata = log.accounts(day)
        nobody = np.zeros(len(found), np.bool_)
        alarms = listening(alarms, unsuspected(found, repetition, strata, nobody, reference, KEY), day)
    return alarms


@pytest.mark.parametrize(
    ("days", "benign_days"),
    [((DAYS,), DAYS), (range(1, DAYS + 1), DAYS), ((DAYS,), 4)],
    ids=["one hunt", "daily looks", "short benign log"],
)
def test_without_drift_it_rings_as_rarely_as_promised(days: Iterable[int], benign_days: int) -> None:
    """Customers who come at any time, are heavy or light, and answer to it: no more alarms than chance allows."""
    worlds = np.random.default_rng(211).spawn(WORLDS)
    hits = sum(bool(ringing(looks_at(crowd(rng, 200), crowd(rng, 200), days, benign_days))) for rng in worlds)
    assert chance_of_so_many(hits, WORLDS, RINGS_FALSELY) > 1e-3


def test_beside_one_reference_of_bad_luck_it_rings_as_rarely() -> None:
    """Twenty benign accounts and four hundred newcomers in ten looks: never quite alike, and yet no drift."""
    hits = 0
    for rng in np.random.default_rng(212).spawn(100):
        p = smoothed_p_values(rng.normal(size=400), rng.normal(size=20), rng.uniform(size=400))
        looks = (newcomers(named(p[i : i + 40], i), honest=20, seed=i) for i in range(0, 400, 40))
        hits += bool(ringing(heard(looks)))
    assert chance_of_so_many(hits, 100, RINGS_FALSELY) > 1e-3


@pytest.mark.parametrize("days", [(DAYS,), range(1, DAYS + 1)], ids=["one hunt", "daily looks"])
@pytest.mark.parametrize("stretched", [0.5, 2.0])
def test_answers_of_another_length_ring(stretched: float, days: Iterable[int]) -> None:
    """In each of five worlds, shorter or longer; what did not change is silent."""
    for rng in np.random.default_rng(213).spawn(5):
        alarms = looks_at(crowd(rng, 300, stretched), crowd(rng, 300), days)
        assert {name for alarm in alarms.values() for name in alarm.rung} == {ANSWER_LENGTH}


def test_a_change_in_mid_life_rings_later() -> None:
    """Half of the customers were heard before answers became four times as long."""
    rng = np.random.default_rng(214)
    log = and_then(crowd(rng, 600), crowd(rng, 600, 4.0), 2)
    alarms = looks_at(log, crowd(rng, 600), range(1, DAYS + 1))
    days = [one.alarmed_on for alarm in alarms.values() for one in alarm.rung.values()]
    assert days
    assert min(day for day in days if day is not None) >= 7


def test_an_account_is_heard_once() -> None:
    """Sixty looks at the same forty accounts teach it nothing: their habits are no drift."""
    one = newcomers(named(np.random.default_rng(215).uniform(0.2, 0.6, 40)))
    once = heard([one])
    assert heard([one] * 60, once) == once


def test_it_goes_on_where_it_stopped() -> None:
    """Two looks at some and then at all hear everybody once, and ring as one look does."""
    p = np.random.default_rng(216).uniform(size=80) ** 3
    whole, parts = heard([newcomers(named(p))]), heard([newcomers(named(p[:40])), newcomers(named(p))])
    assert [len(one["batch"].units) for one in (whole, parts)] == [80, 80]
    assert whole["batch"].statistics[ANSWER_LENGTH].p == parts["batch"].statistics[ANSWER_LENGTH].p
    assert ringing(whole) == ringing(parts) == {"batch"}


def test_it_rings_on_until_there_is_another_benign_log() -> None:
    """Quiet days do not silence it; another reference does, even of as many accounts, and in strata nobody is of."""
    loud = heard([newcomers(named([0.01] * 60))])
    calm = named(np.random.default_rng(217).uniform(size=200), 1000)
    assert ringing(heard([newcomers(calm)], loud)) == {"batch"}
    assert ringing(heard([newcomers(calm, reference="another benign log")], loud)) == set()
    assert ringing(heard([newcomers(calm, "chat", reference="another benign log")], loud)) == set()
