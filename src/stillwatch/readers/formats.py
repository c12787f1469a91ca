"""The log formats, and how the first row of a log gives its format away."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import Exchange
from stillwatch.exchange.wire import elements, members
from stillwatch.readers import captured_http, exchange_log, litellm, otel_genai

RowReader = Callable[[bytes], Sequence[Exchange | MalformedRow]]
"""Takes one row: a line, an indented document or a Parquet row as JSON. A row that is nothing of its format
raises `MalformedRow`; one of several exchanges in a row that is malformed stands as a value between the others.
"""

READERS: dict[str, RowReader] = {
    "exchange_log": exchange_log.read_row,
    "captured_http": captured_http.read_row,
    "litellm": litellm.read_row,
    "otel_genai": otel_genai.read_row,
}
_KEY = re.compile(rb'"([A-Za-z_]{1,64})"\s*:')
_KEYS_LOOKED_AT = 512


def recognise(head: bytes) -> str:
    """The format of a log that begins with `head`; an exchange log where nothing speaks for another."""
    first = next((line for line in head.split(b"\n") if line.strip()), b"").strip().removeprefix(b"\xef\xbb\xbf")
    fields = _fields_of(first) or _names_in(head)
    for format_name, is_one in _SIGNS.items():
        if is_one(fields):
            return format_name
    return "exchange_log"


def recognise_columns(names: list[str]) -> str:
    """The format of a Parquet file with these columns."""
    return next((name for name, is_one in _SIGNS.items() if is_one(set(names))), "exchange_log")


_SIGNS: dict[str, Callable[[set[str]], bool]] = {
    "exchange_log": lambda f: "ts_us" in f,
    "captured_http": lambda f: {"run", "dt"} <= f and bool(f & {"path", "body"}),
    "litellm": lambda f: {"call_type", "startTime"} <= f,
    "otel_genai": lambda f: bool(f & {"resourceSpans", "resource_spans"}) or {"context", "attributes"} <= f,
}


def _fields_of(first: bytes) -> set[str]:
    """The field names of a whole first row, or of the first item if the row is a list."""
    row = next(iter(elements(first)), None) if first[:1] == b"[" else first
    return set(members(row)) if row is not None else set()


def _names_in(head: bytes) -> set[str]:
    """Names that look like fields, for a first row that is longer than the head or spreads over lines."""
    return {name.decode() for name in _KEY.findall(head)[:_KEYS_LOOKED_AT]}
