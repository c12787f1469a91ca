"""Times are as published: sessions by the day, renewals in equilibrium, duty cycles."""

from __future__ import annotations

import itertools
import statistics

import pytest

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.rhythm import FLAT, OFFICE, PEOPLE, heavy, renewals, sessions, spells
from stillwatch.world.stage import DAY_US, HOUR_US, START_US


@pytest.mark.parametrize("cv", [0.5, 1.4, 6.0])
def test_a_spell_holds_as_many_as_its_rate_says(cv: float) -> None:
    """Also bursty clients in short spells: 20 in the mean over 2,000 spells of 40 seconds at one in two seconds."""
    chance = Chance("spell", cv)
    counts = [len(list(renewals(chance, 0, 40_000_000, 0.5, cv))) for _ in range(2_000)]
    error = statistics.pstdev(counts) / len(counts) ** 0.5
    assert statistics.fmean(counts) == pytest.approx(20.0, abs=5 * error)


@pytest.mark.parametrize("duty", [0.1, 0.41])
def test_spells_fill_their_share_of_the_time(duty: float) -> None:
    """Over two hundred days, whatever the hours."""
    for curve in (FLAT, PEOPLE):
        active = sum(end - start for start, end in spells(Chance("duty", duty), 0, 200 * DAY_US, duty, curve, 0))
        assert active / (200 * DAY_US) == pytest.approx(duty, rel=0.2)


def test_spells_do_not_overlap() -> None:
    """One ends before the next begins."""
    found = list(spells(Chance("apart"), 0, 60 * DAY_US, 0.4, OFFICE, 1))
    assert all(end <= later for (_, end), (later, _) in itertools.pairwise(found))


def test_people_rest_at_night_and_offices_on_weekends() -> None:
    """Of an office in Berlin almost nothing at night, half a weekday's on Saturdays."""
    starts = list(sessions(Chance("office"), START_US, START_US + 364 * DAY_US, 20.0, OFFICE, 1, 0.5))
    local = [(start // HOUR_US + 1) % 24 for start in starts]
    assert sum(hour < 6 for hour in local) == 0
    saturdays = sum((start - START_US) // DAY_US % 7 == 5 for start in starts)
    mondays = sum((start - START_US) // DAY_US % 7 == 0 for start in starts)
    assert saturdays / mondays == pytest.approx(0.5, abs=0.1)


def test_heavy_clients_differ_as_production_clients_do() -> None:
    """ServeGen: 23-36 % with a coefficient of variation below 1.1, a median of 1.3-1.5, ninth decile 4-8."""
    chance = Chance("cv")
    drawn = sorted(chance.quantile(facts.CV_LEVELS, facts.CV_VALUES) for _ in range(5_000))
    assert 0.23 < sum(cv < 1.1 for cv in drawn) / 5_000 < 0.36
    assert 1.3 < drawn[2_500] < 1.5
    assert 4.0 < drawn[4_500] < 8.0


def test_a_heavy_client_keeps_its_daily_volume() -> None:
    """Whatever duty, burstiness and hours it draws: forty clients of fifty a day send two thousand a day in all."""
    sent = [len(list(heavy(Chance("volume", n), START_US, START_US + 40 * DAY_US, 50.0, 0))) for n in range(40)]
    error = statistics.pstdev(sent) / len(sent) ** 0.5
    assert statistics.fmean(sent) == pytest.approx(2_000.0, abs=4 * error)
