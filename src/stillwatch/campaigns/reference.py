"""The benign reference of a hunt: from a log that is known to be benign, or from a part set aside by a stated rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.campaigns.measure import OTHER_ROWS
from stillwatch.campaigns.ring import COMPLEMENTARITY, TEMPLATE
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.calibration import Reference
from stillwatch.tracing.commonness import CommonSkeletons
from stillwatch.tracing.complementarity import ROWS_PER_UNIT, distance
from stillwatch.tracing.skeleton import Keys, Repeated
from stillwatch.tracing.survey import Survey, account_strata, fixed_bytes, templated_share, without_embeddings
from stillwatch.tracing.template import Candidate, skeletons

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Parts = Callable[[Sequence[str], Ints | None], Iterator[pa.Table]]

ACCOUNTS_PER_STRATUM = 1_000
"""Benign accounts scored per stratum: p-values down to 1/1001 for about a minute of CPU."""
EXCHANGES_AT_LEAST = 5
"""An account needs as many exchanges for its payloads to be compared."""


def build_reference(
    parts: Parts, seen: Survey, common: CommonSkeletons, ignored: Keys, rng: np.random.Generator
) -> Reference:
    """Score every account of a benign ledger on both families."""
    skeleton = skeletons(seen.repeated, seen.conversations, seen.population, ignored)
    strata = _strata(seen)
    eligible = np.flatnonzero(seen.conversations >= EXCHANGES_AT_LEAST)
    scores: dict[tuple[str, str], Floats] = {}
    linked = _linked_values(skeleton, common, len(seen.accounts))
    for stratum in sorted({strata[i] for i in eligible}):
        members = np.array([i for i in eligible if strata[i] == stratum])
        scores[TEMPLATE, stratum] = linked[members].astype(np.float64)
    scores |= _complementarity_scores(parts, seen, strata, eligible, rng)
    source = f"{len(eligible)} accounts of the benign log with at least {EXCHANGES_AT_LEAST} conversations"
    return Reference(source, scores, _sizes(strata, eligible))


def set_aside(
    parts: Parts, seen: Survey, skeleton: Repeated, candidates: list[Candidate], rng: np.random.Generator
) -> Reference:
    """Without a benign log: the accounts of the hunted log that share no skeleton with another organisation.

    They were chosen by the template family, so they say nothing about that family; only complementarity is scored.
    """
    strata = _strata(seen)
    is_candidate = np.zeros(len(seen.accounts), bool)
    for candidate in candidates:
        is_candidate[candidate.accounts] = True
    eligible = np.flatnonzero(~is_candidate & (seen.conversations >= EXCHANGES_AT_LEAST))
    source = (
        f"{len(eligible)} accounts of this log that share no skeleton with another organisation and have at least "
        f"{EXCHANGES_AT_LEAST} conversations, set aside; the template family is not calibrated"
    )
    return Reference(source, _complementarity_scores(parts, seen, strata, eligible, rng), _sizes(strata, eligible))


def _strata(seen: Survey) -> list[str]:
    return account_strata(seen.accounts, templated_share(seen))


def _sizes(strata: list[str], eligible: Ints) -> dict[str, int]:
    names, counts = np.unique([strata[i] for i in eligible], return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _linked_values(skeleton: Repeated, common: CommonSkeletons, accounts: int) -> Ints:
    """Skeleton values that an account shares with another organisation and that are not common."""
    units = common.independent_units(skeleton.key)
    linked = (units >= 2) & (units < COMMON_UNITS)
    return np.bincount(skeleton.account[linked], minlength=accounts)


def _complementarity_scores(
    parts: Parts, seen: Survey, strata: list[str], eligible: Ints, rng: np.random.Generator
) -> dict[tuple[str, str], Floats]:
    chosen: dict[str, Ints] = {}
    for stratum in sorted({strata[i] for i in eligible}):
        members = np.array([i for i in eligible if strata[i] == stratum])
        chosen[stratum] = rng.permutation(members)[:ACCOUNTS_PER_STRATUM]
    if not chosen:
        return {}
    rows, owner = _payloads(parts, seen, np.concatenate(list(chosen.values())))
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
