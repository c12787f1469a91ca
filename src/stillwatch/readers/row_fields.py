"""The fields of a log row, checked: what is wrong is said by name, never by value."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import UNKNOWN, Usage
from stillwatch.exchange.request_fields import count
from stillwatch.exchange.wire import Count

EARLIEST_US = 946_684_800_000_000  # 2000-01-01 UTC
LATEST_US = 4_102_444_800_000_000  # 2100-01-01 UTC

Given = str | int | float | None | UnsetType


def timestamp_us(value: Given, field: str = "ts_us") -> int:
    """UTC microseconds; a float is accepted where it is a whole number. Years 2000 to 2099 only.

    The bounds catch seconds, milliseconds and nanoseconds given for microseconds.
    """
    if value.__class__ is not int:
        if value is UNSET:
            raise MalformedRow(f"{field} is missing")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        elif not isinstance(value, int):
            raise MalformedRow(f"{field} is not a whole number")
    if not EARLIEST_US <= value < LATEST_US:
        raise MalformedRow(f"{field} is not microseconds between the years 2000 and 2100")
    return value


def required_name(value: Given, field: str) -> str:
    """A name that must be there: a string that is not empty, or a whole number as its decimal digits."""
    if value is UNSET:
        raise MalformedRow(f"{field} is missing")
    name = optional_name(value)
    if name is None:
        raise MalformedRow(f"{field} is empty" if value == "" else f"{field} is not a string")
    return name


def optional_name(value: Given) -> str | None:
    """The name, or None where it is absent, null, empty or of another type."""
    if value is UNSET:
        return None
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def status_code(value: Count) -> int:
    """An HTTP status (RFC 9110, 15: three digits), else `UNKNOWN`."""
    status = count(value)
    return status if 100 <= status <= 999 else UNKNOWN


def usage_given(first: Usage, second: Usage | None) -> Usage:
    """Each count from the first that knows it."""
    if second is None or UNKNOWN not in (first.input_tokens, first.output_tokens, first.reasoning_tokens):
        return first
    return Usage(
        first.input_tokens if first.input_tokens != UNKNOWN else second.input_tokens,
        first.output_tokens if first.output_tokens != UNKNOWN else second.output_tokens,
        first.reasoning_tokens if first.reasoning_tokens != UNKNOWN else second.reasoning_tokens,
    )
