"""What the drift alarm hears: accounts that nobody suspects, beside the accounts of the benign log.

Claims are about groups; whether the benign log still describes today's traffic is asked of single accounts, which are
many. Two statistics are compared (`STATISTICS`), each a rate: totals would grow with the window. One account of each
organisation counts, chosen and put in order by a key, so that no organisation and no clock decides who is heard first.

Null: given stratum and activity, such an account is exchangeable with those of the benign log. Then its smoothed
p-value is uniform, and ranked again among those heard before it (`stats.drift`) independent of theirs.
Assumption: windows. Who sends much gets other answers than who sends little, and an account of few exchanges hardly
repeats itself; a longer log, or a later look, holds other shares of both. So an account is compared with those as
active as itself, in all and by day since it was first seen, and only once that is as long ago as half of the benign
log is long; the benign accounts are held to the same. Who is as active as nobody there is not heard.
Weakness: a campaign that was not found is heard, too. Who can pay for very many accounts can ring the alarm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.keyed_hash import KeyedHash
from stillwatch.stats.conformal import smoothed_p_values
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Names = NDArray[np.str_]

ANSWER_LENGTH = "answer length"
REPETITION = "repetition"
STATISTICS = (ANSWER_LENGTH, REPETITION)
"""Output tokens an exchange, and the share of conversations with an account's most frequent value. Families look at
what is repeated and how it is answered; both are known of every account without another pass."""
STRATA = ("chat", "batch", "agent", "app", "extraction", "eval", "translation")
"""All that `tracing.strata.stratum` names: how many alarms there are is fixed before any traffic is seen."""
TOO_FEW = 20
"""A stratum with fewer benign accounts is not compared: their own luck would move the mean rank by six in a hundred."""
_EXCHANGES_STEP, _PACE_STEP = 4, 2
"""Accounts are as active as each other within these factors, of exchanges and of exchanges a day. Measured on
simulated customers whose answers grow with their pace (`tests/standing/crowds.py`): by exchanges alone, looks from day
to day ring in 17 of 40 worlds without any drift, with the pace in none."""
_PACES = 128  # more than there are: 2^-64 to 2^63 exchanges a day
_US_PER_DAY = 86_400_000_000
_CLOCKS = 0.01
"""Of accounts, whose first and last times may be wrong at either end of a log."""
_CHOICE, _ORDER, _FIRST_COIN = 0, 1, 2


@dataclass(frozen=True, eq=False)
class People:
    """One account of each organisation of a log, in keyed order; every column (n,).

    `unit`: pseudonym of the organisation, or of the account where the log names none; `named`: which of the two.
    """

    unit: Ints
    named: NDArray[np.bool_]
    stratum: Names
    activity: Ints
    scores: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True, eq=False)
class AccountReference:
    """The benign log's accounts. `fingerprint`: of all that is compared with, so another log is another reference.

    `seasoned_us`: how long ago an account must have been seen first to be compared.
    """

    people: People
    fingerprint: str = ""
    seasoned_us: int = 0


@dataclass(frozen=True, eq=False)
class Newcomers:
    """Unsuspected accounts of one stratum in keyed order; `p` and `coins` by statistic, every column (n,).

    `honest`: benign accounts by activity. `benign`: of them in all. `medians`: by statistic, of the benign accounts,
    weighed as active as these are, and of these.
    """

    units: tuple[str, ...]
    activity: Ints
    honest: Mapping[int, int]
    p: Mapping[str, Floats]
    coins: Mapping[str, Floats]
    medians: Mapping[str, tuple[float, float]]

    @property
    def benign(self) -> int:
        return sum(self.honest.values())


@dataclass(frozen=True, eq=False)
class Unsuspected:
    """All newcomers of one hunt, by stratum. `reference`: fingerprint of what they are compared with; empty: nothing.

    `not_compared`: by stratum, how many benign accounts and newcomers it has, where either are too few.
    """

    reference: str = ""
    by_stratum: Mapping[str, Newcomers] = field(default_factory=dict)
    not_compared: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What is heard, as a look remembers it."""
        told = hashlib.blake2b(self.reference.encode(), digest_size=16)
        for stratum, heard in sorted(self.by_stratum.items()):
            told.update(repr((stratum, heard.units)).encode())
            for statistic in STATISTICS:
                told.update(heard.p[statistic].tobytes())
        return told.hexdigest()


def account_reference(found: Accounts, repetition: Floats, strata: Sequence[str], key: bytes) -> AccountReference:
    """The accounts of a benign log as newcomers are compared with them; `repetition`, `strata`: (accounts,)."""
    start, end = _span(found)
    seasoned_us = (end - start) // 2
    nobody = np.zeros(len(found), np.bool_)
    chosen = _people(found, repetition, strata, _Coins(key), seasoned_us, nobody)
    columns = (chosen.unit, chosen.stratum, chosen.activity, *chosen.scores.values())
    told = hashlib.blake2b(seasoned_us.to_bytes(8, "little"), digest_size=16)
    for column in columns:
        told.update(np.ascontiguousarray(column).tobytes())
    return AccountReference(chosen, told.hexdigest(), seasoned_us)


def unsuspected(
    found: Accounts,
    repetition: Floats,
    strata: Sequence[str],
    suspected: NDArray[np.bool_],
    reference: AccountReference,
    key: bytes,
) -> Unsuspected:
    """Who may be heard beside `reference`; columns (accounts,). Organisations of the `suspected` are left out."""
    if not reference.fingerprint:
        return Unsuspected()
    coins = _Coins(key)
    people = _people(found, repetition, strata, coins, reference.seasoned_us, suspected)
    compared, too_few = {}, {}
    for stratum in STRATA:
        here = np.flatnonzero(people.stratum == stratum)
        beside = np.flatnonzero(reference.people.stratum == stratum)
        here = here[np.isin(people.activity[here], reference.people.activity[beside])]
        if len(here) and len(beside) >= TOO_FEW:
            compared[stratum] = _newcomers(people, here, reference.people, beside, coins)
        elif stratum in strata:
            too_few[stratum] = (len(beside), len(here))
    return Unsuspected(reference.fingerprint, compared, too_few)


class _Coins:
    """Uniform numbers that nobody without the key can foresee; drawn again for the same account, the same."""

    def __init__(self, key: bytes) -> None:
        self._hash = KeyedHash(hashlib.blake2b(key=key, digest_size=16, person=b"drift-alarm").digest())

    def __call__(self, who: Ints, named: NDArray[np.bool_], purpose: int) -> Floats:
        words = who.astype(np.uint64), (2 * purpose + named).astype(np.uint64)
        return np.asarray((self._hash(*words) >> np.uint64(11)) * 2.0**-53, np.float64)


def _people(
    found: Accounts,
    repetition: Floats,
    strata: Sequence[str],
    coins: _Coins,
    seasoned_us: int,
    suspected: NDArray[np.bool_],
) -> People:
    """One seasoned account of each organisation without a suspect. An organisation's place in the order has nothing to
    do with how many accounts it has."""
    _, end = _span(found)
    usable = (found.first_us <= end - seasoned_us) & ~np.isin(found.unit, found.unit[suspected]) & (found.exchanges > 0)
    able = np.flatnonzero(usable)
    able = able[np.argsort(coins(found.account[able], np.zeros(len(able), np.bool_), _CHOICE), kind="stable")]
    _, first = np.unique(found.unit[able], return_index=True)
    able = able[first]
    named = found.organization[able] != 0
    unit = np.where(named, found.organization[able], found.account[able])
    order = np.argsort(coins(unit, named, _ORDER), kind="stable")
    able, exchanges = able[order], found.exchanges[able[order]]
    return People(
        unit[order],
        named[order],
        np.array(strata, np.str_)[able],
        _activity(exchanges, np.maximum(end - found.first_us[able], 1) / _US_PER_DAY),
        {ANSWER_LENGTH: found.output_tokens[able] / exchanges, REPETITION: repetition[able]},
    )


def _activity(exchanges: Ints, days: Floats) -> Ints:
    """A number for each account (n,), the same for those as active as each other."""
    much = np.floor(np.log(exchanges) / np.log(_EXCHANGES_STEP)).astype(np.int64)
    pace = np.floor(np.log(exchanges / days) / np.log(_PACE_STEP)).astype(np.int64)
    return np.asarray(much * _PACES + np.clip(pace, -_PACES // 2, _PACES // 2 - 1), np.int64)


def _span(found: Accounts) -> tuple[int, int]:
    """First and last microsecond of a log, but for a few wrong clocks."""
    if not len(found):
        return 0, 0
    return int(np.quantile(found.first_us, _CLOCKS)), int(np.quantile(found.last_us, 1.0 - _CLOCKS))


def _newcomers(people: People, here: Ints, honest: People, beside: Ints, coins: _Coins) -> Newcomers:
    activity, usual = people.activity[here], honest.activity[beside]
    unit, named = people.unit[here], people.named[here]
    p, again, medians = {}, {}, {}
    for number, statistic in enumerate(STATISTICS):
        scores, benign = people.scores[statistic][here], honest.scores[statistic][beside]
        smoothing, again[statistic] = (coins(unit, named, _FIRST_COIN + 2 * number + kind) for kind in (0, 1))
        p[statistic] = np.empty(len(here))
        for level in np.unique(activity):
            own = activity == level
            p[statistic][own] = smoothed_p_values(scores[own], benign[usual == level], smoothing[own])
        medians[statistic] = (_median_of_as_active(benign, usual, activity), float(np.median(scores)))
    levels, counts = np.unique(usual, return_counts=True)
    return Newcomers(
        tuple(f"{'o' if is_named else 'a'}{int(one):016x}" for one, is_named in zip(unit, named, strict=True)),
        activity,
        dict(zip(levels.tolist(), counts.tolist(), strict=True)),
        p,
        again,
        medians,
    )


def _median_of_as_active(benign: Floats, usual: Ints, activity: Ints) -> float:
    """The benign median if as many of them were of each activity as there are in `activity`."""
    weight = np.zeros(len(benign))
    for level in np.unique(usual):
        own = usual == level
        weight[own] = np.sum(activity == level) / np.sum(own)
    if not weight.any():
        return float(np.median(benign))
    order = np.argsort(benign, kind="stable")
    reached = np.cumsum(weight[order])
    return float(benign[order][np.searchsorted(reached, reached[-1] / 2)])


NO_ACCOUNTS = AccountReference(
    People(
        np.empty(0, np.int64),
        np.empty(0, np.bool_),
        np.empty(0, np.str_),
        np.empty(0, np.int64),
        {statistic: np.empty(0) for statistic in STATISTICS},
    )
)
"""Without a benign log."""
