"""When every account of a log sent: moments in tenths of a second, account after account, four bytes an exchange.

A group's exchanges are thinned, evenly over time, where an account sent many; evenly thinned moments are regular by
construction and show nothing of how accounts fit together. So the families of time read the moments here.
Measured at 16 million exchanges of 30,000 accounts: see docs/families/timing.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

DAY_US = 86_400_000_000
TENTH_US = 100_000
_TENTHS_A_DAY = DAY_US // TENTH_US
_TENTHS_BITS = 32  # thirteen years of days with traffic


@dataclass(frozen=True)
class Activity:
    """Who sent when, on the log's clock, which runs on `days` only: account i (dense index) sent
    `tenths[start[i]:start[i + 1]]`, ascending, in tenths of a second since the first of the days.
    """

    days: Ints  # with traffic, ascending
    start: Ints  # (accounts + 1,)
    tenths: NDArray[np.uint32]

    @property
    def exchanges(self) -> Ints:
        """(accounts,)"""
        return np.asarray(np.diff(self.start), np.int64)

    def moments(self, accounts: Ints) -> tuple[Ints, Ints]:
        """Moments in UTC microseconds and, for each, the place in `accounts` of who sent; account after account."""
        sizes = self.exchanges[accounts]
        who = np.repeat(np.arange(len(accounts)), sizes)
        place = np.arange(len(who)) + np.repeat(self.start[accounts] - (np.cumsum(sizes) - sizes), sizes)
        day, tenth = np.divmod(self.tenths[place].astype(np.int64), _TENTHS_A_DAY)
        return self.days[day] * DAY_US + tenth * TENTH_US, who

    def first_elapsed_us(self) -> Ints:
        """(accounts,) Each account's first moment on the log's clock; every account has sent something."""
        return self.tenths[self.start[:-1]].astype(np.int64) * TENTH_US

    def last_elapsed_us(self) -> Ints:
        """(accounts,) Each account's last moment on the log's clock."""
        return self.tenths[self.start[1:] - 1].astype(np.int64) * TENTH_US


def elapsed_us(ts_us: Ints, days: Ints) -> Ints:
    """Moments on a clock that runs on `days` only, ascending: half of a log's days may have been left out."""
    return np.asarray(np.searchsorted(days, ts_us // DAY_US) * DAY_US + ts_us % DAY_US, np.int64)


def activity(table: ibis.Table, found: Accounts) -> Activity:
    """The activity of the accounts of `table`, who are `found`; read a day at a time."""
    days = days_of(table)
    keys = np.empty(int(found.exchanges.sum()), np.int64)
    filled = 0
    for day in days:
        rows = table.filter(table.day == int(day)).select("account", "ts_us").to_pyarrow()
        account, ts_us = (rows.column(name).to_numpy() for name in ("account", "ts_us"))
        keys[filled : filled + len(rows)] = keys_of(found.index(account), ts_us, days)
        filled += len(rows)
    return by_account(days, keys, len(found))


def keys_of(account: Ints, ts_us: Ints, days: Ints) -> Ints:
    """One key an exchange: the account's dense index in the upper half, tenths on the log's clock in the lower."""
    return np.asarray((account << _TENTHS_BITS) | (elapsed_us(ts_us, days) // TENTH_US), np.int64)


def by_account(days: Ints, keys: Ints, accounts: int) -> Activity:
    """From the keys of all exchanges, which are sorted in place."""
    keys.sort()
    start = np.searchsorted(keys, np.arange(accounts + 1, dtype=np.int64) << _TENTHS_BITS)
    return Activity(days, start.astype(np.int64), (keys & ((1 << _TENTHS_BITS) - 1)).astype(np.uint32))


def days_of(table: ibis.Table) -> Ints:
    """Days with traffic, ascending."""
    days = table.select("day").distinct().to_pyarrow().column("day").to_numpy()
    return np.sort(days.astype(np.int64))
