"""From a candidate and its exchanges to a ring with every family's measurement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.installations import own_settings
from stillwatch.campaigns.known import Commonness
from stillwatch.campaigns.ring import Ring
from stillwatch.sketch.record import Intent
from stillwatch.tracing.complementarity import (
    UNITS_AT_MOST,
    Payloads,
    measure,
    variants,
)
from stillwatch.tracing.infrastructure import KINDS, Shared, shared
from stillwatch.tracing.skeleton import Repeated
from stillwatch.tracing.strata import TRAITS, stratum, traits
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def ring(
    candidate: Candidate,
    carried: Carried,
    found: Accounts,
    skeleton: Repeated,
    common: Commonness,
    sharing_rates: dict[str, float],
    rng: np.random.Generator,
) -> Ring:
    """Measure one candidate; what may be claimed of it is another question (`claims`)."""
    _, unit = np.unique(found.unit[carried.account], return_inverse=True)
    rows = some_units(payloads(carried, unit.astype(np.int64)), rng)
    kind = group_stratum(*(_ints(carried, name) for name in _TRAITS), templated=bool(len(candidate.keys)))
    agreement = values_shared(skeleton, candidate.keys, len(found))[candidate.accounts]
    complementarity = measure(rows, rng)
    return Ring(
        accounts=len(candidate.accounts),
        units=len(np.unique(found.unit[candidate.accounts])),
        exchanges=len(carried.when),
        carried=int(carried.carries.sum()),
        templates=candidate.templates,
        values=len(candidate.keys),
        typical_agreement=float(np.median(agreement)),
        stratum=kind,
        intents=_intent_shares(_ints(carried, "intent")),
        tool_turns=trait_shares(*(_ints(carried, name) for name in _TRAITS))["tool_turns"],
        common_units=common.units,
        reference_units=common.reference,
        complementarity=complementarity,
        shared=_shared(carried, unit.astype(np.int64), sharing_rates),
        says_it_rarely=candidate.says_it_rarely,
        tools=float(np.mean(_ints(carried, "tools") > 0)) if len(carried.when) else 0.0,
        own_settings=own_settings(candidate, carried, found.unit, skeleton),
    )


def payloads(carried: Carried, unit: Ints) -> Payloads:
    """The carried exchanges that open conversations, as the payload tests read them. `unit`: (n,) in 0 .. k-1."""
    opens = carried.columns["opens"].astype(bool)
    variant = variants(carried.columns["matches"].astype(np.int32, copy=False)[opens])
    return Payloads(unit[opens], _floats(carried, "projection")[opens], _ints(carried, "payload")[opens], variant)


def some_units(rows: Payloads, rng: np.random.Generator) -> Payloads:
    """`rows` of at most `UNITS_AT_MOST` units; unit numbers close up."""
    units = np.unique(rows.unit)
    if len(units) <= UNITS_AT_MOST:
        return rows
    kept = np.isin(rows.unit, rng.choice(units, UNITS_AT_MOST, replace=False))
    _, closed = np.unique(rows.unit[kept], return_inverse=True)
    return Payloads(closed.astype(np.int64), rows.projection[kept], rows.payload[kept], rows.variant[kept])


_TRAITS = ("flags", "intent", "temperature")


def group_stratum(flags: Ints, intent: Ints, temperature: Ints, *, templated: bool) -> str:
    """The stratum of exchanges that carry what links a group: all of them are templated, or none is."""
    return stratum(trait_shares(flags, intent, temperature) | {"skeleton": float(templated)})


def trait_shares(flags: Ints, intent: Ints, temperature: Ints) -> dict[str, float]:
    conditions = traits(flags, intent, temperature)
    return {name: float(np.mean(conditions[name])) if len(flags) else 0.0 for name in TRAITS}


def values_shared(skeleton: Repeated, keys: NDArray[np.uint64], accounts: int) -> Ints:
    """How many of `keys` each account's skeleton has."""
    return np.bincount(skeleton.account[np.isin(skeleton.key, keys)], minlength=accounts)


def _intent_shares(intent: Ints) -> dict[int, float]:
    bits = [value for name, value in vars(Intent).items() if name.isupper()]
    return {bit: float(np.mean((intent & bit) != 0)) if len(intent) else 0.0 for bit in bits}


def _shared(carried: Carried, unit: Ints, rates: dict[str, float]) -> tuple[Shared, ...]:
    return tuple(shared(kind, unit, _ints(carried, kind), rates.get(kind, 0.0)) for kind in KINDS)


def _ints(carried: Carried, name: str) -> Ints:
    return carried.columns[name].astype(np.int64)


def _floats(carried: Carried, name: str) -> Floats:
    return carried.columns[name].astype(np.float64)
