"""Server-sent events come out the same however their bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.exchange import event_stream
from stillwatch.exchange.dialect import ASSEMBLERS
from stillwatch.exchange.event_stream import Event, EventStream
from stillwatch.exchange.record import Response
from stillwatch.exchange.recorded_response import observe_event

from .samples import STREAMS, server_sent


def events(*pieces: bytes) -> list[Event]:
    """All events of a stream that came in these pieces."""
    stream = EventStream()
    found = [event for piece in pieces for event in stream.feed(piece)]
    return found + stream.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"data: one\n\n", [Event("", b"one")]),
        (b"data:one\n\n", [Event("", b"one")]),
        (b"data:  two spaces\n\n", [Event("", b" two spaces")]),
        (b"data: a\ndata: b\n\n", [Event("", b"a\nb")]),
        (b"event: ping\ndata: {}\n\n", [Event("ping", b"{}")]),
        (b": comment\n\ndata: x\n\n", [Event("", b"x")]),
        (b"event: nothing\n\ndata: x\n\n", [Event("", b"x")]),
        (b"id: 7\nretry: 10\ndata: x\n\n", [Event("", b"x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [Event("", b"x")]),
        (b"data\n\n", [Event("", b"")]),
        (b"data: cut", [Event("", b"cut")]),
        (b"data: cut\r", [Event("", b"cut")]),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_fields_are_read_as_the_standard_says(text: bytes, expected: list[Event]) -> None:
    """WHATWG HTML, 9.2; beyond it, an event that lacks its blank line at the end of the stream is kept."""
    assert events(text) == expected


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_one(line_end: bytes) -> None:
    """LF, CR LF and CR."""
    assert events(line_end.join([b"event: a", b"data: x", b"", b"data: y", b"", b""])) == [
        Event("a", b"x"),
        Event("", b"y"),
    ]


@settings(max_examples=150, deadline=None)
@given(
    dialect=st.sampled_from(sorted(STREAMS)),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    cuts=st.lists(st.integers(0, 4000), max_size=30),
)
def test_cuts_change_nothing(dialect: str, line_end: bytes, cuts: list[int]) -> None:
    """Inside a character, a field name or a line end: the response is the one of the whole."""
    text = server_sent(dialect, line_end).replace(b"mill", "Mühle 🌾".encode()).replace(b"heron", "Reiher 🪶".encode())
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert response(dialect, *pieces) == response(dialect, text)


def response(dialect: str, *pieces: bytes) -> Response:
    """What the dialect's assembler makes of a live stream in these pieces."""
    assembler = ASSEMBLERS[dialect]()
    for event in events(*pieces):
        observe_event(assembler, event.data)
    return assembler.response()


def test_single_bytes_are_enough() -> None:
    """The worst network there is."""
    text = server_sent("anthropic_messages", b"\r\n")
    assert events(*[bytes([b]) for b in text]) == events(text)


def test_an_event_that_is_too_long_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that grows without end is never held; the next one is read again."""
    monkeypatch.setattr(event_stream, "MAX_EVENT_BYTES", 100)
    stream = EventStream()
    found = [e for _ in range(1000) for e in stream.feed(b"data: 0123456789\n")]
    found += stream.feed(b"data: " + b"x" * 200) + stream.feed(b"\n\ndata: next\n\n")
    assert found == [Event("", b"next")]
    assert stream.dropped_events == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=10))
def test_no_bytes_break_the_parser(pieces: list[bytes]) -> None:
    """Whatever comes, the events are those of the whole."""
    assert events(*pieces) == events(b"".join(pieces))
