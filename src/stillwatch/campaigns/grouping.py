"""From frozen candidates to groups: what their accounts sent on the days that test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.campaigns.gather import evenly, is_carried, matched_keys
from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS, ZONE_SLOTS
from stillwatch.tracing.family import Group
from stillwatch.tracing.strata import asks
from stillwatch.tracing.survey import Accounts, fixed_rows
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]
Columns = dict[str, NDArray[np.generic]]
Parts = Callable[[Sequence[str], Ints | None], Iterator[pa.Table]]

ALWAYS = ("account", "conversation", "ts_us", "flags", "intent", "temperature", "zones", "payload", "projection")
UNITS_IN_A_GROUP = 64
"""Units of a ring that are scored: its e-value is their average."""
ROWS_PER_ACCOUNT = 256
_WIDE = {
    "zones": ("<u4", ZONE_SLOTS),
    "lineage": ("<u4", LINEAGE_SLOTS),
    "projection": ("i1", PROJECTION_DIMENSIONS),
    "alliance": ("u1", ZONE_SLOTS),
}


def groups(
    candidates: Sequence[Candidate], found: Accounts, parts: Parts, columns: Sequence[str], rng: np.random.Generator
) -> Iterator[Group]:
    """A group for each candidate, whose accounts are dense indices into `found`; of large ones some units.

    `columns` are read beside `ALWAYS`; "matches" is added: (n, 32), see `gather`. Indexed texts are left out.
    """
    chosen = [_some(candidate, found.unit, rng) for candidate in candidates]
    wanted = np.unique(np.concatenate([one.accounts for one in chosen])) if chosen else np.empty(0, np.int64)
    names = tuple(dict.fromkeys((*ALWAYS, *columns)))
    rows = _rows(names, found, parts, wanted)
    ends = np.searchsorted(rows["account"], wanted, side="right") if len(wanted) else wanted
    starts = np.searchsorted(rows["account"], wanted, side="left") if len(wanted) else wanted
    for one in chosen:
        places = np.searchsorted(wanted, one.accounts)
        taken = [np.arange(starts[place], ends[place]) for place in places]
        yield _group(one, rows, np.concatenate(taken) if taken else np.empty(0, np.int64), found.unit)


def _some(candidate: Candidate, unit_of: Ints, rng: np.random.Generator) -> Candidate:
    units = np.unique(unit_of[candidate.accounts])
    if len(units) <= UNITS_IN_A_GROUP:
        return candidate
    kept = np.isin(unit_of[candidate.accounts], rng.choice(units, UNITS_IN_A_GROUP, replace=False))
    return Candidate(candidate.accounts[kept], candidate.keys, candidate.templates, candidate.pool)


def _rows(names: Sequence[str], found: Accounts, parts: Parts, wanted: Ints) -> Columns:
    """The wanted accounts' exchanges, evenly over time, ascending by dense account index."""
    read = parts(names, found.account[wanted]) if len(wanted) else iter(())
    held = [_kept(part, names, found) for part in read if len(part)]
    if not held:
        return {name: np.empty((0, _WIDE[name][1]) if name in _WIDE else 0, np.int64) for name in names}
    joined = {name: np.concatenate([one[name] for one in held]) for name in names}
    order = np.lexsort((joined["ts_us"], joined["account"]))
    return {name: column[order] for name, column in joined.items()}


def _kept(part: pa.Table, names: Sequence[str], found: Accounts) -> Columns:
    asked = np.flatnonzero(asks(part.column("flags").to_numpy()))
    account = found.index(part.column("account").to_numpy()[asked])
    places = evenly(account, part.column("ts_us").to_numpy()[asked], ROWS_PER_ACCOUNT)
    columns: Columns = {name: _column(part, name, asked[places]) for name in names if name != "account"}
    return {"account": account[places], **columns}


def _column(part: pa.Table, name: str, places: Ints) -> NDArray[np.generic]:
    if name not in _WIDE:
        return np.asarray(part.column(name).to_numpy()[places])
    kind, width = _WIDE[name]
    return fixed_rows(part, name, places).view(kind).reshape(len(places), width)


def _group(candidate: Candidate, rows: Columns, places: Ints, unit_of: Ints) -> Group:
    columns = {name: column[places] for name, column in rows.items()}
    account = columns.pop("account").astype(np.int64)
    columns["matches"] = matched = matched_keys(columns["zones"], candidate.keys)
    units, _ = np.unique(unit_of[candidate.accounts], return_inverse=True)
    return Group(
        account=account,
        unit=np.searchsorted(units, unit_of[account]).astype(np.int64),
        units=len(units),
        carries=is_carried(matched) if len(candidate.keys) else np.ones(len(account), bool),
        columns=columns,
    )
