"""When each account of a log moves to a model that is released while the log runs.

A release is a model that nobody asks for at first and many accounts use later. An account *switches* when it asks the
older models after the release, then the new one within a day of the log's clock, and keeps to it. Who first comes back
after the release and asks the new model at once has not been seen to decide: evaluations that run on a release day, and
names like "latest" that the provider moves for everybody, look like that.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.tracing.activity import DAY_US, elapsed_us
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DAYS_WITHOUT = 1  # a release has at least so many days of the log before it
_ACCOUNTS_AT_LEAST = 20  # chosen: a model of fewer is somebody's own
_ACCOUNTS_SHARE = 0.02  # chosen: likewise in a large log
RELEASES_AT_MOST = 4  # each costs a pass over the table; the most used ones count
BEFORE_AT_LEAST, AFTER_AT_LEAST = 5, 3  # exchanges: to have had a habit, and to have kept to the new one
_KEPT = 0.75  # chosen: who compares two models asks both, and has not moved
_NEVER = 1 << 62


@dataclass(frozen=True)
class Switches:
    """One release and, of each account of the log (dense index), what it did. Arrays have shape (accounts,)."""

    release_us: int
    is_at_risk: Bools  # had a habit, and asked an older model after the release: could be seen to switch
    switched_us: Ints  # when it did, on the log's clock, which leaves out days without traffic; -1 if it did not
    busy_days: (
        Ints  # with an exchange since the release: who comes daily can be seen to switch, who comes weekly cannot
    )

    def hours_after(self, at_us: int, days: Ints) -> float:
        """Hours of the log's clock from the release to a moment on it."""
        return (at_us - int(elapsed_us(np.array([self.release_us]), days)[0])) / 3.6e9


def switches(table: ibis.Table, found: Accounts, days: Ints) -> tuple[Switches, ...]:
    """One entry for each release in `table`, the most used first; `days`: those with traffic, ascending."""
    return tuple(_switches(table, found, days, *release) for release in _releases(table, len(found), days))


def _releases(table: ibis.Table, accounts: int, days: Ints) -> list[tuple[int, int]]:
    """(model, first moment) of those models that appear after the log's first days and become common."""
    uses = table.filter(table.model != 0).group_by("model", "account").aggregate(first_us=table.ts_us.min())
    models = uses.group_by("model").aggregate(accounts=uses.count().cast("int64"), first_us=uses.first_us.min())
    model, used_by, first_us = _columns(models.to_pyarrow(), "model", "accounts", "first_us")
    is_new = np.searchsorted(days, first_us // DAY_US) >= _DAYS_WITHOUT
    is_common = used_by >= max(_ACCOUNTS_AT_LEAST, _ACCOUNTS_SHARE * accounts)
    chosen = np.flatnonzero(is_new & is_common)
    chosen = chosen[np.lexsort((model[chosen], -used_by[chosen]))][:RELEASES_AT_MOST]
    return [(int(model[i]), int(first_us[i])) for i in chosen]


def _switches(table: ibis.Table, found: Accounts, days: Ints, model: int, release_us: int) -> Switches:
    rows = _moves(table, model).to_pyarrow()
    account, *numbers = _columns(rows, "account", "moved_us", "left_us", "before", "after", "on_new")
    place = found.index(account)
    moved_us, left_us, before, after, on_new = (_spread(of, place, len(found)) for of in numbers)
    is_at_risk = (before >= BEFORE_AT_LEAST) & (left_us >= release_us)
    moved, left = elapsed_us(np.minimum(moved_us, days[-1] * DAY_US + DAY_US - 1), days), elapsed_us(left_us, days)
    keeps = (after >= AFTER_AT_LEAST) & (on_new >= _KEPT * after)
    did = is_at_risk & (moved_us < _NEVER) & keeps & (moved - left <= DAY_US)
    return Switches(release_us, is_at_risk, np.where(did, moved, -1), _busy_days(table, found, release_us))


def _moves(table: ibis.Table, model: int) -> ibis.Table:
    """Of each account: its first exchange on the new model, the last before that, and counts on both sides."""
    new = table.filter(table.model == model).group_by("account").aggregate(moved_us=table.ts_us.min())
    rows = table.select("account", "ts_us", "model").left_join(new, "account")
    rows = rows.select("account", "ts_us", "model", moved_us=rows.moved_us.fill_null(_NEVER))
    is_before = rows.ts_us < rows.moved_us
    return rows.group_by("account").aggregate(
        moved_us=rows.moved_us.min(),
        left_us=ibis.ifelse(is_before, rows.ts_us, 0).max(),
        before=_count(is_before),
        after=_count(rows.ts_us >= rows.moved_us),
        on_new=_count(rows.model == model),
    )


def _busy_days(table: ibis.Table, found: Accounts, since_us: int) -> Ints:
    days = table.filter(table.ts_us >= since_us).select("account", "day").distinct()
    rows = days.group_by("account").aggregate(days=days.count().cast("int64")).to_pyarrow()
    account, count = _columns(rows, "account", "days")
    return _spread(count, found.index(account), len(found))


def _count(condition: ibis.expr.types.BooleanValue) -> ibis.expr.types.IntegerScalar:
    return condition.nullif(False).count().cast("int64")


def _columns(rows: pa.Table, *names: str) -> list[Ints]:
    return [rows.column(name).to_numpy().astype(np.int64) for name in names]


def _spread(values: Ints, place: Ints, accounts: int) -> Ints:
    """One value for each account of the log, in its order."""
    spread = np.zeros(accounts, np.int64)
    spread[place] = values
    return spread
