"""Small worlds with a known truth: accounts' conversations as slot values, without text or sketcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS, SLOTS_PER_ZONE, ZONE_SLOTS
from stillwatch.tracing.commonness import Population, PopulationSample
from stillwatch.tracing.skeleton import Conversations, Keys, Repeated, keys_of, mine
from stillwatch.tracing.survey import SKELETON_COLUMNS, Accounts
from stillwatch.tracing.template import Candidate, candidates, skeletons

Ints = NDArray[np.int64]
NO_KEYS: Keys = np.empty(0, np.uint64)


@dataclass(frozen=True)
class Habit:
    """A template: `slots` fixed values of `zone`, in each conversation of `accounts` with chance `rate`."""

    accounts: Sequence[int]
    zone: int = 0
    slots: int = SLOTS_PER_ZONE
    rate: float = 0.9


@dataclass(frozen=True)
class World:
    """Conversations and what mining them gives."""

    rows: Conversations
    repeated: Repeated
    conversations: Ints
    population: Population
    values: list[Keys]  # of each habit

    def candidates(self, unit_of: Ints | None = None, ignored: Keys = NO_KEYS) -> list[Candidate]:
        """Every account is its own unit unless told otherwise."""
        units = np.arange(len(self.conversations)) if unit_of is None else unit_of
        found = skeletons(self.repeated, self.conversations, self.population, ignored)
        return candidates(found, self.repeated, units)

    def rings(self, unit_of: Ints | None = None, ignored: Keys = NO_KEYS) -> list[list[int]]:
        """The candidates' accounts."""
        return [candidate.accounts.tolist() for candidate in self.candidates(unit_of, ignored)]


def world(*habits: Habit, accounts: int = 120, each: int = 20, seed: int = 0) -> World:
    """`accounts` with `each` conversations of random values, and these habits laid over them in order."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), each)
    zones = rng.integers(1, 2**32, (accounts * each, ZONE_SLOTS), np.uint32)
    values = []
    for habit in habits:
        start = habit.zone * SLOTS_PER_ZONE
        fixed = rng.integers(1, 2**32, SLOTS_PER_ZONE, np.uint32)[: habit.slots]
        rows = np.flatnonzero(np.isin(account, list(habit.accounts)) & (rng.random(len(account)) < habit.rate))
        zones[rows, start : start + habit.slots] = fixed
        only = np.zeros((1, ZONE_SLOTS), np.uint32)
        only[0, start : start + habit.slots] = fixed
        values.append(np.sort(keys_of(only)[only != 0]))
    rows_ = Conversations(account, zones)
    sample = PopulationSample(accounts)
    sample.add(rows_)
    return World(rows_, mine(rows_), np.full(accounts, each), sample.count(), values)


def sketch_rows(account: Ints, conversation: Ints, flags: Ints, zones: NDArray[np.uint32]) -> pa.Table:
    """The columns that the survey mines."""
    packed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(4 * ZONE_SLOTS), len(account), [None, pa.py_buffer(zones.astype("<u4").tobytes())]
    )
    columns = {"account": account, "conversation": conversation, "flags": flags.astype(np.int32), "zones": packed}
    columns["payload"] = np.arange(1, len(account) + 1)
    columns["projection"] = pa.array([bytes(PROJECTION_DIMENSIONS)] * len(account), pa.binary(PROJECTION_DIMENSIONS))
    return pa.table({name: columns[name] for name in SKELETON_COLUMNS})


def known(pseudonyms: Ints, **given: Any) -> Accounts:
    """Accounts by ascending pseudonym, each its own unit, about whom nothing else is known than what is `given`."""
    columns: dict[str, Any] = {f.name: np.zeros(len(pseudonyms), np.int64) for f in fields(Accounts)}
    columns |= {"account": pseudonyms, "unit": np.arange(len(pseudonyms)), "traits": {}, "rules": {}, "seen": {}}
    return Accounts(**(columns | given))
