"""What goes over the wire: one EVALSHA for a whole batch, its numbers packed into two strings.

Packed by hand because a client library spends 10 us and more on a command of many arguments, and a batch is hundreds of
keys (docs/decisions/0011-shared-limits.md). Reading and connecting stay the library's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha1
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from stillwatch.limits.limit import Limit, Measure

_HERE = Path(__file__).parent
BATCH_SCRIPT = (_HERE / "batch.lua").read_text(encoding="utf-8")
JOIN_SCRIPT = (_HERE / "join.lua").read_text(encoding="utf-8")
_ENTRY = Struct(">BHqQQQ")
_LIMIT = Struct(">QQQQQ")
_ANSWER = Struct(">QQQQ")
ANSWER_BYTES = _ANSWER.size
FIRST = 1
"""Flag of an entry that opens a group: the levels of one request, granted together or not at all."""
AGAIN = 2
"""Flag of an entry whose bucket another entry of this batch reported already."""
RESTORE = 4
"""Flag of an entry that says, in place of what it asks, in how many microseconds the bucket will have drained."""
MICROSECONDS = 1_000_000


class Entry(NamedTuple):
    """One bucket in a batch: units spent since the last (negative: returned), still held, needed and asked for."""

    key: bytes
    limit: int
    flags: int
    spent: int
    hold: int
    need: int
    ask: int


class Answer(NamedTuple):
    """What the store says of one entry: units granted, microseconds to wait, until all drained, and units left."""

    granted: int
    wait_us: int
    ahead_us: int
    left: int


def digest(script: str) -> bytes:
    """The name under which Redis knows a script that it was given."""
    return sha1(script.encode(), usedforsecurity=False).hexdigest().encode()


def command(*arguments: bytes) -> bytes:
    """A command as Redis reads it: an array of bulk strings (RESP)."""
    parts = [b"*%d\r\n" % len(arguments)]
    parts += [b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments]
    return b"".join(parts)


def packed_limit(limit: Limit, most_held: int) -> bytes:
    """A limit as `batch.lua` reads it, times in microseconds; concurrency has a window of 0."""
    if limit.measure is Measure.CONCURRENT:
        return _LIMIT.pack(limit.quantity, 0, 0, limit.quantity, most_held)
    window = limit.window_seconds * MICROSECONDS
    burst = limit.most_at_once
    return _LIMIT.pack(limit.quantity, window, -(-burst * window // limit.quantity), burst, most_held)


def packed_entries(entries: Iterable[Entry]) -> bytes:
    """Entries as `batch.lua` reads them."""
    pack = _ENTRY.pack
    return b"".join([pack(flags, limit, spent, hold, need, ask) for _, limit, flags, spent, hold, need, ask in entries])


def batch(
    script: bytes, fixed: Sequence[bytes], node: Sequence[int], limits: Sequence[bytes], entries: Sequence[Entry]
) -> bytes:
    """The whole command. `fixed` are the keys before the buckets, `node` the numbers before limits and entries."""
    keys = [*fixed, *[entry.key for entry in entries]]
    numbers = [b"%d" % number for number in node]
    return command(b"EVALSHA", script, b"%d" % len(keys), *keys, *numbers, b"".join(limits), packed_entries(entries))


def answers(reply: bytes) -> Iterator[Answer]:
    """The store's answers, in the order of the entries. Raises `struct.error` if the reply is cut."""
    return map(Answer._make, _ANSWER.iter_unpack(reply))
