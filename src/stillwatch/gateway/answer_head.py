"""The head of an answer, from what the upstream said to what the client gets: framing first, then hygiene."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stillwatch.gateway.guard import Header
from stillwatch.gateway.hygiene import CODING, CONNECTION, LENGTH, Kinds, named_in, without
from stillwatch.gateway.refusal import STATUS_LINES, Refusal

_NO_CONTENT = frozenset({204, 304})


# How the end of a body is told. EMPTY: there is no body, whatever the fields say.
EMPTY: Final = 0
ANNOUNCED: Final = 1
CHUNKED: Final = 2
CLOSE: Final = 3


def read(status: int, headers: list[Header], kinds: Kinds, is_head: bool) -> tuple[list[Header], int]:
    """End-to-end fields, Content-Length among them, and the framing. Raises `Refusal` for one that is not served."""
    kept: list[Header] = []
    framing: int = CLOSE
    named: frozenset[bytes] = frozenset()
    for header in headers:
        kind = kinds[header[0]]
        if not kind:
            kept.append(header)
        elif kind == LENGTH:
            kept.append(header)
            framing = ANNOUNCED
        elif kind == CODING:
            if header[1].strip().lower() != b"chunked" or framing == CHUNKED:
                raise Refusal(502, "The upstream answered in a transfer coding that is not served.")
            framing = CHUNKED
        elif kind == CONNECTION:
            named |= named_in(header[1])
    if named:
        kept = without(kept, named - {b"content-length"})
    if is_head or status in _NO_CONTENT:
        framing = EMPTY
    if status == 204:  # RFC 9110, 8.6: no Content-Length here
        kept = without(kept, {b"content-length"})
    return kept, framing


class KnownAnswer:
    """The head of an answer of announced length that was read before: all of it but that length."""

    __slots__ = ("_headers", "_place", "after", "before", "noted", "status")

    def __init__(self, status: int, headers: list[Header]) -> None:
        """`headers` as `read` gives them, one of them Content-Length."""
        self.status = status
        self.noted: object = None
        self._headers = headers
        self._place = next(place for place, header in enumerate(headers) if header[0].lower() == b"content-length")
        name = headers[self._place][0]
        self.before = b"%b%b%b: " % (STATUS_LINES[status], lines(headers[: self._place]), name)
        self.after = b"\r\n%b" % lines(headers[self._place + 1 :])

    def headers(self, length: bytes) -> list[Header]:
        """The end-to-end fields of an answer of this length."""
        headers = self._headers.copy()
        headers[self._place] = (headers[self._place][0], length)
        return headers


def lines(headers: Iterable[Header]) -> bytes:
    """Fields as they go over the wire."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def without_length(headers: list[Header]) -> list[Header]:
    """The fields of an answer whose body will change."""
    return without(headers, {b"content-length"})
