"""The second pass: of the accounts that may belong together, the exchanges that carry what they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS, ZONES
from stillwatch.tracing.skeleton import Keys, keys_of
from stillwatch.tracing.survey import Accounts, fixed_bytes, slot_values
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]

GATHERED_COLUMNS = (
    *("account", "ts_us", "flags", "intent", "temperature", "zones", "payload", "projection"),
    *("ip", "network", "payment"),
)
CARRIED_VALUES = 2
"""Slots of one zone that must hold the skeleton's values: fewer than for membership, since its users are known now."""
ROWS_PER_ACCOUNT = 256
"""Exchanges kept per account of a candidate, evenly over time; all of them are counted."""


@dataclass(frozen=True)
class Carried:
    """Exchanges of one candidate that carry its skeleton, and all its accounts' exchanges by time.

    `columns` are the sketch's, and "matches": (n, ZONE_SLOTS) keys of the skeleton that the exchange carries, else 0.
    Arrays have one row per kept exchange; `when`, `who` and `carries` have one per
    exchange, carried or not.
    """

    account: Ints  # dense account index
    columns: dict[str, NDArray[np.generic]]
    when: Ints
    who: Ints
    carries: NDArray[np.bool_]

    def of(self, accounts: Ints) -> Carried:
        """The part that these accounts (dense indices) sent."""
        kept, sent = np.isin(self.account, accounts), np.isin(self.who, accounts)
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Carried(self.account[kept], columns, self.when[sent], self.who[sent], self.carries[sent])


def gather(candidates: Sequence[Candidate], found: Accounts, parts: Iterable[pa.Table]) -> list[Carried]:
    """What each candidate's accounts sent. Each of `parts` holds `GATHERED_COLUMNS`, whole accounts, sorted."""
    owner = np.full(len(found), -1, np.int64)
    for number, candidate in enumerate(candidates):
        owner[candidate.accounts] = number
    kept: list[list[Carried]] = [[] for _ in candidates]
    for part in parts:
        index = found.index(part.column("account").to_numpy())
        for number in np.unique(owner[index]):
            if number >= 0:
                mine = np.flatnonzero(owner[index] == number)
                kept[number].append(_carried(candidates[number], index[mine], part.take(pa.array(mine))))
    return [_joined(some) for some in kept]


def _carried(candidate: Candidate, account: Ints, rows: pa.Table) -> Carried:
    keys = keys_of(slot_values(rows, "zones", ZONE_SLOTS))
    carries = _carries(candidate, keys)
    order = np.flatnonzero(carries)
    chosen = order[_evenly(account[order], rows.column("ts_us").to_numpy()[order])]
    few = rows.take(pa.array(chosen))
    columns: dict[str, NDArray[np.generic]] = {
        name: few.column(name).to_numpy() for name in GATHERED_COLUMNS if name not in ("zones", "projection")
    }
    projection = fixed_bytes(few, "projection").view(np.int8).reshape(len(few), PROJECTION_DIMENSIONS)
    columns["projection"] = projection.astype(np.float64)
    columns["matches"] = np.where(np.isin(keys[chosen], candidate.keys), keys[chosen], 0)
    return Carried(account[chosen], columns, rows.column("ts_us").to_numpy(), account, carries)


def _carries(candidate: Candidate, keys: Keys) -> NDArray[np.bool_]:
    """Whether enough slots of one zone hold the candidate's values."""
    matches = np.isin(keys, candidate.keys).reshape(len(keys), len(ZONES), -1)
    return np.asarray((matches.sum(axis=2) >= CARRIED_VALUES).any(axis=1))


def _evenly(account: Ints, ts_us: Ints) -> Ints:
    """Positions of at most `ROWS_PER_ACCOUNT` rows of each account, evenly over time."""
    order = np.lexsort((ts_us, account))
    sizes = np.bincount(account)[account[order]] if len(account) else np.empty(0, np.int64)
    place = np.arange(len(order)) - np.searchsorted(account[order], account[order])
    step = np.maximum(1, -(-sizes // ROWS_PER_ACCOUNT))
    return np.sort(order[place % step == 0])


def _joined(parts: list[Carried]) -> Carried:
    names = [*(name for name in GATHERED_COLUMNS if name != "zones"), "matches"]
    if not parts:
        empty = np.empty(0, np.int64)
        columns: dict[str, NDArray[np.generic]] = dict.fromkeys(names, empty)
        columns["projection"] = np.empty((0, PROJECTION_DIMENSIONS))
        columns["matches"] = np.empty((0, ZONE_SLOTS), np.uint64)
        return Carried(empty, columns, empty, empty, np.empty(0, bool))
    return Carried(
        np.concatenate([p.account for p in parts]),
        {name: np.concatenate([p.columns[name] for p in parts]) for name in names},
        np.concatenate([p.when for p in parts]),
        np.concatenate([p.who for p in parts]),
        np.concatenate([p.carries for p in parts]),
    )
