"""What accounts ask about, in a few numbers each: the mean and scatter of their conversations' subjects.

A subject is the sketch's projection of the first request of a conversation. Of each account at most
`CONVERSATIONS_AT_MOST` conversations count, and only accounts with `CONVERSATIONS_AT_LEAST` of them are kept: of fewer
nobody can say whether they have subjects of their own. Of very many accounts a fair part is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.keyed_hash import mix
from stillwatch.sketch.record import PROJECTION_DIMENSIONS
from stillwatch.tracing.skeleton import place_in_account

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CONVERSATIONS_AT_LEAST = 12
"""The mean of so many lies within a tenth of their variance of what the account asks about."""
CONVERSATIONS_AT_MOST = 96
"""Counted of an account, those with the least hashes: more would not move its mean by a tenth of what parts people."""
ACCOUNTS_AT_MOST = 100_000
"""Kept of all, chosen by their pseudonyms: 50 MB."""
_NO_SPREAD = 1e-9
_EXACT_ROWS = 1_024  # whose products of int8 add up to less than 2^24: exact in single precision, in any order
_BITS = 32  # of a word that decides which accounts are kept; the others leave room for their number


@dataclass(frozen=True)
class Subjects:
    """Accounts by ascending dense index. `mean`: (accounts, 64); `scatter`: mean squared distance of a conversation
    from it, summed over dimensions and divided by what is usual within an account.

    `within`: (64, 64) covariance of conversations within accounts, of all accounts together.
    """

    account: Ints
    conversations: Ints
    mean: Floats
    scatter: Floats
    within: Floats

    def __len__(self) -> int:
        return len(self.account)


NO_SUBJECTS = Subjects(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty((0, PROJECTION_DIMENSIONS)),
    np.empty(0),
    np.zeros((PROJECTION_DIMENSIONS, PROJECTION_DIMENSIONS)),
)


class SubjectCount:
    """Collects them from parts of whole accounts, in any order of parts."""

    def __init__(self, pseudonyms: Ints) -> None:
        """`pseudonyms` of all accounts, by dense index."""
        place = mix(pseudonyms.astype(np.uint64)) >> np.uint64(_BITS)
        self._is_kept = place * max(len(pseudonyms), 1) < np.uint64(ACCOUNTS_AT_MOST << (64 - _BITS))
        self._account: list[Ints] = []
        self._count: list[Ints] = []
        self._sum: list[NDArray[np.float32]] = []
        self._square: list[NDArray[np.float32]] = []
        self._within = np.zeros((PROJECTION_DIMENSIONS, PROJECTION_DIMENSIONS))

    def add(self, account: Ints, projection: NDArray[np.int8]) -> None:
        """Conversations of whole accounts, ascending by dense index `account` (n,); `projection`: (n, 64)."""
        some = place_in_account(account) < CONVERSATIONS_AT_MOST
        account, projection = account[some], projection[some]
        accounts, counts = np.unique(account, return_counts=True)
        wanted = self._is_kept[accounts] & (counts >= CONVERSATIONS_AT_LEAST)
        rows = np.repeat(wanted, counts)
        if not rows.any():
            return
        values = projection[rows].astype(np.float32)  # sums of squares of int8 are exact in it
        counts = counts[wanted]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        total = np.add.reduceat(values, starts, axis=0)
        self._account.append(accounts[wanted])
        self._count.append(counts)
        self._sum.append(total)
        self._square.append(np.add.reduceat(values**2, starts, axis=0))
        for start in range(0, len(values), _EXACT_ROWS):
            block = values[start : start + _EXACT_ROWS]
            self._within += block.T @ block
        self._within -= (total / counts[:, None]).T @ total.astype(np.float64)

    def all(self) -> Subjects:
        if not self._account:
            return NO_SUBJECTS
        account, count = np.concatenate(self._account), np.concatenate(self._count)
        total, square = (np.concatenate(parts).astype(np.float64) for parts in (self._sum, self._square))
        mean = total / count[:, None]
        within = self._within / max(int((count - 1).sum()), 1)
        spread = (square - mean * total) / (count - 1)[:, None]
        usual = np.maximum(np.diag(within), _NO_SPREAD)
        order = np.argsort(account)
        return Subjects(account[order], count[order], mean[order], (spread / usual).mean(axis=1)[order], within)
