"""Reaction to a release: do the members of a group move to the new model together?

About half of one campaign's traffic was redirected within 24 hours of a release (reports of February 2026). Evaluations
run on that day as well, so a burst is no ground, nor is an early move. What counts are members who still asked the
older models after the release and then switched within the same day as other members, beside as many accounts of the
population that come as often.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence
from stillwatch.tracing.activity import DAY_US, days_of
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.switching import Switches, switches

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TOGETHER_US = DAY_US
"""Members who switch within this time of each other: as reported of a campaign."""
_MEMBERS_AT_LEAST = 3  # who could be seen to switch
_POPULATION_AT_LEAST = 30  # accounts outside of the group that could
_ALIKE = 10  # chosen: a member is compared with accounts that send on as many days, and so many to either side
_DRAWS = 200  # chosen: the null's deviation is then known within a twentieth
_DEVIATION_AT_LEAST = 0.5  # of a count
_WORTH_READING = 3.0  # standard deviations


@dataclass(frozen=True)
class Log:
    """The days with traffic, ascending, and the releases of a log."""

    days: Ints
    releases: tuple[Switches, ...]


@dataclass(frozen=True)
class Jointly:
    """How many of a group's members switched within `TOGETHER_US`, beside draws from the population."""

    release: Switches
    at_risk: int
    together: int
    usual: float
    z: float
    from_us: int  # on the log's clock
    scores: Floats  # (units,)


@dataclass(frozen=True)
class Release:
    """The family of joint switching. Scores are standard deviations of the population's draws."""

    name: str = "release"
    kin: Kin = Kin.TIME
    columns: tuple[str, ...] = ()
    null: str = (
        "Each member switches to a new model when it likes, as accounts of the population that come as often do: no "
        "more members switch within one day than of as many such accounts."
    )
    assumption: str = (
        "Members decide independently of each other, and like the population; whoever first comes back after the "
        "release on the new model has not been seen to decide and is left out."
    )
    weakness: str = (
        "Blind without a release in the days that are looked at, to members who move at the release's very moment, and "
        "to campaigns that spread their moves over weeks; strangers whose tool changes its usual model overnight move "
        "together as well."
    )

    def background(self, table: ibis.Table, found: Accounts) -> Log:
        """Of each release at most 40 bytes an account; three passes over two or three columns."""
        days = days_of(table)
        return Log(days, switches(table, found, days))

    def scores(self, group: Group, background: Log, rng: np.random.Generator) -> Floats:
        """(units,) Of members in the group's densest day of switching the group's z, 0 of others; the most over
        releases. NaN for members who could not be seen to switch."""
        found = [jointly for one in background.releases if (jointly := _jointly(group, one, rng))]
        strongest = np.full(group.units, np.nan)
        for jointly in found:
            strongest = np.fmax(strongest, jointly.scores)
        return strongest

    def statement(self, group: Group, background: Log) -> Evidence | None:
        """How many switched within one day, if that is 3 standard deviations from usual or more."""
        rng = np.random.default_rng(0)
        found = [jointly for one in background.releases if (jointly := _jointly(group, one, rng))]
        strongest = max(found, key=lambda jointly: jointly.z, default=None)
        if strongest is None or strongest.z < _WORTH_READING:
            return None
        hours = strongest.release.hours_after(strongest.from_us, background.days)
        sentence = (
            f"Of {strongest.at_risk} members that still asked older models after a release, {strongest.together} "
            f"switched to the new one within the same 24 hours, from hour {hours:.0f} after the release on, where "
            f"{strongest.usual:.1f} of as many customers who come as often did ({strongest.z:.1f} standard deviations)."
        )
        detail = {"at_risk": strongest.at_risk, "together": strongest.together, "usual": strongest.usual}
        return Evidence(self.name, 0.0, sentence, detail | {"z": strongest.z, "hours_after": hours})


def _jointly(group: Group, of: Switches, rng: np.random.Generator) -> Jointly | None:
    """None where too few members, or too few others, could be seen to switch."""
    speaker = _speakers(group, of)
    is_at_risk = (speaker >= 0) & of.is_at_risk[speaker]
    others = of.is_at_risk.copy()
    others[group.account] = False
    if is_at_risk.sum() < _MEMBERS_AT_LEAST or others.sum() < _POPULATION_AT_LEAST:
        return None
    members = speaker[is_at_risk]
    together, from_us = _densest(of.switched_us[members])
    drawn = [_densest(of.switched_us[some])[0] for some in _alike(members, np.flatnonzero(others), of.busy_days, rng)]
    z = (together - float(np.mean(drawn))) / max(float(np.std(drawn)), _DEVIATION_AT_LEAST)
    moved = of.switched_us[speaker]
    is_inside = (moved >= 0) & (moved >= from_us) & (moved <= from_us + TOGETHER_US)
    scores = np.where(is_at_risk, np.where(is_inside, z, 0.0), np.nan)
    return Jointly(of, int(is_at_risk.sum()), together, float(np.mean(drawn)), z, from_us, scores)


def _speakers(group: Group, of: Switches) -> Ints:
    """(units,) The account of each unit that could be seen to switch, and of several the one with the most busy days.

    One speaks for all, so that an organisation that moves its accounts counts once. -1 for a unit without exchanges.
    """
    account, first = np.unique(group.account, return_index=True)
    order = np.lexsort((of.busy_days[account], of.is_at_risk[account]))
    speaker = np.full(group.units, -1, np.int64)
    speaker[group.unit[first][order]] = account[order]  # the last one written stays
    return speaker


def _densest(switched_us: Ints) -> tuple[int, int]:
    """The most switches within `TOGETHER_US`, and when they begin; (0, 0) without any."""
    times = np.sort(switched_us[switched_us >= 0])
    if len(times) == 0:
        return 0, 0
    inside = np.searchsorted(times, times + TOGETHER_US, side="right") - np.arange(len(times))
    most = int(np.argmax(inside))
    return int(inside[most]), int(times[most])


def _alike(members: Ints, others: Ints, busy_days: Ints, rng: np.random.Generator) -> Ints:
    """(draws, members) For each member one of those others that send on about as many days."""
    shuffled = rng.permutation(others)  # many send on equally many days
    ranked = shuffled[np.argsort(busy_days[shuffled], kind="stable")]
    low, high = (np.searchsorted(busy_days[ranked], busy_days[members], side=side) for side in ("left", "right"))
    centre = rng.integers(low, np.maximum(high, low + 1), (_DRAWS, len(members)))
    drawn = centre + rng.integers(-_ALIKE, _ALIKE + 1, centre.shape)
    return np.asarray(ranked[np.clip(drawn, 0, len(ranked) - 1)], np.int64)
