"""Heads that were read before: a client sends the same one with every request but for the length of its body.

A head is known by its bytes, all of them but the digits of Content-Length. It is learned only from the strict parser,
and only where that parser itself said that the head ends there. Bytes that differ from a known head in nothing but the
digits of a well-formed length mean the same to that parser with another length: after CR LF, which it never takes into
a value, the field's name begins a line, and what follows it is one to nine digits and CR LF. So nothing is accepted by
being known that would not have been accepted by being read, and what is not known is read.

Bounded, because clients choose heads: when full, all are forgotten. A client's head is learned when the guard lets a
request with it go on, so a stranger whose key nobody holds fills nothing. Known heads hold credentials, as sockets do;
they stay in memory.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

_LENGTH = b"\r\nContent-Length: "
_LENGTH_IN_LOWER_CASE = b"\r\ncontent-length: "
_MOST_DIGITS = 9
"""Chosen: no body may have so many bytes that more are needed."""
MOST_HEAD_BYTES = 4_096
"""Chosen: SDKs send 500 to 1,500; a longer head is read each time."""
MOST_KNOWN = 1_024
"""Chosen: with the longest heads 8 MB; a worker's busy clients are fewer, and others are read as before."""
NO_LENGTH: Final = -1

T = TypeVar("T")
Seen = tuple[bytes, int, bytes]
"""By what a head is known, the length that it announces or `NO_LENGTH`, and what follows it."""
Parts = tuple[bytes, bytes]
"""A head to the digits of its length, and from behind them to its end."""


def parts(data: bytes, body: bytes) -> Parts | None:
    """The head of `data`, which is followed by `body`, as `same` knows it again; None without a length."""
    head = data[: len(data) - len(body)]
    at = head.find(_LENGTH)
    if at < 0:
        at = head.find(_LENGTH_IN_LOWER_CASE)
    if at < 0:
        return None
    at += len(_LENGTH)
    return head[:at], head[head.index(b"\r\n", at) :]


def same(data: bytes, parts: Parts) -> bytes | None:
    """The body that `data` holds as a whole behind this head, at any length; None where `data` is anything else.

    What `seen` finds and a lookup, sooner: the connection's last head is mostly that of its next message. The first
    part holds no end of a head and ends with the first name of a length; the second ends with the first end of a head.
    """
    before, after = parts
    if not data.startswith(before):
        return None
    at = len(before)
    end = data.find(b"\r\n", at, at + _MOST_DIGITS + len(b"\r\n"))
    if end < 0 or not data.startswith(after, end):
        return None
    digits, body = data[at:end], data[end + len(after) :]
    return body if digits.isdigit() and int(digits) == len(body) else None


def seen(data: bytes) -> Seen | None:
    """The head that `data` begins with; None where there is none that could be known."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end or len(head) > MOST_HEAD_BYTES:
        return None
    before, name, after = head.partition(_LENGTH)
    if not name:
        before, name, after = head.partition(_LENGTH_IN_LOWER_CASE)
        if not name:
            return head, NO_LENGTH, rest
    digits, line, after = after.partition(b"\r\n")
    if not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return None
    return b"%b%b%b%b" % (before, name, line, after), int(digits), rest


class KnownHeads(Generic[T]):
    """What was made of each known head."""

    __slots__ = ("_known", "get")

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}
        self.get = self._known.get

    def learn(self, key: bytes, made: T) -> None:
        """Know the head `key` from now on."""
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[key] = made

    def __len__(self) -> int:
        return len(self._known)
