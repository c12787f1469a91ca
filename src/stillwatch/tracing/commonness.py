"""How common is a skeleton value among people who have nothing to do with each other?

"How do i", "you are a helpful assistant" and the wrapper of a popular tool recur in many accounts. Two measures:

- `Population.share`: the average account's share of conversations that hold a value, from a sample of a few
  conversations an account, so that one heavy account does not decide what is common.
- `independent_units`: how many organisations of a *benign* reference repeat a value. A skeleton that some of them
  use is a tool, not an operator's secret, and carries no weight (design, decision 5).

Known weakness: without a benign reference a campaign that is a large part of the log makes its own wrapper look
common; `template.is_skeleton` therefore accepts a value that dominates its account whatever its share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.skeleton import Conversations, Keys, Repeated, keys_of, place_in_account

SAMPLED_CONVERSATIONS = 300_000
"""Conversations of the whole population whose values are kept: 60 MB of keys."""


@dataclass(frozen=True, slots=True)
class Population:
    """Values by the average account's share of conversations with them. `keys` is sorted."""

    keys: Keys
    shares: NDArray[np.float64]
    accounts: int

    def share(self, keys: Keys) -> NDArray[np.float64]:
        """The share of each key; at least half an account's worth, for what the sample did not meet."""
        floor = 0.5 / max(self.accounts, 1)
        if len(self.keys) == 0:
            return np.full(len(keys), floor)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, np.maximum(self.shares[at], floor), floor)


class PopulationSample:
    """Collects a few conversations of each account, then counts."""

    def __init__(self, accounts: int) -> None:
        self.each = max(1, min(8, SAMPLED_CONVERSATIONS // max(accounts, 1)))
        self._accounts = 0
        self._keys: list[Keys] = []
        self._weights: list[NDArray[np.float64]] = []

    def add(self, rows: Conversations) -> None:
        """Take the first conversations of each account in `rows` (they are in hash order: as good as random)."""
        keep = place_in_account(rows.account) < self.each
        account, zones = rows.account[keep], rows.zones[keep]
        _, place, taken = np.unique(account, return_inverse=True, return_counts=True)
        self._accounts += len(taken)
        flat = zones != 0
        self._keys.append(keys_of(zones)[flat])
        self._weights.append(np.broadcast_to((1.0 / taken[place])[:, None], zones.shape)[flat])

    def count(self) -> Population:
        if not self._keys:
            return Population(np.empty(0, np.uint64), np.empty(0, np.float64), 0)
        keys, weights = np.concatenate(self._keys), np.concatenate(self._weights)
        order = np.argsort(keys)
        keys, weights = keys[order], weights[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
        shares = np.add.reduceat(weights, starts) / max(self._accounts, 1) if len(starts) else weights
        often = shares > 1.0 / max(self._accounts, 1)  # what one account alone says is below the floor's interest
        return Population(keys[starts][often], shares[often], self._accounts)


@dataclass(frozen=True, slots=True)
class CommonSkeletons:
    """Values that organisations of a benign reference repeat, and how many of them do. `keys` is sorted."""

    keys: Keys
    units: NDArray[np.int64]

    def independent_units(self, keys: Keys) -> NDArray[np.int64]:
        if len(self.keys) == 0:
            return np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.units[at], 0)


def common_skeletons(repeated: Repeated, unit_of: NDArray[np.int64]) -> CommonSkeletons:
    """Count the units (organisations) that repeat each value. `unit_of`: unit of each account index."""
    pairs = np.unique(np.stack([repeated.key, unit_of[repeated.account].astype(np.uint64)], axis=1), axis=0)
    keys, units = np.unique(pairs[:, 0], return_counts=True)
    return CommonSkeletons(keys, units.astype(np.int64))
