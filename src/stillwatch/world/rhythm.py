"""When things happen: people in sessions that follow their day, programs as bursty renewals that come and go."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.stage import DAY_US, HOUR_US

# Relative activity by local hour, chosen to resemble published traffic: people rest at night and have two peaks,
# offices work from eight to six, machines hardly care.
PEOPLE = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 10, 11, 10, 9, 9, 10, 11, 13, 15, 16, 14, 9, 5)
OFFICE = (0, 0, 0, 0, 0, 0, 1, 4, 10, 14, 14, 12, 8, 11, 13, 12, 9, 5, 2, 1, 1, 0, 0, 0)
FLAT = (1,) * 24
_WEEKEND = 5  # days 5 and 6 of the week are Saturday and Sunday: the simulated time starts on a Monday
_SECOND_US = 1_000_000


def sessions(
    chance: Chance, from_us: int, to_us: int, per_day: float, curve: Sequence[int], zone: int, weekend: float = 0.8
) -> Iterator[int]:
    """Starts of sessions, ascending: Poisson by day, by `curve` within it; `weekend` is the share kept on weekends."""
    day_us = from_us - from_us % DAY_US
    while day_us < to_us:
        mean = per_day * (weekend if (day_us // DAY_US + 3) % 7 >= _WEEKEND else 1.0)  # 1970 began on a Thursday
        starts = []
        for _ in range(chance.poisson(mean)):
            hour = (chance.weighted(range(24), curve) - zone) % 24
            starts.append(day_us + hour * HOUR_US + chance.below(HOUR_US))
        yield from (start for start in sorted(starts) if from_us <= start < to_us)
        day_us += DAY_US


def pauses(
    chance: Chance, start_us: int, count: int, seconds: float, sigma: float = facts.THINK_SIGMA
) -> Iterator[int]:
    """`count` moments from `start_us` on, with lognormal pauses of this median between them."""
    moment = start_us
    for _ in range(count):
        yield moment
        moment += int(chance.lognormal(seconds, sigma) * _SECOND_US) + 1


def renewals(chance: Chance, from_us: int, to_us: int, per_second: float, cv: float) -> Iterator[int]:
    """Gamma renewals in equilibrium: mean gap `1 / per_second`, coefficient of variation of the gaps `cv`.

    The first moment falls into a gap already running, which is longer than others: its length has shape + 1. Started
    at a renewal, bursty clients would send (cv^2 - 1) / 2 too many in every spell.
    """
    shape = 1.0 / (cv * cv)
    scale_us = _SECOND_US / (per_second * shape)
    moment = from_us + chance.gamma(shape + 1.0) * scale_us * chance.random()
    while moment < to_us:
        yield int(moment)
        moment += chance.gamma(shape) * scale_us + 1


def spells(
    chance: Chance, from_us: int, to_us: int, duty: float, curve: Sequence[int], zone: int
) -> Iterator[tuple[int, int]]:
    """Active spells that fill the share `duty` of the time, more of them in the hours that `curve` favours."""
    if duty >= 0.95:
        yield from_us, to_us
        return
    mean_on = facts.ON_MINUTES * 60 * _SECOND_US
    mean_off = mean_on * (1.0 - duty) / duty
    top, mean = max(curve), math.fsum(curve) / 24
    moment = float(from_us)
    while moment < to_us:
        moment += chance.exponential(mean_off * mean / top)
        hour = int(moment // HOUR_US + zone) % 24
        if not chance.happens(curve[hour] / top):
            continue
        end = moment + chance.exponential(mean_on)
        if moment < to_us:
            yield int(moment), int(min(end, to_us))
        moment = end


def heavy(chance: Chance, from_us: int, to_us: int, per_day: float, zone: int) -> Iterator[int]:
    """A heavy client's moments, with burstiness, duty cycle and daily profile as published (`facts`)."""
    duty = chance.quantile(facts.DUTY_LEVELS, facts.DUTY_VALUES)
    cv = chance.quantile(facts.CV_LEVELS, facts.CV_VALUES)
    curve = FLAT if chance.happens(facts.FLAT_SHARE) else OFFICE if chance.happens(0.4) else PEOPLE
    rate = per_day / 86_400 / duty
    for start, end in spells(chance, from_us, to_us, duty, curve, zone):
        yield from renewals(chance, start, end, rate, cv)
