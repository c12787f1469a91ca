"""Evidence family "shape": are requests set as one operator sets them, and is the work of one size?

Three looks, added up: settings, prompt lengths, answer lengths.

- *Settings.* The chance that an exchange of the unit and one of another unit of the group agree in an attribute
  (`settings`), each value weighed by how few units outside the group use it; the mean over attributes. Agreeing on what
  everybody leaves at its default is worth nothing.
- *Sizes.* How much closer the unit's prompt lengths, and its answers' lengths, lie to the other units' than accounts of
  the same stratum lie to each other: 1 each = the same work, 0 = as strangers. An operator who gives each account
  settings of its own still gives all of them one work.

    settings(u) = mean over attributes of  sum over v of p_u(v) p_others(v) w(v),   w(v) = log(U / (1 + d(v))) / log U

with U units in the log, of which d(v) outside the group use v, and p_others the mean over the other units.

Null: a unit agrees with the rest of its group no more than units of honest groups do with theirs.
Assumption: units choose settings independently unless one hand sets them, or one program, which honest groups have too.
Weakness: one odd tuple that never varies is no sign, as most honest accounts have one. Honest users of one popular tool
agree on its settings as completely, and where the group holds most of them, few outside have them. Blind where an
operator gives each account settings and work of its own, and where everybody's settings are the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence, percent
from stillwatch.tracing.bystanders import bystanders
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.peers import PEER_COLUMNS, called, strata_of, stratum_of
from stillwatch.tracing.settings import ATTRIBUTES, SETTINGS_COLUMNS, Usage, usage, values_of
from stillwatch.tracing.sizes import SIZES, spread
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXCHANGES_AT_LEAST = 8
"""Of a unit: below, its distributions are mostly chance."""
LEAST_APART = 0.25
"""Octaves: strangers who lie closer to each other than one step of the table are told apart by nothing."""
PEERS_AT_LEAST = 20
"""Accounts of a stratum that make a distance of its own; below, all accounts' distance is used."""
PEERS_AT_MOST = 500
"""Accounts of a stratum between which distances are taken: 125,000 pairs."""
_TUPLE = ATTRIBUTES.index("parameters")


@dataclass(frozen=True)
class Habits:
    """Who uses which settings, and how far apart strangers' sizes lie.

    `distances`: by stratum, and "" for all: (SIZES,) mean energy distance in octaves between two accounts.
    """

    usage: Usage
    distances: dict[str, Floats] = field(default_factory=dict)

    def apart(self, stratum: str) -> Floats:
        """(SIZES,) How far apart two accounts of a stratum lie; NaN where nothing is known."""
        return self.distances.get(stratum, self.distances.get("", np.full(len(SIZES), np.nan)))


class Shape:
    """The family. Its background is `Habits`."""

    name = "shape"
    kin = Kin.FORM
    columns = tuple(dict.fromkeys((*SETTINGS_COLUMNS, *SIZES, *PEER_COLUMNS)))
    null = "a unit's settings and sizes agree with the rest of its group no more than in honest groups"
    assumption = "units choose settings independently unless one hand, or one program, sets them"
    weakness = (
        "honest users of one tool agree as completely; blind where each account has settings and work of its own, or "
        "where settings are everybody's defaults"
    )

    def background(self, table: ibis.Table, found: Accounts) -> Habits:
        """Settings of all units, exactly; sizes of a bounded sample of accounts, see `bystanders`."""
        units = len(np.unique(found.unit))
        rows = bystanders(table, found, "exchange_id").select("account", *SIZES).to_pyarrow()
        account = found.index(rows.column("account").to_numpy())
        sizes = [rows.column(name).to_numpy().astype(np.int64) for name in SIZES]
        strata = np.array(strata_of(found, np.arange(len(found))))
        return Habits(usage(table, units), typical_distances(account, sizes, strata))

    def scores(self, group: Group, background: Habits, rng: np.random.Generator) -> Floats:
        """(units,) Agreement of settings plus agreement of sizes; NaN below `EXCHANGES_AT_LEAST`."""
        settings = _settings(group, background)
        sizes = _sizes(group, background)
        return np.where(np.isnan(sizes), settings, settings + len(SIZES) * sizes)

    def statement(self, group: Group, background: Habits) -> Evidence | None:
        """What the units agree on, how rare it is, and how alike the sizes are."""
        settings, sizes = _settings(group, background), _sizes(group, background)
        measured = int(np.isfinite(settings).sum())
        if measured < 2:
            return None
        agreed = float(np.nanmedian(settings))
        share, outside = _most_telling(group, background)
        text = (
            f"Settings agree at {agreed:.2f} (1: always, in values that nobody else has; 0: never, or in everybody's "
            f"defaults). {percent(share)} of the exchanges set exactly the same parameters (temperature, limits, "
            f"tools, form of the answer), and outside the group {outside:,} of {background.usage.units:,} accounts or "
            "organisations do"
        )
        detail = {"units": measured, "settings": round(agreed, 3), "same_parameters": round(share, 3)}
        detail |= {"others_with_them": outside}
        if np.isfinite(sizes).any():
            alike = float(np.nanmedian(sizes))
            peers = f"strangers of the {called(stratum_of(group))}"
            text += f". Prompts and answers are alike in length at {alike:.2f} (1: one job; 0: {peers})"
            detail |= {"sizes": round(alike, 3)}
        return Evidence(self.name, 0.0, text, detail)


def typical_distances(account: Ints, sizes: list[Ints], strata: NDArray[np.str_]) -> dict[str, Floats]:
    """By stratum, and "" for all: mean distance between two accounts, for each of `sizes`."""
    sent = np.unique(account)
    kinds = {"": sent} | {str(name): sent[strata[sent] == name] for name in np.unique(strata[sent])}
    found = {}
    for name, members in kinds.items():
        # Ascending pseudonyms are in no order of anything else: the first are as good as any.
        some = members[:PEERS_AT_MOST]
        if len(some) >= PEERS_AT_LEAST:
            found[name] = np.array([_mean_distance(some, account, size) for size in sizes])
    return found


def _mean_distance(some: Ints, account: Ints, size: Ints) -> float:
    rows = np.isin(account, some)
    known = spread(np.searchsorted(some, account[rows]), size[rows], len(some))
    return _mean(known.to_others())


def _settings(group: Group, background: Habits) -> Floats:
    """(units,) 0 .. 1: the chance to agree with an exchange of another unit in a rare value, the mean over attributes.

    NaN below `EXCHANGES_AT_LEAST`, and where there is no other unit.
    """
    sizes = np.bincount(group.unit, minlength=group.units)
    if np.count_nonzero(sizes) < 2:
        return np.full(group.units, np.nan)
    agreement = [_agreement(group, background, place, value, sizes) for place, value in enumerate(values_of(group))]
    return np.where(sizes >= EXCHANGES_AT_LEAST, np.mean(agreement, axis=0), np.nan)


def _agreement(group: Group, background: Habits, attribute: int, value: Ints, sizes: Ints) -> Floats:
    """(units,) The chance to agree in a rare value of one attribute."""
    values, place = np.unique(value, return_inverse=True)
    pair, counts = np.unique(group.unit * len(values) + place.ravel(), return_counts=True)
    unit, held = pair // len(values), pair % len(values)
    share = counts / sizes[unit]
    total = np.bincount(held, weights=share, minlength=len(values))
    of_others = (total[held] - share) / (np.count_nonzero(sizes) - 1)
    weight = _rarity(background, attribute, values, np.bincount(held, minlength=len(values)))[held]
    agreed = np.bincount(unit, weights=share * of_others * weight, minlength=group.units)
    return np.asarray(agreed, np.float64)


def _rarity(background: Habits, attribute: int, values: Ints, inside: Ints) -> Floats:
    """(values,) 0 .. 1 by how few units outside the group use a value; `inside`: units of the group that do."""
    outside = np.maximum(background.usage.units_with(attribute, values) - inside, 0)
    units = max(background.usage.units, 2)
    return np.asarray(np.log(units / np.minimum(1.0 + outside, units)) / np.log(units), np.float64)


def _sizes(group: Group, background: Habits) -> Floats:
    """(units,) 1 = as one job, 0 = as strangers of the stratum; the mean over the sizes that are known."""
    apart = background.apart(stratum_of(group))
    alike = [
        1.0 - spread(group.unit, group.column(name), group.units).to_others() / max(far, LEAST_APART)
        for name, far in zip(SIZES, apart, strict=True)
        if np.isfinite(far)
    ]
    if not alike:
        return np.full(group.units, np.nan)
    known = np.isfinite(alike)
    total = np.where(known, alike, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _most_telling(group: Group, background: Habits) -> tuple[float, int]:
    """The share of the commonest tuple among the group's exchanges, and how many units outside use it."""
    values, place, counts = np.unique(group.column("parameters"), return_inverse=True, return_counts=True)
    first = int(np.argmax(counts))
    inside = len(np.unique(group.unit[place.ravel() == first]))
    outside = int(background.usage.units_with(_TUPLE, values[first : first + 1])[0]) - inside
    return float(counts[first] / len(place)), max(outside, 0)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
