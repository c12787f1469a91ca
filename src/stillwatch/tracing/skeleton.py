"""The frequent-skeleton miner: which zone values does an account repeat across its conversations?

A template leaves the same values in the same slots of the same zones, conversation after conversation, while the
payload's values change. Counting (account, slot, value) over conversations finds it wherever it sits: in the system
text in front of a bare question, or at the head or tail of a long document. Turns of one conversation count once, so a
person's long chat repeats nothing.

Everything is one sort of 64-bit keys: account, slot, value. Source: our own; the rule of thumb that a skeleton is
what recurs in a good part of an account's requests is from the design's pilot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import ZONE_SLOTS

CONVERSATIONS_AT_MOST = 256
"""Conversations counted per account: at one in twenty, a template still shows a dozen times."""
SUPPORT_AT_LEAST = 2
_VALUE_BITS = 32
_POSITION_BITS = 5
_KEY_BITS = np.uint64(_VALUE_BITS + _POSITION_BITS)
_KEY_MASK = np.uint64((1 << (_VALUE_BITS + _POSITION_BITS)) - 1)
_SORT_ROWS = 1 << 16  # conversations turned into keys at a time: 16 MB of keys

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Conversations:
    """One row for each conversation of some accounts, sorted by account.

    `account`: (n,) dense index of the account; `zones`: (n, ZONE_SLOTS) uint32 slot values, 0 = empty.
    """

    account: NDArray[np.int64]
    zones: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Repeated:
    """What accounts repeat. Row i: account `account[i]` has `key[i]` in `support[i]` of its conversations.

    A key is slot position * 2**32 + value. Sorted by account, then key.
    """

    account: NDArray[np.int64]
    key: Keys
    support: NDArray[np.int64]


def distinct_conversations(
    account: Ints, conversation: Ints, continues: NDArray[np.bool_], payload: Ints | None = None
) -> Ints:
    """Places of the rows that stand for conversations, ascending by account, at most `CONVERSATIONS_AT_MOST` each.

    Rows that continue a dialogue (`continues`: earlier assistant turns in it) add nothing to its first row; the same
    first turn sent again is a conversation again. Which ones are chosen depends on conversation hashes only, so it is
    the same whatever the order of the log; of a dialogue whose beginning is not in the log the turn with the least
    `payload` stands, or the first row where none is given.
    """
    order = np.argsort(conversation, kind="stable")  # of equal ones the first stands, whatever the machine sorts with
    order = order[np.argsort(account[order], kind="stable")]
    a, c, begins = account[order], conversation[order], ~continues[order]
    starts = np.flatnonzero(_is_first(a) | _is_first(c))
    if len(starts):
        # A dialogue whose beginning is not in the log is known by one of its later turns.
        unbegun = ~np.logical_or.reduceat(begins, starts)
        begins[starts[unbegun] if payload is None else _least(payload[order], starts)[unbegun]] = True
    order, a = order[begins], a[begins]
    return order[place_in_account(a) < CONVERSATIONS_AT_MOST]


def _least(values: Ints, starts: Ints) -> Ints:
    """Of each run of `values` that begins at `starts` the place of its least one, the first of equal ones."""
    run = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    least = np.flatnonzero(values == np.minimum.reduceat(values, starts)[run])
    return least[np.searchsorted(run[least], np.arange(len(starts)))]


def place_in_account(account: Ints) -> Ints:
    """For each row the number of rows of the same account before it; `account` must be sorted."""
    starts = np.flatnonzero(_is_first(account))
    return np.arange(len(account)) - np.repeat(starts, np.diff(np.append(starts, len(account))))


def _is_first(ordered: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def mine(rows: Conversations) -> Repeated:
    """What each account repeats, at least `SUPPORT_AT_LEAST` times."""
    parts = [_mine_some(rows, start, stop) for start, stop in account_slices(rows.account)]
    if not parts:
        return Repeated(np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.int64))
    return joined(parts)


def joined(parts: list[Repeated]) -> Repeated:
    """One table of several about different accounts, in the order given."""
    return Repeated(
        np.concatenate([p.account for p in parts]),
        np.concatenate([p.key for p in parts]),
        np.concatenate([p.support for p in parts]),
    )


def keys_of(zones: NDArray[np.uint32]) -> Keys:
    """(n, ZONE_SLOTS) slot values to keys of the same shape; an empty slot's key has value 0."""
    positions = np.arange(ZONE_SLOTS, dtype=np.uint64) << np.uint64(_VALUE_BITS)
    return np.asarray(zones.astype(np.uint64) | positions, np.uint64)


def keys_in(slot: int, values: NDArray[np.uint32]) -> Keys:
    """The keys of values of one slot."""
    return values.astype(np.uint64) | np.uint64(slot << _VALUE_BITS)


def value_of(key: Keys) -> Keys:
    return key & np.uint64((1 << _VALUE_BITS) - 1)


def slot_of(key: Keys) -> NDArray[np.int64]:
    """Which of the ZONE_SLOTS slots each key belongs to."""
    return (key >> np.uint64(_VALUE_BITS)).astype(np.int64)


def zone_of(key: Keys) -> NDArray[np.int64]:
    """Which of the four zones each key belongs to."""
    return (key >> np.uint64(_VALUE_BITS + 3)).astype(np.int64)


def _mine_some(rows: Conversations, start: int, stop: int) -> Repeated:
    base = rows.account[start]
    account = (rows.account[start:stop] - base).astype(np.uint64)
    keys = keys_of(rows.zones[start:stop]) | (account << _KEY_BITS)[:, None]
    flat = keys[rows.zones[start:stop] != 0]
    flat.sort()
    edges = np.flatnonzero(_is_first(flat))
    support = np.diff(np.append(edges, len(flat)))
    often = support >= SUPPORT_AT_LEAST
    found = flat[edges[often]]
    return Repeated((found >> _KEY_BITS).astype(np.int64) + base, found & _KEY_MASK, support[often])


def account_slices(account: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Slices of whole accounts, about `_SORT_ROWS` rows each."""
    slices = []
    start = 0
    while start < len(account):
        stop = min(start + _SORT_ROWS, len(account))
        if stop < len(account):
            stop = int(np.searchsorted(account, account[stop - 1], side="right"))
        slices.append((start, stop))
        start = stop
    return slices
