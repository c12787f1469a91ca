"""When each account of a log came, left, and how much it sent: what a group's comings and goings are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Activity:
    """`days` with traffic, ascending; of each account (dense index) its exchanges, its first and its last moment."""

    days: Ints
    exchanges: Ints
    first_us: Ints
    last_us: Ints

    def elapsed_us(self, ts_us: Ints) -> Ints:
        """Moments on the log's own clock."""
        return elapsed_us(ts_us, self.days)

    @property
    def span_us(self) -> int:
        return len(self.days) * DAY_US


def elapsed_us(ts_us: Ints, days: Ints) -> Ints:
    """Moments on a clock that runs on `days` only, ascending: half of a log's days may have been left out."""
    return np.asarray(np.searchsorted(days, ts_us // DAY_US) * DAY_US + ts_us % DAY_US, np.int64)


def activity(table: ibis.Table, found: Accounts) -> Activity:
    """The activity of the accounts of `table`, who are `found`; the engine is asked for the days only."""
    return Activity(days_of(table), found.exchanges, found.first_us, found.last_us)


def days_of(table: ibis.Table) -> Ints:
    """Days with traffic, ascending."""
    days = table.select("day").distinct().to_pyarrow().column("day").to_numpy()
    return np.sort(days.astype(np.int64))
