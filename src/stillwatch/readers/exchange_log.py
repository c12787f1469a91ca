"""Exchange log v1: one JSON object a line, or a Parquet row with the same names.

Required: `ts_us`, `account`, `path`, `body`. Optional: `id`, `organization`, `api_key`, `ip`, `asn`, `country`,
`payment`, `account_created_us`, `declared_use`, `method`, `headers`, `status`, `response`, `usage`. `body` and
`response` are the provider's own JSON, as an object or as a string that holds it; `response` may also be raw
server-sent events or a list of stream events. An optional field of a wrong type counts as unknown.

A response that cannot be read does not cost the row: it stands as `UNREADABLE` in the exchange.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange.dialect import parse_request, parse_response
from stillwatch.exchange.record import UNKNOWN, Exchange, Principal, Response, Usage
from stillwatch.exchange.request_fields import count
from stillwatch.exchange.wire import Count, Untyped, Word, decode, raw_bytes
from stillwatch.readers.row_fields import (
    Given,
    optional_name,
    required_name,
    status_code,
    timestamp_us,
    usage_given,
)

MAX_HEADERS = 256  # chosen: servers refuse more than about 100


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
    headers: tuple[tuple[str, str], ...] | UnsetType | None = UNSET
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
    dialect, request = parse_request(row.path, body_of(row.body))
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
            headers=row.headers[:MAX_HEADERS] if isinstance(row.headers, tuple) else (),
            method=row.method if isinstance(row.method, str) else "POST",
            status=status,
            id=optional_name(row.id),
        )
    ]


def body_of(value: Raw | UnsetType) -> bytes | Raw:
    """The request's JSON, out of a string if it was logged as one."""
    if not isinstance(value, Raw):
        raise MalformedRow("body is missing")
    if bytes(memoryview(value)[:1]) == b'"':
        return _inside_string(value)
    return value


def response_of(dialect: str, value: Raw | UnsetType, status: int) -> Response | None:
    """The response, or None where none was logged."""
    if not isinstance(value, Raw) or not raw_bytes(value):
        return None
    return parse_response(dialect, value, status)


def _inside_string(value: Raw) -> bytes:
    try:
        return msgspec.json.decode(value, type=str).encode()
    except ValueError:
        raise MalformedRow("body is a string that holds no JSON object") from None


def _principal(row: Row) -> Principal:
    return Principal(
        account=required_name(row.account, "account"),
        organization=optional_name(row.organization),
        api_key=optional_name(row.api_key),
        ip=optional_name(row.ip),
        asn=count(row.asn),
        country=optional_name(row.country),
        payment=optional_name(row.payment),
        account_created_us=_created(row.account_created_us),
        declared_use=optional_name(row.declared_use),
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
