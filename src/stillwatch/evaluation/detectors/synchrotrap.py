"""Baseline: accounts that do the same things at the same times, after SynchroTrap.

An action is a day together with an object: an address, a card, or a value of a prompt's template. Two accounts of
different organisations are as alike as their sets of actions (Jaccard); those more alike than any three benign accounts
form rings. Independent users of one tool look just like a ring to it.

Source: Cao, Yang, Yu & Palow (2014), CCS, sections 4 and 5. Theirs bins by the minute and joins in several stages; the
objects and the day are ours, because campaigns spread over days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from stillwatch.evaluation.detector import Entry, Look, Watch
from stillwatch.evaluation.rows import Rows, read_rows
from stillwatch.evaluation.threshold import halves
from stillwatch.evaluation.world import World
from stillwatch.sketch.record import SLOTS_PER_ZONE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RING_AT_LEAST = 3
MOST_SHARERS = 300
"""An action of more accounts than this joins nobody: a campus, a carrier's gateway, a famous tool."""
UNCALIBRATED = 0.5  # chosen: without a benign log, half of all actions in common
_GRID = np.arange(1, 20) / 20
_OBJECTS = ("ip", "payment")


@dataclass(frozen=True)
class SynchroTrap:
    """Rings of like accounts."""

    name: str = "synchrotrap"
    title: str = "Co-occurrence"
    idea: str = (
        "Accounts that share addresses, cards and template values on the same days (after SynchroTrap, Cao et al. "
        "2014)."
    )
    has_rings: bool = True
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        columns = [*_OBJECTS, "zones"]
        traffic = read_rows(world.ledger, columns)
        if world.benign is None:
            return lambda day: _look(world, day, likeness(traffic.through(day)), UNCALIBRATED, Likeness.nothing())
        benign = read_rows(world.benign, columns)
        setting = benign.of(halves(benign.account)[1])

        def watch(day: int) -> Look:
            calm = likeness(setting.through(world.benign_day(day)))
            return _look(world, day, likeness(traffic.through(day)), calm_threshold(calm), calm)

        return watch


@dataclass(frozen=True)
class Likeness:
    """Pairs of accounts of different organisations, and how alike they are; `left`, `right` index `accounts`."""

    accounts: Ints
    left: Ints
    right: Ints
    jaccard: Floats

    @classmethod
    def nothing(cls) -> Likeness:
        none = np.empty(0, np.int64)
        return cls(none, none, none, np.empty(0))

    def rings(self, threshold: float) -> list[Ints]:
        """Components of pairs at least so alike, as indices into `accounts`."""
        kept = self.jaccard >= threshold
        count = len(self.accounts)
        graph = coo_array((np.ones(kept.sum()), (self.left[kept], self.right[kept])), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        order = np.argsort(label, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        return [group for group in groups if len(group) >= RING_AT_LEAST]

    def closest(self) -> Floats:
        """For each account, how alike its most alike stranger is."""
        most = np.zeros(len(self.accounts))
        for side in (self.left, self.right):
            np.maximum.at(most, side, self.jaccard)
        return most


def likeness(rows: Rows) -> Likeness:
    """Compare all accounts that have an action in common."""
    accounts, account = np.unique(rows.account, return_inverse=True)
    if not len(accounts):
        return Likeness.nothing()
    unit = np.zeros(len(accounts), np.int64)
    unit[account] = rows.unit
    who, action, sharers = _actions(account, rows)
    size = np.bincount(who, minlength=len(accounts)).astype(np.float64)
    is_shared = (sharers[action] > 1) & (sharers[action] <= MOST_SHARERS)
    held = csr_array(
        (np.ones(is_shared.sum()), (who[is_shared], action[is_shared])), shape=(len(accounts), len(sharers))
    )
    both = coo_array(held @ held.T)
    left, right = (np.asarray(side, np.int64) for side in both.coords)
    kept = (left < right) & (unit[left] != unit[right])
    left, right, common = left[kept], right[kept], both.data[kept]
    return Likeness(accounts, left, right, common / (size[left] + size[right] - common))


def _actions(account: Ints, rows: Rows) -> tuple[Ints, Ints, Ints]:
    """Distinct pairs of an account and an action, both dense, and how many accounts share each action."""
    objects = [rows.columns[name] for name in _OBJECTS]
    objects += [rows.zones[:, first].astype(np.int64) for first in range(0, rows.zones.shape[1], SLOTS_PER_ZONE)]
    known = [values != 0 for values in objects]
    mixed = [
        _mixed(v[is_known], rows.day[is_known] * 16 + kind)
        for kind, (v, is_known) in enumerate(zip(objects, known, strict=True))
    ]
    who = np.concatenate([account[is_known] for is_known in known])
    _, action = np.unique(np.concatenate(mixed), return_inverse=True)
    accounts = int(account.max()) + 1
    pairs = np.unique(action.astype(np.int64) * accounts + who)
    who, action = pairs % accounts, pairs // accounts
    return who, action, np.bincount(action)


def _mixed(values: Ints, salt: Ints) -> Ints:
    """A 64-bit mix of both (the finaliser of splitmix64): collisions are too rare to matter."""
    x = values.astype(np.uint64) ^ (salt.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((x ^ (x >> np.uint64(31))).view(np.int64))


def calm_threshold(benign: Likeness) -> float:
    """The least likeness of a grid at which benign accounts form no ring; above 1, where they always do."""
    return float(next((step for step in _GRID if not benign.rings(step)), 1.01))


def _look(world: World, day: int, found: Likeness, threshold: float, benign: Likeness) -> Look:
    names = [world.name_of(account) for account in found.accounts.tolist()]
    rings = [tuple(sorted(names[i] for i in ring.tolist())) for ring in found.rings(threshold)]
    may_act = world.benign is not None
    return Look(
        day=day,
        scores=dict(zip(names, found.closest().tolist(), strict=True)),
        acted=tuple(sorted(name for ring in rings for name in ring)) if may_act else (),
        entries=tuple(Entry(ring, "act" if may_act else "campaign") for ring in rings),
        benign_scores=tuple(np.sort(benign.closest()).tolist()),
    )
