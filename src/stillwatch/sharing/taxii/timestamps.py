"""Timestamps of TAXII and STIX as microseconds since 1970, and back (section 2).

TAXII writes six digits of a second and `Z`. Read are zero to nine digits, because clients differ (some leave the
fraction out); what is finer than a microsecond is cut off. Leap seconds and other zones are refused: both standards ask
for UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


def read_us(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 timestamp in UTC; raises `ValueError` for anything else."""
    if not _FORM.fullmatch(text):
        raise ValueError("not a timestamp of the form YYYY-MM-DDTHH:MM:SS.ssssssZ")
    whole, _, fraction = text[:-1].partition(".")
    try:
        since = datetime.fromisoformat(f"{whole}+00:00") - _EPOCH
    except ValueError:
        raise ValueError("a timestamp that is in no calendar") from None
    return since // _MICROSECOND + int(fraction[:6].ljust(6, "0"))


def write_us(us: int) -> str:
    """The timestamp as TAXII writes it: UTC, six digits of a second."""
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
