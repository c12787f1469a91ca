"""Conversations as the 32 slots that a sketch has under the alliance's key, one byte each, 0 where a slot is empty.

A template leaves the same bytes in the same slots, conversation after conversation, at every provider that sketches
under this key. One byte collides with one of 255 others, so one conversation says little and a guess of a text can
hardly be tested on it; many conversations of many accounts say enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.sketch.record import ZONE_SLOTS

VALUES = 256
MOST_OF_AN_ACCOUNT = 64
"""Conversations counted of one account: at one in ten, a template still shows six times."""

Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Shapes: account (n,) any integers that name accounts; slots (n, 32) uint8, one row a conversation."""

    account: NDArray[np.int64]
    slots: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.slots.shape != (len(self.account), ZONE_SLOTS):
            raise UsageError(f"traffic of the shape {self.slots.shape}", f"Give (conversations, {ZONE_SLOTS}) slots")
        if len(self.slots) and not self.slots.any():
            raise UsageError("these sketches were made without an alliance's key", "Sketch with --alliance-secret")

    @classmethod
    def of_sketches(cls, rows: pa.Table | pa.RecordBatch) -> Traffic:
        """One row for each conversation of each account; the sketches have account, conversation and alliance."""
        account = rows.column("account").to_numpy()
        conversation = rows.column("conversation").to_numpy()
        _, first = np.unique(np.stack([account, conversation], axis=1), axis=0, return_index=True)
        slots = np.frombuffer(b"".join(rows.column("alliance").to_pylist()), np.uint8).reshape(-1, ZONE_SLOTS)
        return cls(account[first], slots[first])

    def thinned(self) -> Traffic:
        """At most 64 conversations of each account, the first of them, sorted by account."""
        order = np.argsort(self.account, kind="stable")
        account = self.account[order]
        starts = np.flatnonzero(np.append(True, account[1:] != account[:-1]))
        place = np.arange(len(account)) - np.repeat(starts, np.diff(np.append(starts, len(account))))
        keep = order[place < MOST_OF_AN_ACCOUNT]
        return Traffic(self.account[keep], self.slots[keep])

    def weights(self) -> NDArray[np.float64]:
        """(n,) so that each account weighs one in all: a heavy account does not decide what is usual."""
        _, place, counts = np.unique(self.account, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / counts[place], np.float64)

    @property
    def accounts(self) -> int:
        return len(np.unique(self.account))


def shares(traffic: Traffic) -> Shares:
    """(32, 256): the average account's share of conversations with each value in each slot; column 0 (empty) is 0."""
    found = np.zeros((ZONE_SLOTS, VALUES))
    if not len(traffic.account):
        return found
    weights = traffic.weights() / traffic.accounts
    for slot in range(ZONE_SLOTS):
        found[slot] = np.bincount(traffic.slots[:, slot], weights, VALUES)
    found[:, 0] = 0.0
    return found
