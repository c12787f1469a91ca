"""Which days link accounts into rings, and which days test the rings: never the same.

A ring is found because its accounts looked alike. Testing the likeness on the days that showed it counts the search as
evidence. So each pair of neighbouring days is dealt by a coin, one day to linking and one to testing, and a ring frozen
on linking days is tested on testing days only. The deal holds for all accounts: linking and testing never share an
account-day. It depends on the calendar day and a key alone, so that a ledger that grows, forwards or backwards, never
moves a day to the other side.

The coin is keyed: who knew the linking days could rest on them. Without a key (`b""`) the deal is the same for
everybody, which is for tests and public examples.

What a split cannot do: make an honest habit go away. Users of one tool look alike on testing days as well; the benign
reference of a ring's test has to be benign rings that were linked in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import CalibrationError, UsageError

Ints = NDArray[np.int64]


class TooFewDays(CalibrationError):
    """The traffic covers too few days to link on some and test on others."""


@dataclass(frozen=True, eq=False)
class Split:
    """The days of a ledger, dealt. Both ascending, days since 1970-01-01; together all days, no day in both."""

    linking: Ints
    testing: Ints


def is_linking(days: Ints, key: bytes) -> NDArray[np.bool_]:
    """Whether each day links (else it tests); `days` of any shape, in days since 1970-01-01.

    Days 2m and 2m + 1 fall on different sides; a keyed coin for m says which. `key`: at most 64 bytes, derived
    for this purpose alone.
    """
    if len(key) > _KEY_LIMIT:
        raise UsageError(f"a key of {len(key)} bytes is too long", f"Derive one of at most {_KEY_LIMIT} bytes")
    days = np.asarray(days, np.int64)
    pairs, back = np.unique(days >> 1, return_inverse=True)
    coins = np.array([_coin(int(pair), key) for pair in pairs], np.int64)
    return np.asarray((days & 1) == coins[back].reshape(days.shape))


_KEY_LIMIT = 64  # RFC 7693, 2.1: BLAKE2b takes keys of 0 to 64 bytes


def _coin(pair: int, key: bytes) -> int:
    return blake2b(pair.to_bytes(8, "little", signed=True), key=key, digest_size=1, person=b"day-split").digest()[0] & 1


def split(days: Ints, key: bytes, linking_at_least: int = 1, testing_at_least: int = 1) -> Split:
    """Deal the `days` that have traffic (repeats allowed). Raises `TooFewDays` where a side gets fewer than asked for.

    One day cannot be split, and neither can its halves: a habit of noon is one of the afternoon.
    """
    distinct = np.unique(np.asarray(days, np.int64))
    links = is_linking(distinct, key)
    dealt = Split(distinct[links], distinct[~links])
    if len(dealt.linking) < linking_at_least or len(dealt.testing) < testing_at_least:
        given = "1 day of traffic gives" if len(distinct) == 1 else f"{len(distinct)} days of traffic give"
        needed = 2 * max(linking_at_least, testing_at_least)
        raise TooFewDays(
            f"{given} {len(dealt.linking)} to link on and {len(dealt.testing)} to test "
            f"on, and {linking_at_least} and {testing_at_least} are needed",
            f"Add days: {needed + 1} in a row are always enough; until then rings are for people to review",
        )
    return dealt
