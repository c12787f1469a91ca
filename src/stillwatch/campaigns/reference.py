"""The benign reference of a hunt: from a log that is known to be benign, or from a part set aside by a stated rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.half import Half, Parts
from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.campaigns.measure import OTHER_ROWS
from stillwatch.campaigns.ring import COMPLEMENTARITY, TEMPLATE
from stillwatch.sketch.keyed_hash import mix
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.calibration import Reference
from stillwatch.tracing.commonness import common_skeletons
from stillwatch.tracing.complementarity import ROWS_PER_UNIT, distance
from stillwatch.tracing.skeleton import Keys
from stillwatch.tracing.survey import Survey, account_strata, fixed_bytes, templated_share, without_embeddings

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ACCOUNTS_PER_STRATUM = 1_000
"""Benign accounts scored per stratum: p-values down to 1/1001 for about a minute of CPU."""
EXCHANGES_AT_LEAST = 5
"""An account needs as many exchanges for its payloads to be compared."""


def build_reference(linking: Half, testing: Half, rng: np.random.Generator) -> Reference:
    """Score every account of a benign ledger on both families, linked and tested as rings are."""
    strata = _strata(testing.seen)
    eligible = np.flatnonzero(testing.seen.conversations >= EXCHANGES_AT_LEAST)
    is_linked, kept = _values_kept(linking, testing)
    scores: dict[tuple[str, str], Floats] = {}
    for stratum in sorted({strata[i] for i in eligible}):
        members = np.array([i for i in eligible if strata[i] == stratum])
        scores[TEMPLATE, stratum] = kept[members[is_linked[members]]].astype(np.float64)
    scores |= _complementarity_scores(testing, strata, eligible, rng)
    source = (
        f"{len(eligible)} accounts of the benign log with at least {EXCHANGES_AT_LEAST} conversations on the days that "
        "test"
    )
    return Reference(source, scores, _sizes(strata, eligible))


def set_aside(testing: Half, rings: Sequence[Ints], rng: np.random.Generator) -> Reference:
    """Without a benign log: the accounts of the hunted log that share no skeleton with another organisation.

    `rings`: pseudonyms of those that do, on the days that link. The others were chosen by the template family, so they
    say nothing about that family; only complementarity is scored.
    """
    strata = _strata(testing.seen)
    is_candidate = np.zeros(len(testing.seen.accounts), bool)
    for ring in rings:
        is_candidate[testing.index(ring)] = True
    eligible = np.flatnonzero(~is_candidate & (testing.seen.conversations >= EXCHANGES_AT_LEAST))
    source = (
        f"{len(eligible)} accounts of this log that share no skeleton with another organisation and have at least "
        f"{EXCHANGES_AT_LEAST} conversations on the days that test, set aside; the template family is not calibrated"
    )
    return Reference(source, _complementarity_scores(testing, strata, eligible, rng), _sizes(strata, eligible))


def _strata(seen: Survey) -> list[str]:
    return account_strata(seen.accounts, templated_share(seen))


def _sizes(strata: list[str], eligible: Ints) -> dict[str, int]:
    names, counts = np.unique([strata[i] for i in eligible], return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _values_kept(linking: Half, testing: Half) -> tuple[NDArray[np.bool_], Ints]:
    """Of each testing account: did it share values with another organisation when linking, and how many does it keep?

    Values that several organisations have are common and left out, as they are in a ring. Only who was linked is the
    null of who was linked: beside accounts that share nothing, each honest pair with one habit would look guilty.
    """
    common = common_skeletons(linking.skeleton, linking.seen.accounts.unit)
    units = common.independent_units(linking.skeleton.key)
    linked = (units >= 2) & (units < COMMON_UNITS)
    account = linking.seen.accounts.account[linking.skeleton.account[linked]]
    accounts = testing.seen.accounts.account
    then = _pairs(account, linking.skeleton.key[linked])
    now = _pairs(accounts[testing.skeleton.account], testing.skeleton.key)
    kept = np.bincount(testing.skeleton.account[np.isin(now, then)], minlength=len(accounts))
    return np.isin(accounts, account), kept


def _pairs(account: Ints, key: Keys) -> NDArray[np.uint64]:
    """A word for each (account, value): equal for equal pairs."""
    return np.asarray(mix(account.astype(np.uint64)) ^ mix(key + np.uint64(1)), np.uint64)


def _complementarity_scores(
    testing: Half, strata: list[str], eligible: Ints, rng: np.random.Generator
) -> dict[tuple[str, str], Floats]:
    chosen: dict[str, Ints] = {}
    for stratum in sorted({strata[i] for i in eligible}):
        members = np.array([i for i in eligible if strata[i] == stratum])
        chosen[stratum] = rng.permutation(members)[:ACCOUNTS_PER_STRATUM]
    if not chosen:
        return {}
    seen = testing.seen
    rows, owner = _payloads(testing.parts, seen, np.concatenate(list(chosen.values())))
    return {
        (COMPLEMENTARITY, stratum): _alikeness(rows, owner, members, seen.accounts.unit, rng)
        for stratum, members in chosen.items()
    }


def _payloads(parts: Parts, seen: Survey, wanted: Ints) -> tuple[Floats, Ints]:
    """Projections and account indices of at most `ROWS_PER_UNIT` exchanges of each wanted account."""
    rows, owners = [], []
    columns = ("account", "flags", "payload", "projection")
    for part in parts(columns, np.sort(seen.accounts.account[wanted])):
        asked = without_embeddings(part)
        account = asked.column("account").to_numpy()
        order = np.lexsort((asked.column("payload").to_numpy(), account))  # payloads are hashes: a fair choice
        place = np.arange(len(order)) - np.searchsorted(account[order], account[order])
        kept = order[place < ROWS_PER_UNIT]
        table = fixed_bytes(asked, "projection").view(np.int8).reshape(-1, PROJECTION_DIMENSIONS)
        rows.append(table[kept].astype(np.float64))
        owners.append(seen.accounts.index(account[kept]))
    return np.concatenate(rows), np.concatenate(owners)


def _alikeness(rows: Floats, owner: Ints, members: Ints, unit: Ints, rng: np.random.Generator) -> Floats:
    """How alike each member is to other units of its stratum: the null of the ring's interchangeability."""
    inside = np.flatnonzero(np.isin(owner, members))
    inside = inside[np.argsort(owner[inside], kind="stable")]
    owner, units = owner[inside], unit[owner[inside]]
    scores = []
    for member in members:
        mine = inside[slice(*np.searchsorted(owner, [member, member + 1]))]
        others = inside[units != unit[member]]
        if len(mine) >= 2 and len(others) >= 2:
            some = rng.choice(others, min(len(others), OTHER_ROWS), replace=False)
            scores.append(-distance(rows[mine], rows[some]))
    return np.array(scores, np.float64)
