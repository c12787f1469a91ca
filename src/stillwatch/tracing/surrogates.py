"""What a group would look like if its accounts knew nothing of each other: each keeps its own ways, moved in time.

Regularity, flatness and night work are an account's own business: production traces have honest clients of every
kind. So a null may not redraw an account's moments; it may only move them against the other accounts'. Two moves, for
two kinds of honest coincidence:

- `whole_days`: an account's days of one type (working day, weekend) change places within its life. Keeps the hour, the
  minute (jobs at full hours) and everything within the day; breaks what holds on one date.
- `dithered`: each day of an account slides by some minutes. Keeps the date and about the hour (a class, a release, an
  outage); breaks the order in which accounts come.

Whoever acts as one stands out beside both. Under independence the moved groups and the real one are exchangeable:
beside `whole_days` if an account's days of one type are, beside `dithered` if its minutes within the slide are.

Source: shift surrogates of parallel point processes, Stella, Bouss, Palm & Gruen (2022), eNeuro 9(3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DAY_US = 86_400_000_000
_SATURDAY = 5


def is_weekend(days: Ints) -> NDArray[np.bool_]:
    """Whether days since 1970-01-01, which was a Thursday, are a Saturday or Sunday (UTC)."""
    return np.asarray((days + 3) % 7 >= _SATURDAY)


def whole_days(ts_us: Ints, account: Ints, days: Ints, rng: np.random.Generator, draws: int) -> Ints:
    """(draws, n) `ts_us` with each account's days shuffled among those of their type between its first and its last.

    `account`: (n,) 0 .. accounts - 1. `days`: those that are looked at, ascending; every moment falls on one of them.
    """
    place = np.searchsorted(days, ts_us // DAY_US)
    first, last = _life(place, account)
    moved = np.broadcast_to(np.arange(len(days)), (draws, len(first), len(days))).copy()
    for columns in (np.flatnonzero(is_weekend(days)), np.flatnonzero(~is_weekend(days))):
        alive = (columns >= first[:, None]) & (columns <= last[:, None])
        here = np.argsort(~alive, axis=1, kind="stable")  # days of the life first, ascending
        there = np.argsort(np.where(alive, rng.random((draws, *alive.shape)), 2.0), axis=2)  # and in random order
        np.put_along_axis(moved, columns[here][None], columns[there], axis=2)
    return ts_us + (days[moved[:, account, place]] - days[place]) * DAY_US


def _life(place: Ints, account: Ints) -> tuple[Ints, Ints]:
    """Places of each account's first and last day; an account without exchanges has none in between."""
    accounts = int(account.max()) + 1
    first, last = np.full(accounts, place.max() + 1), np.full(accounts, -1)
    np.minimum.at(first, account, place)
    np.maximum.at(last, account, place)
    return first, last


def dithered(ts_us: Ints, account: Ints, slide_us: int, rng: np.random.Generator, draws: int) -> Ints:
    """(draws, n) `ts_us` with each account's day moved by one uniform offset within `slide_us` to either side."""
    day = ts_us // DAY_US
    _, bundle = np.unique(account * (day.max() + 1) + day, return_inverse=True)
    offsets = rng.integers(-slide_us, slide_us + 1, (draws, int(bundle.max()) + 1))
    return np.asarray(ts_us + offsets[:, bundle], np.int64)
