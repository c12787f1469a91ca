"""Some accounts of the whole log with some exchanges of each: what a group is compared with where counting all is dear.

Pseudonyms and ids are keyed hashes, so the accounts with the lowest pseudonyms are a uniform sample that nobody can get
into or out of, and one run of rows in segments that are sorted by account. Which rows are in it depends neither on
their order nor on the days they come by. Weakness: what fewer than one in thousands of accounts say is seldom in it.
"""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import schema
from stillwatch.tracing.strata import asks
from stillwatch.tracing.survey import Accounts

Ints = NDArray[np.int64]

ROWS_AT_MOST = 200_000
"""Chosen: 400 of the heaviest accounts or thousands of ordinary ones, and 13 MB of the widest column."""
ROWS_PER_ACCOUNT = 512


def some_accounts(found: Accounts) -> Ints:
    """Dense indices of the sampled accounts; all of them in a small log."""
    rows = np.minimum(found.exchanges, ROWS_PER_ACCOUNT)
    return np.arange(len(found))[: int(np.searchsorted(np.cumsum(rows), ROWS_AT_MOST, side="right")) or 1]


def bystanders(table: ibis.Table, found: Accounts, thinned_by: str) -> ibis.Table:
    """The rows of `some_accounts` that ask a model to answer, heavy accounts thinned to about `ROWS_PER_ACCOUNT`.

    `thinned_by`: "exchange_id" keeps single exchanges, "conversation" whole conversations.
    """
    chosen = some_accounts(found)
    last = int(found.account[chosen[-1]]) if len(chosen) else -1
    near = table.filter((table.account <= last) & asks(table.flags))
    sizes = near.group_by("account").aggregate(sent=near.count().cast("int64"))
    joined = near.inner_join(sizes, "account")
    step = (joined["sent"] + (ROWS_PER_ACCOUNT - 1)) // ROWS_PER_ACCOUNT
    return joined.filter(joined[thinned_by] % step == 0)


def fixed_width(rows: pa.Table) -> pa.Table:
    """Binary columns of an engine's answer with the widths that the sketch gives them."""
    known = schema()
    for place, name in enumerate(rows.column_names):
        if name in known.names and pa.types.is_fixed_size_binary(known.field(name).type):
            rows = rows.set_column(place, name, rows.column(name).cast(known.field(name).type))
    return rows
