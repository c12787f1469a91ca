"""What a request's optional fields mean, the same for every wire format.

Absent, null and unreadable values are all "unknown". Counts are kept within 31 bits, so that a client's
absurd number (max_tokens of 10**30) cannot overflow what is stored of it.
"""

from __future__ import annotations

from itertools import chain, compress, repeat
from operator import is_not

import msgspec
from msgspec import UNSET, Raw, UnsetType

from stillwatch.exchange.record import UNKNOWN
from stillwatch.exchange.wire import Count, Number, Word, elements, members, raw_bytes

MAX_COUNT = 2**31 - 1
MAX_NUMBER = 1e6  # no documented sampling parameter comes near


def present_names(wire: msgspec.Struct, content_fields: int = 0) -> list[str]:
    """The wire names of the fields that the request gave at all, even as null.

    The struct's first `content_fields` fields hold content and are left out. Written for speed: it runs over
    some fifty fields in every request.
    """
    values = msgspec.structs.astuple(wire)[content_fields:]
    return list(compress(wire.__struct_encode_fields__[content_fields:], map(is_not, values, repeat(UNSET))))


def joined_names(*groups: list[str]) -> str:
    """Names as `Parameters.names` keeps them: sorted, joined by commas."""
    return ",".join(sorted(chain(*groups)))


def count(value: Count) -> int:
    """A whole number that is not negative, else `UNKNOWN`."""
    if value is UNSET:
        return UNKNOWN
    if value.__class__ is int:
        return (value if value < MAX_COUNT else MAX_COUNT) if value >= 0 else UNKNOWN
    if isinstance(value, float) and value.is_integer() and value >= 0:
        return int(min(value, MAX_COUNT))
    return UNKNOWN


def first_count(*values: Count) -> int:
    """The first of several spellings of one count that was given."""
    for value in values:
        if value is not UNSET and (found := count(value)) != UNKNOWN:
            return found
    return UNKNOWN


def total(*values: Count) -> int:
    """The sum of those counts that are known; `UNKNOWN` if none is."""
    known = [found for found in map(count, values) if found != UNKNOWN]
    return min(sum(known), MAX_COUNT) if known else UNKNOWN


def number(value: Number) -> float | None:
    """A number of ordinary size, else None."""
    if value is not UNSET and isinstance(value, (int, float)) and abs(value) <= MAX_NUMBER:
        return float(value)
    return None


def choices(value: Count) -> int:
    """How many answers were asked for: at least one."""
    return max(count(value), 1)


def word(value: Word) -> str:
    """A string, empty where there is none."""
    return value if isinstance(value, str) else ""


def items_given(value: Raw | UnsetType | None) -> int:
    """How many items a field holds that may be one string, a list or an object; null and "" hold none."""
    if value is UNSET:
        return 0
    held = raw_bytes(value)
    if held[:1] == b"[":
        return len(elements(held))
    if held[:1] == b"{":
        return len(members(held))
    return int(held[:1] == b'"' and held != b'""')


def is_true(value: Raw | UnsetType | None) -> bool:
    """Whether an untyped field asks for something: anything but null, false, 0 and the empty string."""
    return value is not UNSET and raw_bytes(value) not in (b"", b"false", b"0", b'""')
