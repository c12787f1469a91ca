"""Headers of a row: pairs that clients repeat in every request are decoded once.

Of some seventeen pairs in a request only one or two are new (a length, a trace). Measured: 3 us a row in place of 7.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, UnsetType

from stillwatch.exchange.wire import elements

MAX_HEADERS = 256  # chosen: servers refuse more than about 100
MAX_PAIRS = 4_096  # chosen: the clients of one deployment; a full memory starts afresh
MAX_PAIR_BYTES = 256  # longer ones are cookies and the like, which do not come again; the memory holds 2 MB at most

Pair = tuple[str, str]


class _Pairs(dict[bytes, Pair]):
    """Raw pairs to pairs."""

    def __missing__(self, raw: bytes) -> Pair:
        pair: Pair = _PAIR.decode(b'["%b"]' % raw)
        if len(raw) <= MAX_PAIR_BYTES:
            if len(self) >= MAX_PAIRS:
                self.clear()
            self[raw] = pair
        return pair


_PAIR = msgspec.json.Decoder(Pair)
_KNOWN = _Pairs()


def header_pairs(value: Raw | UnsetType) -> tuple[Pair, ...]:
    """Names and values in wire order, at most `MAX_HEADERS`; none where the field is not a list of such pairs."""
    if not isinstance(value, Raw):
        return ()
    try:
        return tuple(map(_KNOWN.__getitem__, _pieces(bytes(value))[:MAX_HEADERS]))
    except ValueError:
        return _one_by_one(value)


def _pieces(raw: bytes) -> list[bytes]:
    """The pairs of a list that is written as usual, without the brackets and quotes around them.

    A quote inside of a name or value has a backslash before it. A list that is cut there instead of between two pairs
    has a piece that ends in that backslash, and such a piece cannot be decoded.
    """
    if not raw.startswith(b'[["') or not raw.endswith(b'"]]'):
        raise ValueError
    inner = raw[3:-3]
    return inner.split(b'"],["' if b'"],["' in inner else b'"], ["')


def _one_by_one(value: Raw | UnsetType) -> tuple[Pair, ...]:
    try:
        return tuple(map(_PAIR.decode, elements(value)[:MAX_HEADERS]))
    except ValueError:
        return ()
