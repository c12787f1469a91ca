"""Accounts of strangers that ask about the very same things, without a word in common: shares of one pool.

Everybody has subjects of his own: between ordinary people lies about 3 % of the variance of what they ask. Whoever
deals a pool of questions out to accounts leaves none of that, however differently each question is worded and however
humanly they are timed. So here accounts hang together that *cannot be told apart although both have said enough*: the
squared distance of their mean subjects, less what chance explains, is surely below `SAME_SUBJECTS`.

1. Of each account its nearest ones among these are its neighbours; Leiden communities of them are the first pools.
2. A pool has a centre. Who cannot be told apart from it belongs to it; twice more, with the centre of those.

Null: strangers differ in what they ask about. Assumption: subjects show in the words of first requests. Known
weakness: a dozen conversations an account at least; blind where an operator deals out by topic, and where most
conversations are cover. Whoever has no subjects of his own falls into one group with his like: resellers, whose
customers ask about everything, users of one question set, a class in its course, licensed makers of training data.
So this finds candidates and is no verdict.
Source: our own, from the design's pilot of complementarity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.communities import communities
from stillwatch.tracing.skeleton import place_in_account
from stillwatch.tracing.subjects import Subjects

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SAME_SUBJECTS = 0.02
"""Squared distance of means per dimension, in variances within an account: a third of what is usual between people."""
SURELY = 2.0  # standard deviations
UNITS_AT_LEAST = 5
"""Units of a pool: among thousands of people three or four with the same interests can always be found."""
EVERYBODY = 0.2
"""Of all accounts that said enough: more of them are no pool but the usual customer, or a log without subjects."""
_FEW_ACCOUNTS = 200  # of a smaller log a campaign may be a good part
_RESOLUTION = 0.3  # as templates: three in ten pairs of a pool are neighbours
_NEIGHBOURS = 64
_SEARCHED_AT_MOST = 20_000  # accounts compared with each other; pools found among them take in all others
_BLOCK = 512
_ROUNDS = 3
_NO_VARIANCE = 1e-6


@dataclass(frozen=True)
class Pool:
    """Accounts (dense indices, ascending) and the centre of what they ask about, as `Space` measures it."""

    accounts: Ints
    centre: Floats
    variance: float  # of the centre, per dimension


@dataclass(frozen=True)
class Space:
    """Where mean subjects lie: whitened so that a conversation has variance 1 within its account.

    `place`: (accounts, 64); `variance`: (accounts,) of each place, per dimension.
    """

    account: Ints
    unit: Ints
    place: Floats
    variance: Floats

    @classmethod
    def of(cls, subjects: Subjects, unit_of: Ints, within: Floats) -> Space:
        """`within` whitens: that of the hunted log, for its own accounts and for those they are compared with."""
        values, vectors = np.linalg.eigh(within)
        kept = values > max(values[-1] * _NO_VARIANCE, 0.0)
        if not kept.any():  # nobody said enough, or everybody always the same
            return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0)), np.empty(0))
        white = vectors[:, kept] / np.sqrt(values[kept])
        variance = subjects.scatter / np.maximum(subjects.conversations, 1)
        return cls(subjects.account, unit_of[subjects.account], subjects.mean @ white, variance)

    def near(self, centre: Floats, variance: float) -> NDArray[np.bool_]:
        """(accounts,) Who can surely not be told apart from a place."""
        distance = ((self.place - centre) ** 2).mean(axis=1)
        return _is_same(distance, self.variance + variance, self.place.shape[1])

    def far(self, centre: Floats, variance: float) -> NDArray[np.bool_]:
        """(accounts,) Who surely asks about other things."""
        excess = ((self.place - centre) ** 2).mean(axis=1) - self.variance - variance
        doubt = np.sqrt(2 / self.place.shape[1]) * (self.variance + variance)
        return np.asarray(excess - SURELY * doubt > SAME_SUBJECTS, np.bool_)

    def __len__(self) -> int:
        return len(self.account)


def pools(space: Space) -> list[Pool]:
    """Pools of at least `UNITS_AT_LEAST` units, disjoint, the largest first; not what everybody asks about."""
    if len(space) < UNITS_AT_LEAST:
        return []
    free = np.ones(len(space), bool)
    found = []
    for seeds in sorted(_first(space), key=len, reverse=True):
        pool = _settled(space, seeds[free[seeds]], free)
        if pool is not None:
            free[np.searchsorted(space.account, pool.accounts)] = False
            if len(pool.accounts) <= EVERYBODY * max(len(space), _FEW_ACCOUNTS):
                found.append(pool)
    return sorted(found, key=lambda pool: -len(pool.accounts))


def _is_same(distance: Floats, variance: Floats, dimensions: int) -> NDArray[np.bool_]:
    """Squared distances (per dimension) of places whose differences have this variance by chance."""
    return np.asarray(distance - variance + SURELY * np.sqrt(2 / dimensions) * variance < SAME_SUBJECTS, np.bool_)


def _first(space: Space) -> list[Ints]:
    """Communities of neighbours: places in `space`."""
    left, right = _neighbours(space)
    groups = communities(len(space), left, right, np.ones(len(left)), _RESOLUTION)
    return [group for group in groups if len(np.unique(space.unit[group])) >= UNITS_AT_LEAST]


def _neighbours(space: Space) -> tuple[Ints, Ints]:
    """Pairs left < right of different units that cannot be told apart, the nearest of each.

    With a_i = |x_i|^2 / k less what chance adds to it, a pair is one if a_i + a_j - 2 x_i x_j / k < `SAME_SUBJECTS`:
    one product of matrices in single precision.
    """
    some = np.sort(np.random.default_rng(1).permutation(len(space))[:_SEARCHED_AT_MOST])
    dimensions = space.place.shape[1]
    place = (space.place[some] * np.sqrt(2 / dimensions)).astype(np.float32)
    certain = space.variance[some] * (1.0 - SURELY * np.sqrt(2 / dimensions))
    length = ((place.astype(np.float64) ** 2).sum(axis=1) / 2 - certain).astype(np.float32)
    pairs = [_of_block(place, length, space.unit[some], start) for start in range(0, len(some), _BLOCK)]
    left, right = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    return some[left], some[right]


def _of_block(place: NDArray[np.float32], length: NDArray[np.float32], unit: Ints, start: int) -> tuple[Ints, Ints]:
    """Pairs of the rows from `start` on with later ones."""
    rows = slice(start, start + _BLOCK)
    excess = place[rows] @ -place[start:].T
    excess += length[rows, None]
    excess += length[start:]
    left, right = np.nonzero(excess < SAME_SUBJECTS)
    kept = (left < right) & (unit[start:][left] != unit[start:][right])
    left, right = left[kept], right[kept]
    order = np.lexsort((excess[left, right], left))
    nearest = np.sort(order[place_in_account(left[order]) < _NEIGHBOURS])
    return left[nearest] + start, right[nearest] + start


def _settled(space: Space, members: Ints, free: NDArray[np.bool_]) -> Pool | None:
    """The pool around these members; None where too few remain."""
    for _ in range(_ROUNDS):
        if len(np.unique(space.unit[members])) < UNITS_AT_LEAST:
            return None
        around = _around(space, members)
        members = np.flatnonzero(space.near(around.centre, around.variance) & free)
    enough = len(np.unique(space.unit[members])) >= UNITS_AT_LEAST
    return replace(around, accounts=space.account[members]) if enough else None


def _around(space: Space, members: Ints) -> Pool:
    weight = 1.0 / np.maximum(space.variance[members], _NO_VARIANCE)
    centre = np.average(space.place[members], axis=0, weights=weight)
    return Pool(space.account[members], centre, float(1.0 / weight.sum()))


def units_near(pool: Pool, space: Space) -> int:
    """How many units of another log cannot be told apart from a pool."""
    return len(np.unique(space.unit[space.near(pool.centre, pool.variance)]))


def pool_of(space: Space, accounts: Ints) -> Pool:
    """The pool that these accounts make; those of `space` decide, at least one of them."""
    return _around(space, np.flatnonzero(np.isin(space.account, accounts)))
