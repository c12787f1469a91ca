"""Timestamps of TAXII and STIX."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sharing.taxii.timestamps import read_us, write_us
from tests.sharing.hub.clauses import clause

YEAR_0001_US, YEAR_9999_US = -62_135_596_800_000_000, 253_402_300_799_999_999


@clause("2 timestamp")
@given(st.integers(YEAR_0001_US, YEAR_9999_US))
def test_what_is_written_is_read_back(us: int) -> None:
    """Any microsecond of the years 1 to 9999, in 27 characters whose order is that of time."""
    text = write_us(us)
    assert (read_us(text), len(text), text[-1]) == (us, 27, "Z")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2016-11-03T12:30:59Z", "2016-11-03T12:30:59.000000Z"),
        ("2016-11-03T12:30:59.1Z", "2016-11-03T12:30:59.100000Z"),
        ("2016-11-03T12:30:59.123456789Z", "2016-11-03T12:30:59.123456Z"),
        ("2016-02-29T00:00:00.000Z", "2016-02-29T00:00:00.000000Z"),
    ],
)
def test_fractions_of_any_length_are_read(text: str, written: str) -> None:
    """Clients leave the fraction out, or give nanoseconds."""
    assert write_us(read_us(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2016-11-03",
        "2016-11-03T12:30:59",
        "2016-11-03T12:30:59+00:00",
        "2016-11-03 12:30:59Z",
        "2016-11-03T12:30:59.Z",
        "2015-02-29T00:00:00Z",
        "2016-11-03T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "٢٠١٦-11-03T12:30:59Z",
        "2016-11-03T12:30:59Z\n",
        "undefined",
    ],
)
def test_what_is_no_timestamp_in_utc_is_refused(text: str) -> None:
    """Another zone, no zone, a day or a second that is not there, other digits."""
    with pytest.raises(ValueError, match=r".+"):
        read_us(text)
