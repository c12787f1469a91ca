"""The drift alarm over looks: each honest account is heard once, and nothing but drift rings it."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.standing.alarm import RINGS_FALSELY, listening, recalibrated, ringing
from stillwatch.standing.register import Register
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.stats.conformal import smoothed_p_values

from .reviews import begun

UNITS = {"batch": 100}


def heard(register: Register, *looks: dict[str, float], units: int = 100) -> Register:
    for p in looks:
        register = listening(register, {"batch": p}, {"batch": units})
    return register


def named(p: list[float], first: int = 0) -> dict[str, float]:
    return {f"honest-{first + number:06d}": one for number, one in enumerate(p)}


def look_of(rng: np.random.Generator, number: int, benign: np.ndarray, shift: float) -> dict[str, float]:
    """Twenty newcomers beside the reference, whose scores have moved by `shift` deviations."""
    scores = rng.normal(loc=shift, size=20)
    return named(smoothed_p_values(scores, benign, rng.uniform(size=20)).tolist(), 20 * number)


def rings(shift: float, rng: np.random.Generator) -> bool:
    """Whether the alarm has rung after ten looks."""
    benign = rng.normal(size=100)
    return bool(ringing(heard(begun(), *(look_of(rng, number, benign, shift) for number in range(10)))))


def test_without_drift_it_rings_as_rarely_as_promised() -> None:
    """400 registers of ten looks: no more alarms than chance allows, by the exact test."""
    hits = sum(rings(0.0, rng) for rng in np.random.default_rng(211).spawn(400))
    assert chance_of_so_many(hits, 400, RINGS_FALSELY) > 1e-6


def test_a_shift_of_one_deviation_rings() -> None:
    """In each of twenty registers; smaller scores are drift as larger ones are."""
    assert all(rings(shift, rng) for shift in (1.5, -1.5) for rng in np.random.default_rng(212).spawn(10))


def test_an_account_is_heard_once() -> None:
    """Sixty looks at the same forty accounts teach it nothing: their habits are no drift."""
    p = named(np.random.default_rng(213).uniform(0.2, 0.6, 40).tolist())
    once = heard(begun(), p)
    assert heard(once, *[p] * 60) == once


def test_it_goes_on_where_it_stopped() -> None:
    """The same accounts in one look or in four: ranks, capital and alarm are the same up to the coins of ties."""
    p = np.random.default_rng(214).uniform(size=80) ** 3
    whole = heard(begun(), named(p.tolist()))
    parts = heard(begun(), *(named(p[i : i + 20].tolist(), i) for i in range(0, 80, 20)))
    assert (whole.alarms["batch"].p, whole.alarms["batch"].accounts) == (
        parts.alarms["batch"].p,
        parts.alarms["batch"].accounts,
    )
    assert (ringing(whole), ringing(parts)) == (["batch"], ["batch"])


def test_it_rings_on_until_the_stratum_is_calibrated_again() -> None:
    """Quiet days do not silence it; a new reference does, and so does one of another size."""
    loud = heard(begun(), named([0.01] * 60))
    calm = named(np.random.default_rng(215).uniform(size=200).tolist(), 1000)
    assert ringing(heard(loud, calm)) == ["batch"]
    assert ringing(recalibrated(heard(loud, calm), ["batch"])) == []
    assert ringing(heard(loud, calm, units=500)) == []


@pytest.mark.parametrize("stratum", ["chat", ""])
def test_a_stratum_without_a_reference_can_still_be_heard(stratum: str) -> None:
    """With nothing to stand beside, every p-value is a coin: the alarm hears and stays silent."""
    p = named(np.random.default_rng(216).uniform(size=100).tolist())
    register = listening(begun(), {stratum: p}, UNITS)
    assert register.alarms[stratum].units == 0
    assert ringing(register) == []
