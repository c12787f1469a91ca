"""A drift alarm for each stratum, that goes on listening from look to look.

It hears accounts that nobody suspects, each once in its life: an account that is heard at every look would teach the
alarm its habits, which look like drift. P-values beside one reference share that reference's luck. So each is ranked
again among the reference and the newcomers before it; for that its place between the reference's scores is enough,
which is what its p-value says. If honest traffic is still like the reference, the new p-values are independent and
uniform (the places are draws from Polya's urn), and the alarm ever rings with chance at most `RINGS_FALSELY`.

Needs smoothed p-values (`conformal.smoothed_p_values`): with ties counted against the subject the alarm rings by
itself. When it has rung, the stratum claims nothing until it is `recalibrated`. Blind to what `stats.drift` is blind
to, and to newcomers beyond `HEARD_AT_MOST`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from stillwatch.standing.register import Alarm, Register
from stillwatch.stats.drift import Drift, ranked_again

RINGS_FALSELY = 0.01
"""The chance that a stratum's alarm ever rings while nothing has changed. Chosen: as rare as a false discovery."""
HEARD_AT_MOST = 50_000
"""Newcomers that one alarm remembers: two megabytes. A reference that has stood so long is to be made again anyway."""


def listening(register: Register, honest_p: Mapping[str, Mapping[str, float]], units: Mapping[str, int]) -> Register:
    """The register after this look's unsuspected accounts; by stratum, p-values by account, and honest units.

    A reference of another size is another reference: the alarm starts again.
    """
    alarms = dict(register.alarms)
    for stratum, p in sorted(honest_p.items()):
        count = units.get(stratum, 0)
        alarm = alarms.get(stratum, Alarm(count))
        if alarm.units != count:
            alarm = Alarm(count)
        alarms[stratum] = _heard(alarm, p, register.day)
    return replace(register, alarms=alarms)


def ringing(register: Register) -> list[str]:
    """The strata whose alarm has rung, by name."""
    return sorted(stratum for stratum, alarm in register.alarms.items() if alarm.alarmed_at is not None)


def recalibrated(register: Register, strata: Collection[str]) -> Register:
    """The register when these strata have a new benign reference: their alarms start again."""
    return replace(register, alarms={name: a for name, a in register.alarms.items() if name not in strata})


def _heard(alarm: Alarm, p: Mapping[str, float], day: int) -> Alarm:
    new = sorted(account for account in p if account not in alarm.accounts)[: HEARD_AT_MOST - len(alarm.p)]
    if not new:
        return alarm
    values = np.array([p[account] for account in new], np.float64)
    coins = np.random.default_rng([alarm.units, len(alarm.p)]).uniform(size=len(values))
    drift = _drift(alarm).update(ranked_again(values, alarm.units, np.array(alarm.p, np.float64), coins))
    return Alarm(
        alarm.units,
        (*alarm.p, *values.tolist()),
        alarm.accounts | frozenset(new),
        tuple(tuple(row) for row in drift.log_capital.tolist()),
        drift.log_peak,
        drift.alarmed_at,
        alarm.alarmed_on if alarm.alarmed_on is not None else (day if drift.is_alarm else None),
    )


def _drift(alarm: Alarm) -> Drift:
    if not alarm.p:
        return Drift.start(RINGS_FALSELY)
    capital = np.array(alarm.log_capital, np.float64)
    return Drift(RINGS_FALSELY, capital, alarm.log_peak, len(alarm.p), alarm.alarmed_at)
