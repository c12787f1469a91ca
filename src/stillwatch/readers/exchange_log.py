"""Exchange log v1: one JSON object a line, or a Parquet row with the same names.

Required: `ts_us`, `account`, `path`. Optional: `body`, `id`, `organization`, `api_key`, `ip`, `asn`, `country`,
`payment`, `account_created_us`, `declared_use`, `method`, `headers`, `status`, `response`, `usage`. `body` and
`response` are the provider's own JSON, as an object or as a string that holds it; `response` may also be raw
server-sent events or a list of stream events. An optional field of a wrong type counts as unknown, except `body`:
without one (missing, null, {} or an empty string) a request has no messages, a body that is anything else but a
request is malformed.

A response that cannot be read does not cost the row: it stands as `UNREADABLE` in the exchange.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange.dialect import parse_request, parse_response, request_not_kept
from stillwatch.exchange.record import UNKNOWN, Exchange, Principal, Request, Response, Usage
from stillwatch.exchange.request_fields import count
from stillwatch.exchange.wire import Count, Untyped, Word, decode, raw_bytes
from stillwatch.readers.header_pairs import header_pairs
from stillwatch.readers.row_fields import (
    Given,
    optional_name,
    required_name,
    status_code,
    timestamp_us,
    usage_given,
)

_NOTHING = re.compile(rb"\s*(?:null|\{\s*\})?\s*")
_MAX_NOTHING_BYTES = 16  # chosen: room for blanks; only so short a body is looked at twice


class RowUsage(Struct, gc=False):
    """Tokens as the log itself counts them."""

    input_tokens: Count = UNSET
    output_tokens: Count = UNSET
    reasoning_tokens: Count = UNSET


class Row(Struct, gc=False):
    """One line, decoded in one go; body and response stay raw for their dialect."""

    ts_us: Given = UNSET
    account: Given = UNSET
    path: Word = UNSET
    body: Untyped = UNSET
    id: Given = UNSET
    organization: Given = UNSET
    api_key: Given = UNSET
    ip: Word = UNSET
    asn: Count = UNSET
    country: Word = UNSET
    payment: Given = UNSET
    account_created_us: Count = UNSET
    declared_use: Word = UNSET
    method: Word = UNSET
    headers: Untyped = UNSET
    status: Count = UNSET
    response: Untyped = UNSET
    usage: RowUsage | UnsetType | None = UNSET


def read_row(line: bytes) -> list[Exchange]:
    """The exchange of one line; raise `MalformedRow` naming the field that is wrong."""
    row = decode(Row, line, "line")
    ts_us = timestamp_us(row.ts_us)
    principal = _principal(row)
    if not isinstance(row.path, str):
        raise MalformedRow("path is missing" if row.path is UNSET else "path is not a string")
    status = status_code(row.status)
    dialect, request = request_of(row.path, row.body)
    response = response_of(dialect, row.response, status)
    return [
        Exchange(
            ts_us=ts_us,
            principal=principal,
            path=row.path,
            dialect=dialect,
            request=request,
            response=response,
            usage=_usage(row, response),
            headers=header_pairs(row.headers),
            method=row.method if isinstance(row.method, str) else "POST",
            status=status,
            id=optional_name(row.id),
        )
    ]


def request_of(path: str, body: Raw | UnsetType) -> tuple[str, Request]:
    """The dialect and the request, which has no messages where the log kept no body."""
    if not isinstance(body, Raw):
        return request_not_kept(path)
    held = bytes(body)
    if held[:1] == b'"':
        held = _inside_string(held)
    if len(held) <= _MAX_NOTHING_BYTES and _NOTHING.fullmatch(held):
        return request_not_kept(path)
    return parse_request(path, held)


def response_of(dialect: str, value: Raw | UnsetType, status: int) -> Response | None:
    """The response, or None where none was logged."""
    held = raw_bytes(value)
    return parse_response(dialect, held, status) if held else None


def _inside_string(value: bytes) -> bytes:
    try:
        return msgspec.json.decode(value, type=str).encode()
    except ValueError:
        raise MalformedRow("body is a string that holds no JSON object") from None


def _principal(row: Row) -> Principal:
    given = (row.organization, row.api_key, row.ip, row.country, row.payment, row.declared_use)
    # What most rows hold is told without a call: a string, or nothing.
    organization, api_key, ip, country, payment, declared_use = [
        None if name is UNSET else name if name.__class__ is str and name else optional_name(name) for name in given
    ]
    return Principal(
        required_name(row.account, "account"),
        organization,
        api_key,
        ip,
        count(row.asn),
        country,
        payment,
        _created(row.account_created_us),
        declared_use,
    )


def _created(value: Count) -> int:
    if value is UNSET:
        return UNKNOWN
    try:
        return timestamp_us(value)
    except MalformedRow:  # optional: an account's age that cannot be read is unknown
        return UNKNOWN


def _usage(row: Row, response: Response | None) -> Usage:
    logged = row.usage
    given = Usage()
    if isinstance(logged, RowUsage):
        given = Usage(count(logged.input_tokens), count(logged.output_tokens), count(logged.reasoning_tokens))
    return usage_given(given, response.usage if response is not None else None)
