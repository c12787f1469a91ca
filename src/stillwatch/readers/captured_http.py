"""Requests captured between a client and a server, as the project's own development corpus holds them.

A row has `run`, `dt` (seconds since the run began), `method`, `path`, `headers` and `body`. There is no account
and no clock time: the run's name stands for the account, and time is counted from `EPOCH_US`. What labels a run
(`label`, `client`) and what only the capture could see (`conn`, `seq`) is not read. A capture without bodies is read
like an exchange log without them.
"""

from __future__ import annotations

from msgspec import UNSET, Struct

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import Exchange, Principal
from stillwatch.exchange.wire import Number, Untyped, Word, decode
from stillwatch.readers.exchange_log import request_of, response_of
from stillwatch.readers.header_pairs import header_pairs
from stillwatch.readers.row_fields import Given, required_name, status_code

EPOCH_US = 1_700_000_000_000_000  # chosen: 2023-11-14, a date that no real capture here has

MAX_RUN_SECONDS = 10 * 365 * 86_400  # chosen: no capture runs for ten years


class Row(Struct, gc=False):
    """One captured request; a response and its status where the capture kept them."""

    run: Given = UNSET
    dt: Number = UNSET
    method: Word = UNSET
    path: Word = UNSET
    headers: Untyped = UNSET
    body: Untyped = UNSET
    status: Number = UNSET
    response: Untyped = UNSET


def read_row(line: bytes) -> list[Exchange]:
    """The exchange of one line; raise `MalformedRow` naming the field that is wrong."""
    row = decode(Row, line, "line")
    if not isinstance(row.path, str):
        raise MalformedRow("path is missing" if row.path is UNSET else "path is not a string")
    status = status_code(row.status)
    dialect, request = request_of(row.path, row.body)
    return [
        Exchange(
            ts_us=_time_us(row.dt),
            principal=Principal(account=required_name(row.run, "run")),
            path=row.path,
            dialect=dialect,
            request=request,
            response=response_of(dialect, row.response, status),
            headers=header_pairs(row.headers),
            method=row.method if isinstance(row.method, str) else "POST",
            status=status,
        )
    ]


def _time_us(dt: Number) -> int:
    if not isinstance(dt, (int, float)):
        raise MalformedRow("dt is missing" if dt is UNSET else "dt is not a number")
    if not 0 <= dt <= MAX_RUN_SECONDS:
        raise MalformedRow("dt is not seconds since the run began")
    return EPOCH_US + round(dt * 1e6)
