"""The second pass: of the accounts that may belong together, the exchanges that carry what they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS, SLOTS_PER_ZONE, ZONE_SLOTS, ZONES, Flag
from stillwatch.tracing.skeleton import Keys, distinct_conversations, place_in_account, slot_of, value_of
from stillwatch.tracing.strata import asks
from stillwatch.tracing.survey import Accounts, fixed_rows
from stillwatch.tracing.template import CARRIED_VALUES, Candidate

Ints = NDArray[np.int64]
Columns = dict[str, NDArray[np.generic]]

GATHERED_COLUMNS = (
    *("account", "conversation", "ts_us", "flags", "intent", "temperature", "zones", "payload", "projection"),
    *("ip", "network", "payment", "tools"),
)
ROWS_PER_ACCOUNT = 256
"""Openings, and as many later turns, kept per account of a candidate, evenly over time; all are counted."""
ROWS_PER_CANDIDATE = 100_000
"""Exchanges kept per candidate, about: of a ring of a thousand accounts a hundred each, 40 MB."""
ROWS_PER_ACCOUNT_AT_LEAST = 16


@dataclass(frozen=True)
class Carried:
    """Exchanges of one candidate that carry its skeleton, and all its accounts' exchanges by time.

    `columns` are the sketch's, and "matches": (n, ZONE_SLOTS), which of the skeleton's keys a slot holds, counted from
    1, or 0 for none, and "opens": (n,) whether it opens a conversation. Arrays have one row per kept exchange; `when`,
    `who` and `carries` have one per exchange, carried or not.
    """

    account: Ints  # dense account index
    columns: Columns
    when: Ints
    who: Ints
    carries: NDArray[np.bool_]

    def of(self, accounts: Ints) -> Carried:
        """The part that these accounts (dense indices) sent."""
        kept, sent = np.isin(self.account, accounts), np.isin(self.who, accounts)
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Carried(self.account[kept], columns, self.when[sent], self.who[sent], self.carries[sent])


def gather(candidates: Sequence[Candidate], found: Accounts, parts: Iterable[pa.Table]) -> list[Carried]:
    """What each candidate's accounts sent. Each of `parts` holds `GATHERED_COLUMNS` of whole accounts."""
    owner = np.full(len(found), -1, np.int64)
    for number, candidate in enumerate(candidates):
        owner[candidate.accounts] = number
    kept: list[list[Carried]] = [[] for _ in candidates]
    for part in filter(len, parts):
        index = found.index(part.column("account").to_numpy())
        order = np.argsort(owner[index], kind="stable")
        numbers, starts = np.unique(owner[index[order]], return_index=True)
        sent = _columns(part, order)
        for number, start, stop in zip(numbers, starts, [*starts[1:], len(order)], strict=True):
            if number >= 0:
                mine = {name: column[start:stop] for name, column in sent.items()}
                kept[number].append(_carried(candidates[number], index[order[start:stop]], mine))
    return [_joined(some) for some in kept]


def _columns(part: pa.Table, places: Ints) -> Columns:
    """The gathered columns of the rows at `places`; zones as (n, ZONE_SLOTS), projections as (n, 64)."""
    columns: Columns = {
        name: part.column(name).to_numpy()[places] for name in GATHERED_COLUMNS if name not in ("zones", "projection")
    }
    columns["zones"] = fixed_rows(part, "zones", places).view("<u4")
    columns["projection"] = fixed_rows(part, "projection", places).view(np.int8)
    return columns


def _carried(candidate: Candidate, account: Ints, sent: Columns) -> Carried:
    """What one candidate's accounts sent. `account`: dense index of each row of `sent`."""
    matched = matched_keys(sent["zones"], candidate.keys)
    carries = is_carried(matched) if len(candidate.keys) else np.asarray(asks(sent["flags"].astype(np.int64)), np.bool_)
    ts_us = sent["ts_us"].astype(np.int64)
    opens = np.zeros(len(account), bool)
    opens[_openings(np.flatnonzero(carries), account, sent)] = True
    at_most = _rows_per_account(len(candidate.accounts))
    both = (np.flatnonzero(opens), np.flatnonzero(carries & ~opens))
    chosen = np.sort(np.concatenate([rows[evenly(account[rows], ts_us[rows], at_most)] for rows in both]))
    columns = {name: column[chosen] for name, column in sent.items() if name != "zones"}
    columns["matches"] = matched[chosen]
    columns["opens"] = opens[chosen]
    return Carried(account[chosen], columns, ts_us, account, carries)


def _rows_per_account(accounts: int) -> int:
    return max(ROWS_PER_ACCOUNT_AT_LEAST, min(ROWS_PER_ACCOUNT, ROWS_PER_CANDIDATE // accounts))


def matched_keys(zones: NDArray[np.generic], keys: Keys) -> NDArray[np.int32]:
    """Which of `keys`, sorted, each slot of (n, ZONE_SLOTS) holds: its number, counted from 1, or 0 for none."""
    found = np.zeros(zones.shape, np.int32)
    slots, values = slot_of(keys), value_of(keys).astype(np.uint32)
    for slot in np.unique(slots):
        first, last = np.searchsorted(slots, [slot, slot + 1])
        held = zones[:, slot]
        at = np.minimum(first + np.searchsorted(values[first:last], held), last - 1)
        found[:, slot] = np.where(values[at] == held, at + 1, 0)
    return found


def is_carried(matched: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether enough slots of one zone hold the candidate's values."""
    by_zone = (matched != 0).reshape(len(matched), len(ZONES), SLOTS_PER_ZONE)
    return np.asarray((by_zone.sum(axis=2) >= CARRIED_VALUES).any(axis=1))


def _openings(places: Ints, account: Ints, sent: Columns) -> Ints:
    """Of the rows at `places` one for each conversation: later turns of a dialogue hang on its first."""
    continues = (sent["flags"].astype(np.int64)[places] & Flag.ASSISTANT_TURNS) != 0
    conversation = sent["conversation"].astype(np.int64)[places]
    return np.sort(places[distinct_conversations(account[places], conversation, continues)])


def evenly(account: Ints, ts_us: Ints, at_most: int) -> Ints:
    """Positions of at most `at_most` rows of each account, evenly over time."""
    order = np.lexsort((ts_us, account))
    sizes = np.bincount(account)[account[order]] if len(account) else np.empty(0, np.int64)
    place = place_in_account(account[order])
    step = np.maximum(1, -(-sizes // at_most))
    return np.sort(order[place % step == 0])


def _joined(parts: list[Carried]) -> Carried:
    names = [*(name for name in GATHERED_COLUMNS if name != "zones"), "matches", "opens"]
    if not parts:
        empty = np.empty(0, np.int64)
        columns: Columns = dict.fromkeys(names, empty)
        columns["projection"] = np.empty((0, PROJECTION_DIMENSIONS), np.int8)
        columns["matches"] = np.empty((0, ZONE_SLOTS), np.int32)
        columns["opens"] = np.empty(0, bool)
        return Carried(empty, columns, empty, empty, np.empty(0, bool))
    return Carried(
        np.concatenate([p.account for p in parts]),
        {name: np.concatenate([p.columns[name] for p in parts]) for name in names},
        np.concatenate([p.when for p in parts]),
        np.concatenate([p.who for p in parts]),
        np.concatenate([p.carries for p in parts]),
    )
