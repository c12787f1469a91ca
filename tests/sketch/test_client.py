"""The client family: which program wrote these headers, and nothing that a person or a proxy put there."""

from __future__ import annotations

import pytest

from stillwatch.sketch import client
from stillwatch.sketch.client import ClientFamily

from .exchanges import OTHER_SECRET, SECRET

HEADERS = (("accept", "*/*"), ("user-agent", "agent/1.0"), ("x-client-lang", "python"))
FAMILY = ClientFamily(SECRET)


def test_values_do_not_matter() -> None:
    """Versions, tokens and user agents are one line of code to change."""
    assert FAMILY(tuple((name, "other") for name, _ in HEADERS)) == FAMILY(HEADERS)


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-For", "x-real-ip", "Via", "CF-Ray", "x-envoy-attempt-count", "traceparent", "x-amzn-trace-id"),
        *("Authorization", "content-length", "Host", "cookie", "connection", "x-request-id", "x-b3-traceid"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_what_a_proxy_or_a_person_adds_does_not_matter(name: str, place: int) -> None:
    """Wherever it lands among the client's own headers, and in whatever case."""
    assert FAMILY((*HEADERS[:place], (name, "x"), *HEADERS[place:])) == FAMILY(HEADERS)


@pytest.mark.parametrize(
    "other",
    [
        HEADERS[::-1],
        HEADERS[:2],
        (*HEADERS, ("x-new", "")),
        (*HEADERS, HEADERS[0]),
        (("Accept", "*/*"), *HEADERS[1:]),
        (("accept\nuser-agent", ""), *HEADERS[2:], ("x", "")),
    ],
)
def test_names_their_case_and_their_order_do(other: tuple[tuple[str, str], ...]) -> None:
    """A library's way of writing headers is its family."""
    assert FAMILY(other) != FAMILY(HEADERS)


def test_no_headers_are_no_family_and_hidden_headers_are_one() -> None:
    """0 means that the log kept none; a client with nothing of its own is a client."""
    assert FAMILY(()) == 0
    assert FAMILY((("host", "x"),)) != 0


def test_another_secret_gives_other_families() -> None:
    """Nobody without the key can tell which client a number means."""
    assert ClientFamily(OTHER_SECRET)(HEADERS) != FAMILY(HEADERS)


def test_a_full_cache_changes_nothing_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up header names cost time and no memory."""
    monkeypatch.setattr(client, "_CACHE_LIMIT", 3)
    small = ClientFamily(SECRET)
    many = [(*HEADERS, (f"x-{i}", "")) for i in range(10)]
    assert [small(headers) for headers in many * 2] == [FAMILY(headers) for headers in many * 2]
    assert len(small._seen) <= 3
