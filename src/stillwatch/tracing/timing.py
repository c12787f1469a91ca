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
from stillwatch.tracing.coupling import STATISTICS, Moments, coupling
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.handover import Handover, handover
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXCHANGES_AT_LEAST = 5
"""Of a member about whom anything is said; those with fewer still count for the others."""
ROWS = 6_000
"""Exchanges of a group that are moved about, some 0.2 seconds of CPU; of larger groups some days, then some members."""
_DAYS_AT_LEAST = 6  # so that whole days have places to change
_WORTH_READING, _HANDOVER_WORTH_READING = 4.0, 3.0
"""Standard deviations. By the normal tail one of four counts is 3 off in one honest group of 185, and tails of bursty
clients are longer; the handover's is exact."""


@dataclass(frozen=True)
class Timing:
    """Joint timing. A score is the largest of five z beside the group's own null: 0 to 2 for strangers."""

    name: str = "timing"
    kin: Kin = Kin.TIME
    columns: tuple[str, ...] = ()
    null: str = (
        "Accounts send independently of each other, each with its own hours, minutes and bursts: the group is as its "
        "accounts' days, moved against each other by whole days or by some minutes, would be."
    )
    assumption: str = (
        "An account's days of one type are exchangeable, or its moments within some minutes are; fresh accounts come "
        "as the population's do."
    )
    weakness: str = (
        "Blind to campaigns whose accounts live like people, each on its own, until some are banned and replaced; to "
        "work dealt at random from a flow as irregular as chance; and it cannot tell one scheduler's harvest from one "
        "honest workload spread over organisations."
    )

    def background(self, table: ibis.Table, found: Accounts) -> Activity:
        """All moments of all accounts: four bytes an exchange."""
        return activity(table, found)

    def scores(self, group: Group, background: Activity, rng: np.random.Generator) -> Floats:
        """(units,) The strongest of turns, flow, bursts and handover; NaN for members with too few exchanges."""
        members = Members.of(group)
        sent = np.bincount(members.unit, weights=background.exchanges[members.account], minlength=group.units)
        is_told = sent >= EXCHANGES_AT_LEAST
        if is_told.sum() < 2:
            return np.full(group.units, np.nan)
        return np.where(is_told, parts(members, background, rng).max(axis=0), np.nan)

    def statement(self, group: Group, background: Activity) -> Evidence | None:
        """What the strongest count shows, and the handover, where they are far from chance."""
        members = Members.of(group)
        if len(np.unique(members.unit)) < 2:
            return None
        hands = handover(background, members.account, members.unit, members.units)
        worth = [said for said in (_said_of_coupling(members, background), _said_of_handover(hands)) if said[0]]
        if not worth:
            return None
        detail = {key: value for _, numbers in worth for key, value in numbers.items()}
        return Evidence(self.name, 0.0, " ".join(sentence for sentence, _ in worth), detail)


@dataclass(frozen=True)
class Members:
    """A group's accounts, ascending, and the unit of each."""

    account: Ints
    unit: Ints
    units: int

    @classmethod
    def of(cls, group: Group) -> Members:
        account, first = np.unique(group.account, return_index=True)
        return cls(account, group.unit[first], group.units)


def parts(members: Members, log: Activity, rng: np.random.Generator) -> Floats:
    """(parts, units) `coupling.STATISTICS` and handover: each about a standard normal for strangers."""
    coupled = coupling(_moments(members, log, rng), rng).members_z()
    hands = handover(log, members.account, members.unit, members.units)
    handed = np.where(hands.takes_part, hands.z, 0.0)
    return np.concatenate([coupled, handed[None]])


def _moments(members: Members, log: Activity, rng: np.random.Generator) -> Moments:
    """What the members sent, or about `ROWS` of it: as few days as will do, and then as few members."""
    ts_us, account = log.moments(members.account)
    days = log.days
    if len(ts_us) > ROWS:
        days = np.sort(rng.permutation(days)[: max(_DAYS_AT_LEAST, len(days) * ROWS // len(ts_us))])
        kept = np.isin(ts_us // DAY_US, days)
        ts_us, account = ts_us[kept], account[kept]
    if len(ts_us) > ROWS:
        some = rng.permutation(len(members.account))[: max(2, len(members.account) * ROWS // len(ts_us))]
        kept = np.isin(account, some)
        ts_us, account = ts_us[kept], account[kept]
    order = np.lexsort((rng.random(len(ts_us)), ts_us))  # ties in the order of accounts would look like no turns
    return Moments(ts_us[order], account[order], members.unit[account[order]], members.units, days)


Said = tuple[str, Mapping[str, float | int | str]]
_NOTHING: Said = ("", {})


def _said_of_coupling(members: Members, log: Activity) -> Said:
    rng = np.random.default_rng(0)  # the same sentence each time
    seen = _moments(members, log, rng)
    coupled = coupling(seen, rng)
    z = coupled.group_z()
    if z.max() < _WORTH_READING:
        return _NOTHING
    real, usual = coupled.days.real.sum(axis=1), coupled.usual()
    strongest = int(np.argmax(z))
    numbers = {name: round(float(value), 1) for name, value in zip(STATISTICS, z, strict=True)}
    shown = _WORDS[STATISTICS[strongest]](float(real[strongest]), float(usual[strongest]), len(seen.ts_us))
    return f"Its {len(np.unique(seen.member))} members {shown} ({z[strongest]:.1f} standard deviations).", numbers


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
        "send within seconds of each other, hour after hour: members were active without another beside them in "
        f"{real:.0f} hours, and would have been in {usual:.0f}"
    )


def _words_of_relay(real: float, usual: float, sent: int) -> str:
    return (
        "relieve each other: in the hour of an exchange others send "
        f"{real / sent:.1f} times, and {usual / sent:.1f} times would be usual"
    )


_WORDS: Mapping[str, Callable[[float, float, int], str]] = {
    "turns": _words_of_turns,
    "flow": _words_of_flow,
    "bursts": _words_of_bursts,
    "relay": _words_of_relay,
}


def _said_of_handover(hands: Handover) -> Said:
    if hands.z < _HANDOVER_WORTH_READING:
        return _NOTHING
    sentence = (
        f"Fresh accounts take over from others: {hands.followed} of {hands.fresh} came within a day of another's last "
        f"exchange, where {hands.expected:.1f} would by chance."
    )
    return sentence, {"fresh": hands.fresh, "followed": hands.followed, "expected": hands.expected}
