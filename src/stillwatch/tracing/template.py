"""Evidence family "template": accounts of different principals that repeat the same rare skeleton.

1. A repeated value is part of an account's skeleton if it fills a good part of its conversations, or if it comes far
   more often than the population's share explains (cover traffic dilutes the first, not the second).
2. Values held by the same accounts are one template: Leiden communities (constant Potts model) of the value graph
   with Jaccard weights. Working on values instead of accounts keeps a ring of 25,000 accounts as cheap as one of 5.
3. Accounts with enough values of a template use it; templates used by mostly the same accounts are one candidate.

Null: independent principals do not write the same words into the same places. Assumption: a shared skeleton has one
author. Known weakness, and why a candidate is no verdict: the author may be a popular tool, an employer or a
tutorial. Blind where every request's wrapper is reworded.
"""

from __future__ import annotations

from dataclasses import dataclass

import igraph
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.special import pdtrc

from stillwatch.tracing.commonness import Population
from stillwatch.tracing.communities import that_come_together
from stillwatch.tracing.skeleton import Keys, Repeated, zone_of

Ints = NDArray[np.int64]

DOMINANT_SHARE = 0.3  # chosen in the design's pilot: of an account's conversations
DOMINANT_SUPPORT = 2
SURPRISING_SUPPORT = 3
SURPRISING_P = 1e-6
SURPRISING_LIFT = 3.0
SAME_TEMPLATE = 0.3  # Jaccard of two values' account sets
VALUES_AT_LEAST = 3  # agreeing slots in one zone: two are a phrase ("how do i"), three span five words or more
CARRIED_VALUES = 2
"""Slots of one zone that must hold a skeleton's values: fewer than for membership, since its users are known then."""
SAME_CANDIDATE = 0.2
"""Jaccard of two templates' account sets. Not their overlap: what all say would swallow each ring that says it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Accounts (dense indices, ascending) that share one or more templates, and those templates' values.

    Accounts that share subjects and no words have no `keys`: then everything they send is looked at.
    """

    accounts: Ints
    keys: Keys  # sorted
    templates: int
    pool: int = 0  # which pool of payloads the accounts draw from, where one skeleton has several
    says_it_rarely: bool = False  # its accounts carry the skeleton in hardly any conversation, where others do in many


def skeletons(repeated: Repeated, conversations: Ints, population: Population, ignored: Keys) -> Repeated:
    """The repeated values that belong to an account's skeleton. `conversations`: per account index."""
    n = conversations[repeated.account]
    share = repeated.support / np.maximum(n, 1)
    usual = population.share(repeated.key)
    is_dominant = (repeated.support >= DOMINANT_SUPPORT) & (share >= DOMINANT_SHARE)
    surprise = pdtrc(repeated.support - 1, n * usual)  # P(at least as many by chance)
    is_surprising = (
        (repeated.support >= SURPRISING_SUPPORT) & (surprise < SURPRISING_P) & (share >= SURPRISING_LIFT * usual)
    )
    keep = (is_dominant | is_surprising) & ~np.isin(repeated.key, ignored)
    return Repeated(repeated.account[keep], repeated.key[keep], repeated.support[keep])


def candidates(skeleton: Repeated, repeated: Repeated, unit_of: Ints) -> list[Candidate]:
    """Sets of accounts of at least two units that share templates, the largest first.

    `skeleton` decides what the templates are; whoever repeats enough of a template's values, however diluted
    (`repeated`), uses it.
    """
    cells = _shared_cells(skeleton, unit_of)
    if len(cells.key) == 0:
        return []
    keys = np.unique(cells.key)
    templates = [members for members in _templates(_incidence(cells, keys)[0]) if _fills_a_zone(keys[members])]
    known = np.isin(repeated.key, keys)
    held = Repeated(repeated.account[known], repeated.key[known], repeated.support[known])
    incidence, accounts = _incidence(held, keys)
    users = [(members, _users(incidence, members, keys)) for members in templates]
    users = [(members, who) for members, who in users if len(np.unique(unit_of[accounts[who]])) >= 2]
    found = [Candidate(accounts[who], np.sort(keys[members]), templates) for members, who, templates in _merge(users)]
    return sorted(_one_each(found, incidence, keys, accounts, unit_of), key=lambda c: -len(c.accounts))


def _incidence(cells: Repeated, keys: Keys) -> tuple[csr_matrix, Ints]:
    """Which of `keys` (rows) which accounts (columns, named by the second result) have."""
    accounts, column = np.unique(cells.account, return_inverse=True)
    row = np.searchsorted(keys, cells.key)
    return csr_matrix((np.ones(len(row), np.int32), (row, column)), shape=(len(keys), len(accounts))), accounts


def _shared_cells(skeleton: Repeated, unit_of: Ints) -> Repeated:
    """Only values that accounts of two or more units have."""
    if len(skeleton.key) == 0:
        return skeleton
    order = np.lexsort((unit_of[skeleton.account], skeleton.key))
    key, unit = skeleton.key[order], unit_of[skeleton.account][order]
    is_same_key = key[1:] == key[:-1]
    differs = np.unique(key[1:][is_same_key & (unit[1:] != unit[:-1])])
    keep = np.isin(skeleton.key, differs)
    return Repeated(skeleton.account[keep], skeleton.key[keep], skeleton.support[keep])


def _templates(incidence: csr_matrix) -> list[Ints]:
    """Communities of values (row indices) by the Jaccard similarity of their account sets."""
    return [group for group in that_come_together(incidence, SAME_TEMPLATE) if len(group) >= VALUES_AT_LEAST]


def _fills_a_zone(keys: Keys) -> bool:
    return bool(np.bincount(zone_of(keys)).max() >= VALUES_AT_LEAST)


def _users(incidence: csr_matrix, members: Ints, keys: Keys) -> Ints:
    """Columns (accounts) that have enough of a template's values in one zone."""
    zone = zone_of(keys[members])
    counts = [np.asarray(incidence[members[zone == z]].sum(axis=0)).ravel() for z in np.unique(zone)]
    return np.flatnonzero(np.max(counts, axis=0) >= VALUES_AT_LEAST)


def _merge(users: list[tuple[Ints, Ints]]) -> list[tuple[Ints, Ints, int]]:
    """Join templates that mostly the same accounts use: (values, accounts, number of templates)."""
    if not users:
        return []
    width = max(int(who.max()) for _, who in users) + 1
    rows = np.repeat(np.arange(len(users)), [len(who) for _, who in users])
    columns = np.concatenate([who for _, who in users])
    table = csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(users), width))
    both = coo_matrix(table @ table.T)
    sizes = np.asarray(table.sum(axis=1)).ravel()
    keep = both.data >= SAME_CANDIDATE * (sizes[both.row] + sizes[both.col] - both.data)
    groups = igraph.Graph(n=len(users), edges=np.stack([both.row[keep], both.col[keep]], axis=1)).connected_components()
    return [
        (
            np.concatenate([users[i][0] for i in group]),
            np.unique(np.concatenate([users[i][1] for i in group])),
            len(group),
        )
        for group in groups
    ]


def _one_each(
    found: list[Candidate], incidence: csr_matrix, keys: Keys, accounts: Ints, unit_of: Ints
) -> list[Candidate]:
    """Give an account that is in several candidates to the one it shares most values with."""
    best = np.full(len(accounts), -1, np.int64)
    most = np.zeros(len(accounts), np.int64)
    for index, candidate in enumerate(found):
        rows = np.searchsorted(keys, candidate.keys)
        column = np.searchsorted(accounts, candidate.accounts)
        values = np.asarray(incidence[rows].sum(axis=0)).ravel()[column]
        better = values > most[column]
        best[column[better]], most[column[better]] = index, values[better]
    kept = []
    for index, candidate in enumerate(found):
        mine = candidate.accounts[best[np.searchsorted(accounts, candidate.accounts)] == index]
        if len(np.unique(unit_of[mine])) >= 2:
            kept.append(Candidate(mine, candidate.keys, candidate.templates))
    return kept
