"""Wrappers in many variants: accounts that draw from one stock of phrases, though none repeats one often.

An operator who words his wrapper in fifty ways and picks one for each request leaves nothing that an account repeats.
But the same fifty come from his other accounts. So here the question is turned around:

1. A phrase is a set of zone values that come together in conversations of several units: Leiden communities of values,
   as in `template`, but over conversations instead of accounts.
2. Phrases that the same units use more often than chance explains belong together: Leiden communities of phrases by
   their correlation (phi) over units. What everybody says correlates with nothing.
3. A unit that uses such a stock in a good part of its conversations, or far more than the population does, draws
   from it.

Null: independent principals who share a phrase by chance do not go on to share others. Known weakness: a stock as large
as the number of requests an account sends (a wording for each) shows no correlation; a question set that many evaluate
looks the same, so this finds candidates and is no verdict.
Source: our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.special import pdtrc

from stillwatch.sketch.record import ZONE_SLOTS, ZONES
from stillwatch.tracing.communities import communities, that_come_together
from stillwatch.tracing.skeleton import Conversations, Keys, keys_in, place_in_account, zone_of

Ints = NDArray[np.int64]

CONVERSATIONS_EACH = 64
"""Of an account, looked at: a stock of fifty variants then shows most of them."""
CONVERSATIONS_IN_ALL = 600_000
"""112 bytes each."""
UNITS_AT_LEAST = 3
"""Units that must share a value, and a phrase: two strangers share many by chance."""
VALUES_AT_LEAST = 2
"""Values of one zone that make a phrase: a wrapper beside a payload keeps few slots, and chance is held off by phi."""
LONE_VALUES_AT_LEAST = 3
"""The same in a stock of few phrases, where little else bears it out; as in `template`."""
FEW_PHRASES = 5
SAME_PHRASE = 0.2  # Jaccard of two values' sets of conversations
DIFFERENT_TURNS = 0.5  # of a phrase's conversations: else it is a text that is sent again and again
SAME_STOCK = 0.15  # phi of two phrases over units
SUPPORT_AT_LEAST = 2  # conversations of an account that draw from a stock
DOMINANT_SHARE = 0.3
SURPRISING_LIFT = 3.0
STRANGERS_AT_MOST = 0.1  # expected per stock, if outsiders use its phrases independently


@dataclass(frozen=True, slots=True)
class Sampled:
    """Conversations of all accounts: `account` (n,) dense indices, `zones` (n, ZONE_SLOTS), `payload` (n,)."""

    account: Ints
    zones: NDArray[np.uint32]
    payload: Ints


@dataclass(frozen=True, slots=True)
class Stock:
    """Phrases that belong together and the accounts (dense indices, ascending) that draw from them."""

    accounts: Ints
    keys: Keys  # sorted
    phrases: int


class Sample:
    """Some conversations of every account, for a search across accounts."""

    def __init__(self, accounts: int) -> None:
        self.each = max(1, min(CONVERSATIONS_EACH, CONVERSATIONS_IN_ALL // max(accounts, 1)))
        self._parts = [Sampled(np.empty(0, np.int64), np.empty((0, ZONE_SLOTS), np.uint32), np.empty(0, np.int64))]

    def add(self, rows: Conversations, payload: Ints) -> None:
        """Take the first conversations of each account in `rows` (they are in hash order: as good as random)."""
        keep = place_in_account(rows.account) < self.each
        self._parts.append(Sampled(rows.account[keep], rows.zones[keep], payload[keep]))

    def all(self) -> Sampled:
        return Sampled(
            np.concatenate([p.account for p in self._parts]),
            np.concatenate([p.zones for p in self._parts]),
            np.concatenate([p.payload for p in self._parts]),
        )


def stocks(sample: Sampled, unit_of: Ints, ignored: Keys, conversations: Ints | None = None) -> list[Stock]:
    """Stocks of phrases that at least `UNITS_AT_LEAST` units draw from. `unit_of`: unit of each account index.

    `conversations`: of each account index, looked at in all, where `sample` is only a part of them.
    """
    looked_at = np.bincount(sample.account, minlength=len(unit_of)) if conversations is None else conversations
    cells, keys = _shared_cells(sample, unit_of, ignored)
    if len(keys) == 0:
        return []
    carried, values = _phrases(cells, keys, sample.payload)
    if not values:
        return []
    unit = unit_of[sample.account]
    used = _by_group(carried, unit)
    used = csr_matrix((np.ones(used.nnz), used.indices, used.indptr), shape=used.shape)
    spread = np.flatnonzero(np.asarray(used.sum(axis=1)).ravel() >= UNITS_AT_LEAST)
    found = []
    for group in _together(used[spread], len(np.unique(unit))):
        members = spread[group]
        if len(members) < FEW_PHRASES:
            members = np.array([m for m in members if _fills_a_zone(values[m])], np.int64)
        accounts = _drawing(carried[members], sample.account, looked_at)
        if len(np.unique(unit_of[accounts])) >= UNITS_AT_LEAST:
            found.append(Stock(accounts, np.unique(np.concatenate([values[m] for m in members])), len(members)))
    return found


def _shared_cells(sample: Sampled, unit_of: Ints, ignored: Keys) -> tuple[csr_matrix, Keys]:
    """(values, conversations) incidence of the values that several units have, and those values, sorted."""
    rows: list[Ints] = []
    found: list[Keys] = []
    unit = unit_of[sample.account].astype(np.uint64)
    for slot in range(ZONE_SLOTS):
        filled = np.flatnonzero(sample.zones[:, slot])
        held = keys_in(slot, sample.zones[filled, slot])
        shared = np.setdiff1d(_of_several_units(held, unit[filled]), ignored)
        keep = np.isin(held, shared)
        rows.append(filled[keep])
        found.append(held[keep])
    distinct, row = np.unique(np.concatenate(found), return_inverse=True)
    column = np.concatenate(rows)
    shape = (len(distinct), len(sample.account))
    return csr_matrix((np.ones(len(row), np.int32), (row, column)), shape=shape), distinct


def _of_several_units(held: Keys, unit: NDArray[np.uint64]) -> Keys:
    """The values in `held` that come from at least `UNITS_AT_LEAST` units, sorted."""
    order = np.lexsort((unit, held))
    key, who = held[order], unit[order]
    is_new = np.ones(len(key), bool)
    is_new[1:] = (key[1:] != key[:-1]) | (who[1:] != who[:-1])
    distinct, units = np.unique(key[is_new], return_counts=True)
    return distinct[units >= UNITS_AT_LEAST]


def _phrases(cells: csr_matrix, keys: Keys, payload: Ints) -> tuple[csr_matrix, list[Keys]]:
    """(phrases, conversations) that carry each phrase, and each phrase's values."""
    groups = _value_groups(cells)
    phrase = np.full(len(keys), -1, np.int64)  # of each value
    for number, members in enumerate(groups):
        phrase[members] = number
    values = coo_matrix(cells)
    known = phrase[values.row] >= 0
    row, column = values.row[known], values.col[known].astype(np.int64)
    zones = len(ZONES)
    place = (phrase[row] * cells.shape[1] + column) * zones + zone_of(keys[row])
    found, slots = np.unique(place, return_counts=True)
    carried = np.unique(found[slots >= VALUES_AT_LEAST] // zones)
    number, conversation = carried // cells.shape[1], carried % cells.shape[1]
    wraps = np.flatnonzero(_turns_differ(number, payload[conversation], len(groups)))
    row = np.searchsorted(wraps, number)
    keep = np.isin(number, wraps)
    shape = (len(wraps), cells.shape[1])
    ones = np.ones(int(keep.sum()), np.int32)
    return csr_matrix((ones, (row[keep], conversation[keep])), shape=shape), [keys[groups[one]] for one in wraps]


def _turns_differ(phrase: Ints, payload: Ints, phrases: int) -> NDArray[np.bool_]:
    """Whether each phrase comes with turns that differ. One that is the turn itself is a question many ask."""
    pairs = np.unique(np.stack([phrase, payload]), axis=1)
    distinct, sent = np.bincount(pairs[0], minlength=phrases), np.bincount(phrase, minlength=phrases)
    return np.asarray((sent > 0) & (distinct >= DIFFERENT_TURNS * sent), np.bool_)


def _value_groups(cells: csr_matrix) -> list[Ints]:
    """Values (row indices) that come together, by the Jaccard similarity of their sets of conversations.

    A value alone in a conversation says nothing of what it comes with.
    """
    several = cells[:, np.flatnonzero(np.diff(cells.tocsc().indptr) > 1)]
    return [group for group in that_come_together(several, SAME_PHRASE) if len(group) >= VALUES_AT_LEAST]


def _together(used: csr_matrix, units: int) -> list[Ints]:
    """Groups of phrases (rows of the 0/1 matrix `used`) that the same units use more often than chance explains."""
    share = np.asarray(used.sum(axis=1)).ravel() / units
    both = coo_matrix(used @ used.T)
    upper = both.row < both.col
    left, right, count = both.row[upper], both.col[upper], both.data[upper]
    phi = (count / units - share[left] * share[right]) / _spread(share[left]) / _spread(share[right])
    keep = count >= 2
    return communities(len(share), left[keep], right[keep], phi[keep], SAME_STOCK)


def _spread(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of a 0/1 variable; never 0."""
    return np.sqrt(np.maximum(share * (1 - share), 1e-12))


def _fills_a_zone(keys: Keys) -> bool:
    return bool(np.bincount(zone_of(keys)).max() >= LONE_VALUES_AT_LEAST)


def _by_group(carried: csr_matrix, group: Ints) -> csr_matrix:
    """Columns of `carried` added up by their group number."""
    member = csr_matrix((np.ones(len(group), np.int32), (np.arange(len(group)), group)))
    return csr_matrix(carried @ member)


def _drawing(carried: csr_matrix, account: Ints, sampled: Ints) -> Ints:
    """Accounts that use the stock in a good part of their conversations, or far more often than outsiders do."""
    has = np.asarray(carried.sum(axis=0)).ravel() > 0
    support = np.bincount(account, weights=has, minlength=len(sampled))
    able = np.flatnonzero(support >= SUPPORT_AT_LEAST)
    drawn, of = support[able], sampled[able]
    share = drawn / np.maximum(of, 1)
    draws = share >= DOMINANT_SHARE
    for _ in range(2):  # once with everybody's rate, once with that of those who do not draw from it
        drawing, looked_at = drawn[draws].sum(), of[draws].sum()
        usual = (support[sampled > 0].sum() - drawing + 0.5) / max(sampled.sum() - looked_at, 1)
        surprise = pdtrc(drawn - 1, of * usual)  # P(at least as many by chance)
        draws |= (surprise < STRANGERS_AT_MOST / len(sampled)) & (share >= SURPRISING_LIFT * usual)
    return able[draws]
