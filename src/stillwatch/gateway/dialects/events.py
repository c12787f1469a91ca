"""Whole events of a stream, out of pieces that may end anywhere.

Only the ends of events are looked for: a blank line. Providers end lines with LF or with CR LF and put the data of an
event on one line; a server that spreads it over several (WHATWG HTML, 9.2.5 allows it) is read line by line, and what
is no JSON then is left as it came.
"""

from __future__ import annotations

import re

END = re.compile(rb"\r?\n\r?\n|\r\r")
DONE = b"[DONE]"
"""OpenAI's closing mark."""


def split(text: bytes) -> tuple[list[bytes], bytes]:
    """The whole events at the start of `text`, each with its end, and the rest."""
    if b"\r" not in text:
        *whole, rest = text.split(b"\n\n")
        return [event + b"\n\n" for event in whole], rest
    events, at = [], 0
    for end in END.finditer(text):
        events.append(text[at : end.end()])
        at = end.end()
    return events, text[at:]


def first_end(text: bytes, at: int) -> int:
    """Where the event ends that begins at `at`; -1 where it is not whole."""
    end = text.find(b"\n\n", at)
    if b"\r" not in text[at : end if end >= 0 else None]:
        return end + len(b"\n\n") if end >= 0 else -1
    found = END.search(text, at)
    return found.end() if found else -1


def can_end(piece: bytes) -> bool:
    """May an event that began before this piece end in it? If not, it need not be looked at again with the piece."""
    return b"\n" in piece or b"\r" in piece


def data_of(event: bytes) -> bytes:
    """The data of one event; empty for a comment, for an event without any and for the closing mark."""
    if event.startswith(b"data:"):
        data = event[5:].strip()
    else:
        at = event.find(b"\ndata:")
        data = event[at + 6 :].strip() if at >= 0 else b""
    return b"" if data == DONE else data


def event(data: bytes, name: str = "", end: bytes = b"\n\n") -> bytes:
    """One event as it goes over the wire."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + data + end
