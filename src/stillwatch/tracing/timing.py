"""Timing coupling: do the members of a group send as one scheduler would have them send?

Never how one account sends: 13-26 % of honest heavy clients of published traces have a flat day, and 23-36 % come more
evenly than chance. A group is set beside itself, each account with all its habits, moved against the others
(`surrogates`). Three things then remain that one hand leaves: turns (nobody comes a second time before the others have
come), flow (members keep out of each other's way, as one queue sends one thing after the other), and handover (a fresh
account when another has gone). All three point one way, towards order. What honest strangers have in common, a class's
hour, a full hour, a release, an outage, points the other way: they collide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence
from stillwatch.tracing.activity import DAY_US, Activity, activity
from stillwatch.tracing.coupling import IS_FLOW, STATISTICS, Moments, beside_moved
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.handover import Handover, handover
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXCHANGES_AT_LEAST = 5
"""Of a member about whom anything is said; those with fewer still count for the others."""
_COMPLETE = 0.95
"""An account of which a smaller share was gathered was thinned: evenly for itself, so its flow tells nothing more."""
_WORTH_READING = 3.0  # standard deviations


@dataclass(frozen=True)
class Timing:
    """The family of joint timing. Scores are standard deviations of the group's own null, about 0 for strangers."""

    name: str = "timing"
    kin: Kin = Kin.TIME
    columns: tuple[str, ...] = ("ts_us", "status")
    null: str = (
        "Accounts send independently of each other, each with its own hours, minutes and bursts: the group is as its "
        "accounts' days, or half-hours, moved against each other would be."
    )
    assumption: str = (
        "An account's days of one type are exchangeable, or its moments within half an hour are; fresh accounts come "
        "as the population's do."
    )
    weakness: str = (
        "Blind to campaigns whose accounts live like people, each on its own, until some are banned and replaced; to "
        "work dealt at random from a flow as irregular as chance; and it cannot tell one scheduler's harvest from one "
        "honest workload spread over organisations."
    )

    def background(self, table: ibis.Table, found: Accounts) -> Activity:
        """Days, and each account's first and last moment: 24 bytes an account."""
        return activity(table, found)

    def scores(self, group: Group, background: Activity, rng: np.random.Generator) -> Floats:
        """(units,) The strongest of turns, flow and handover; NaN for members with too few exchanges."""
        sent = np.bincount(group.unit, minlength=group.units)
        is_told = sent >= EXCHANGES_AT_LEAST
        if is_told.sum() < 2:
            return np.full(group.units, np.nan)
        strongest = np.nanmax(_parts(group, background, rng), axis=0)
        return np.where(is_told, strongest, np.nan)

    def statement(self, group: Group, background: Activity) -> Evidence | None:
        """What the strongest of the three shows, if it is 3 standard deviations from chance or more."""
        if len(np.unique(group.unit)) < 2:
            return None
        shown = [_said_of_coupling(group, background), _said_of_handover(_handover(group, background))]
        worth = [(sentence, detail) for sentence, detail in shown if sentence]
        if not worth:
            return None
        detail = {key: value for _, numbers in worth for key, value in numbers.items()}
        return Evidence(self.name, 0.0, " ".join(sentence for sentence, _ in worth), detail)


def _parts(group: Group, log: Activity, rng: np.random.Generator) -> Floats:
    """(parts, units) `coupling.STATISTICS` and handover: each about a standard normal for strangers."""
    whole = _is_complete(group, log)[group.account]
    coupled = _couplings(_moments(group, log, np.ones(len(group.unit), bool), rng), rng)
    if not whole.all():
        coupled[IS_FLOW] = np.nan
        if len(np.unique(group.unit[whole])) >= 2:
            coupled[IS_FLOW] = _couplings(_moments(group, log, whole, rng), rng)[IS_FLOW]
    hands = _handover(group, log)
    return np.concatenate([coupled, np.where(hands.takes_part, hands.z, 0.0)[None]])


def _couplings(seen: Moments, rng: np.random.Generator) -> Floats:
    """(statistics, members) Beside that way of moving which leaves less to wonder at."""
    days, minutes = beside_moved(seen, rng)
    return np.minimum(days.couplings(), minutes.couplings())


def _is_complete(group: Group, log: Activity) -> NDArray[np.bool_]:
    """(accounts of the log,) Whether the group holds all that the account sent."""
    held = np.bincount(group.account, minlength=len(log.exchanges))
    return np.asarray(held >= _COMPLETE * log.exchanges)


def _moments(group: Group, log: Activity, chosen: NDArray[np.bool_], rng: np.random.Generator) -> Moments:
    ts_us = group.column("ts_us")[chosen]
    order = np.lexsort((rng.random(len(ts_us)), ts_us))  # a coarse clock's ties in the order of accounts are no turns
    _, account = np.unique(group.account[chosen], return_inverse=True)
    days = log.days if _is_complete(group, log)[group.account].mean() > 0.5 else np.unique(ts_us // DAY_US)
    return Moments(ts_us[order], account[order], group.unit[chosen][order], group.units, days)


def _handover(group: Group, log: Activity) -> Handover:
    order = np.lexsort((group.column("ts_us"), group.account))
    account, last = _last_of_each(group.account[order])
    rows = order[last]
    return handover(log, account, group.unit[rows], group.units, group.column("status")[rows])


def _last_of_each(account: Ints) -> tuple[Ints, Ints]:
    """The accounts of a sorted column, and the last place of each."""
    is_last = np.append(account[1:] != account[:-1], True)
    return account[is_last], np.flatnonzero(is_last)


Said = tuple[str, Mapping[str, float | int | str]]
_NOTHING: Said = ("", {})


def _said_of_coupling(group: Group, log: Activity) -> Said:
    rng = np.random.default_rng(0)  # the same sentence each time
    whole = _is_complete(group, log)[group.account].all()
    seen = _moments(group, log, np.ones(len(group.unit), bool), rng)
    beside = beside_moved(seen, rng)
    z = np.where(IS_FLOW & ~whole, 0.0, np.minimum(*(one.group_z() for one in beside)))
    if z.max() < _WORTH_READING:
        return _NOTHING
    real = beside[0].real.sum(axis=1)
    usual = np.min([one.moved.sum(axis=2).mean(axis=0) for one in beside], axis=0)
    strongest = int(np.argmax(z))
    numbers = {name: round(float(value), 1) for name, value in zip(STATISTICS, z, strict=True)}
    members, sent = len(np.unique(seen.member)), len(seen.ts_us)
    shown = _WORDS[STATISTICS[strongest]](float(real[strongest]), float(usual[strongest]), sent)
    return f"Its {members} members {shown} ({z[strongest]:.1f} standard deviations).", numbers


def _words_of_turns(real: float, usual: float, sent: int) -> str:
    return (
        f"come by turns: {sent / (1 + real):.1f} exchanges pass before anybody comes again, and "
        f"{sent / (1 + usual):.1f} would if each kept its own hours and minutes without regard to the others"
    )


def _words_of_flow(real: float, usual: float, sent: int) -> str:
    return (
        "keep out of each other's way, as one queue sends one thing after the other: an exchange has "
        f"{real / sent:.2f} others close to it, and {usual / sent:.2f} would be usual"
    )


def _words_of_bursts(real: float, usual: float, sent: int) -> str:
    return (
        "send within seconds of each other, hour after hour: members were active "
        f"without another beside them in {real:.0f} hours, and would have been in {usual:.0f}"
    )


_WORDS: Mapping[str, Callable[[float, float, int], str]] = {
    "turns": _words_of_turns,
    "fine flow": _words_of_flow,
    "coarse flow": _words_of_flow,
    "bursts": _words_of_bursts,
}


def _said_of_handover(hands: Handover) -> Said:
    if hands.z < _WORTH_READING:
        return _NOTHING
    sentence = (
        f"Fresh accounts take over from others: {hands.followed} of {hands.fresh} came within a day of another's last "
        f"exchange, where {hands.expected:.1f} would by chance."
    )
    return sentence, {"fresh": hands.fresh, "followed": hands.followed, "expected": hands.expected}
