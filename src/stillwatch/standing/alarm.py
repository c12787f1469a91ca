"""A drift alarm for each stratum and statistic, that goes on listening from look to look.

It hears accounts that nobody suspects (`campaigns.newcomers`), one of each organisation, each once in its life: an
account that is heard at every look would teach the alarm its habits, which look like drift. P-values beside one
reference share that reference's luck. So each is ranked again among the benign accounts as active as itself and the
newcomers before it; for that its place between the reference's scores is enough, which is what its p-value says. If
honest traffic is still like the reference, the new p-values are independent and uniform (the places are draws from
Polya's urn), and any of the alarms ever rings with chance at most `RINGS_FALSELY`. A hunt that remembers nothing hears
everybody at once.

Another reference is another alarm: it starts again. Blind to what `stats.drift` is blind to, to a shift of the mean
rank by less than four in a hundred (the bets are fixed, and too bold to gain from it), and to newcomers beyond
`HEARD_AT_MOST`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.newcomers import STATISTICS, STRATA, Newcomers, Unsuspected
from stillwatch.standing.register import Alarm, Listening
from stillwatch.stats.drift import Drift, ranked_again

Alarms = Mapping[str, Alarm]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RINGS_FALSELY = 0.01
"""The chance that any alarm beside one reference ever rings while nothing has changed: as rare as a false discovery."""
LEVEL = RINGS_FALSELY / (len(STRATA) * len(STATISTICS))
"""Of one alarm. The number of alarms is fixed, whichever strata there are in a log."""
HEARD_AT_MOST = 20_000
"""Newcomers that one stratum's alarm remembers: a megabyte. A shift that it can hear at all has long rung by then."""
NO_ALARMS: Alarms = {}


def listening(alarms: Alarms, heard: Unsuspected, day: int) -> dict[str, Alarm]:
    """The alarms after this hunt's unsuspected accounts, by stratum; without a reference they stay as they are."""
    if not heard.reference:
        return dict(alarms)
    kept = {stratum: alarm for stratum, alarm in alarms.items() if alarm.reference == heard.reference}
    for stratum, newcomers in sorted(heard.by_stratum.items()):
        kept[stratum] = _heard(kept.get(stratum, Alarm(heard.reference)), newcomers, day)
    return kept


def ringing(alarms: Alarms) -> frozenset[str]:
    """The strata of which an alarm has rung."""
    return frozenset(stratum for stratum, alarm in alarms.items() if alarm.rung)


def _heard(alarm: Alarm, newcomers: Newcomers, day: int) -> Alarm:
    room = HEARD_AT_MOST - len(alarm.activity)
    new = [place for place, unit in enumerate(newcomers.units) if unit not in alarm.units][:room]
    if not new:
        return alarm
    return Alarm(
        alarm.reference,
        alarm.units | {newcomers.units[place] for place in new},
        (*alarm.activity, *newcomers.activity[new].tolist()),
        {name: _listened(alarm, name, newcomers, np.array(new), day) for name in STATISTICS},
    )


def _listened(alarm: Alarm, statistic: str, newcomers: Newcomers, new: Ints, day: int) -> Listening:
    before = alarm.statistics.get(statistic, Listening())
    p = newcomers.p[statistic][new]
    drift = _drift(before).update(_again(alarm, before, statistic, newcomers, new))
    rang_now = drift.is_alarm and before.alarmed_on is None
    return Listening(
        (*before.p, *p.tolist()),
        tuple(tuple(row) for row in drift.log_capital.tolist()),
        drift.log_peak,
        drift.alarmed_at,
        day if rang_now else before.alarmed_on,
    )


def _again(alarm: Alarm, before: Listening, statistic: str, newcomers: Newcomers, new: Ints) -> Floats:
    """Ranked among the reference and those heard before, as active as each is; (new,)."""
    p, coins, activity = newcomers.p[statistic][new], newcomers.coins[statistic][new], newcomers.activity[new]
    heard, heard_activity = np.array(before.p, np.float64), np.array(alarm.activity, np.int64)
    again = np.empty(len(new))
    for level in np.unique(activity).tolist():
        own = activity == level
        again[own] = ranked_again(p[own], newcomers.honest.get(level, 0), heard[heard_activity == level], coins[own])
    return again


def _drift(before: Listening) -> Drift:
    if not before.p:
        return Drift.start(LEVEL)
    capital = np.array(before.log_capital, np.float64)
    return Drift(LEVEL, capital, before.log_peak, len(before.p), before.alarmed_at)
