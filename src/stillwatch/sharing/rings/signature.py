"""A ring's signature: slots and values that its conversations share and strangers' do not.

Only what recurs is told: at least 20 times, in at least 3 accounts, five times as often as among the provider's other
accounts and as chance has it. The members of an alliance can test a guessed text against a signature, so it is made of
the operator's template and never of what one account asked once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import InputError, StillwatchError
from stillwatch.sharing.rings.traffic import VALUES, Shares, Traffic, shares
from stillwatch.sketch.record import ZONE_SLOTS

OCCURRENCES = 20
ACCOUNTS = 3
"""Prescribed by the alliance's rules: fewer could be a person's own words."""
TIMES_AS_OFTEN = 5.0
"""Chosen: where 4 occurrences are usual, 20 come by chance once in 10^8 times (Poisson)."""
FEWEST, MOST = 8, 64
"""Pairs. Fewer are matched by chance too easily; more say nothing new (docs/ring-match.md)."""
_BY_CHANCE = 1.0 / (VALUES - 1)
_PAIR_DIGITS = 4


class NothingInCommon(StillwatchError):
    """A ring's conversations share too little that strangers' do not: it cannot be told by its template."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Pairs of slot and value, (k, 2) uint8, 8 to 64 of them, ascending."""

    pairs: NDArray[np.uint8]

    def encode(self) -> str:
        """Four hexadecimal digits a pair, as `template_signature` of docs/stix.md."""
        return self.pairs.tobytes().hex()

    @classmethod
    def decode(cls, text: str) -> Signature:
        """Raises `InputError` for a wrong length, slots that are none, empty values and pairs given twice."""
        try:
            pairs = np.frombuffer(bytes.fromhex(text), np.uint8).reshape(-1, 2)
        except ValueError:
            raise InputError("a signature of a template is no list of pairs") from None
        is_whole = FEWEST <= len(pairs) <= MOST and len(text) == _PAIR_DIGITS * len(pairs)
        if not is_whole or (pairs[:, 0] >= ZONE_SLOTS).any() or (pairs[:, 1] == 0).any():
            raise InputError("a signature of a template is damaged", "Ask its author for it again")
        if len(np.unique(pairs, axis=0)) < len(pairs):
            raise InputError("a signature of a template holds a pair twice", "Ask its author for it again")
        return cls(pairs)

    def table(self) -> NDArray[np.bool_]:
        """(32, 256): whether a pair is of the signature."""
        table = np.zeros((ZONE_SLOTS, VALUES), bool)
        table[self.pairs[:, 0], self.pairs[:, 1]] = True
        return table

    def agreeing(self, traffic: Traffic) -> NDArray[np.int64]:
        """(n,) how many of the slots of each conversation hold a value of the signature."""
        return np.asarray(self.table()[np.arange(ZONE_SLOTS), traffic.slots].sum(axis=1), np.int64)


def signature(ring: Traffic, others: Shares) -> Signature:
    """What `ring` has in common; `others` are `shares` of the same provider's accounts without it.

    The pairs that tell most come first: share in the ring times the logarithm of how many times rarer they are
    elsewhere. Raises `NothingInCommon`.
    """
    ring = ring.thinned()
    own = shares(ring)
    usual = np.maximum(others, _BY_CHANCE)
    told = np.where((own >= TIMES_AS_OFTEN * usual) & _recurs(ring), own * np.log2(np.maximum(own, 1e-12) / usual), 0.0)
    best = np.argsort(-told, axis=None, kind="stable")[:MOST]
    slots, values = np.unravel_index(np.sort(best[told.ravel()[best] > 0]), told.shape)
    if len(slots) < FEWEST:
        raise NothingInCommon(
            f"a ring's conversations share {len(slots)} values that strangers' do not, and {FEWEST} are needed",
            "Tell of the campaign without a template",
        )
    return Signature(np.stack([slots, values], axis=1).astype(np.uint8))


def _recurs(ring: Traffic) -> NDArray[np.bool_]:
    """(32, 256): whether a value occurs 20 times, in 3 accounts."""
    _, account = np.unique(ring.account, return_inverse=True)
    found = np.zeros((ZONE_SLOTS, VALUES), bool)
    for slot in range(ZONE_SLOTS):
        values = ring.slots[:, slot].astype(np.int64)
        often = np.bincount(values, minlength=VALUES) >= OCCURRENCES
        pairs = np.unique(account * VALUES + values)
        found[slot] = often & (np.bincount(pairs % VALUES, minlength=VALUES) >= ACCOUNTS)
    found[:, 0] = False
    return found
