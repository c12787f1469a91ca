"""Which accounts to look at together: those with one template, one stock of wordings, or one pool of subjects.

Three searches find sets of accounts: `template` (what each account repeats), `variants` (what none repeats often and
all draw from) and `shared_subjects` (no words in common, and no subjects of their own). What several found becomes one
candidate; an account belongs to one candidate at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import ZONES
from stillwatch.tracing import template
from stillwatch.tracing.shared_subjects import UNITS_AT_LEAST, Pool, Space, pools
from stillwatch.tracing.skeleton import Keys, Repeated, keys_of
from stillwatch.tracing.survey import Survey
from stillwatch.tracing.template import CARRIED_VALUES, Candidate
from stillwatch.tracing.variants import Sampled, Stock, stocks

Ints = NDArray[np.int64]

INSIDE = 0.5
"""Of a template's accounts, in a stock: the template is one of its wordings."""
IN_POOL, OUT_OF_POOL = 1, 7
"""As `Candidate.pool`: the part of a candidate that draws from one pool of subjects, and the rest."""
BEARS_OUT = 0.3
"""Of a stock's accounts, in such templates: what "how do i" has in common swallows no ring that says it too."""


@dataclass(frozen=True, slots=True)
class Searches:
    """Which searches look for candidates beside that for templates."""

    variants: bool = True
    subjects: bool = True


EVERY_SEARCH = Searches()


def candidates(seen: Survey, skeleton: Repeated, ignored: Keys, searches: Searches = EVERY_SEARCH) -> list[Candidate]:
    """Disjoint sets of accounts of at least two units, the largest first. `skeleton`: see `template.skeletons`."""
    unit_of = seen.accounts.unit
    found = template.candidates(skeleton, seen.repeated, unit_of)
    if searches.variants:
        looked_at = np.bincount(seen.sample.account, minlength=len(unit_of))
        drawn_from = stocks(unexplained(seen.sample, found), unit_of, ignored, looked_at)
        found = joined(found, drawn_from, unit_of)
    if searches.subjects:
        space = Space.of(seen.subjects, unit_of, seen.subjects.within)
        found = with_pools(found, pools(space), space, unit_of)
    return sorted(found, key=lambda c: -len(c.accounts))


def with_pools(found: Sequence[Candidate], drawn_from: Sequence[Pool], space: Space, unit_of: Ints) -> list[Candidate]:
    """Candidates and pools of subjects as disjoint candidates.

    Where most of a pool shares a wrapper as well, that candidate stands; if it is mostly of the pool, its accounts that
    surely have other subjects are parted from it. Another pool is a candidate of its own: it leaves out the candidates
    that are mostly within it, whose wrapper says more, and takes its accounts from the others, which some phrase joins.
    """
    kept = list(found)
    for pool in drawn_from:
        shared = [len(np.intersect1d(one.accounts, pool.accounts)) for one in kept]
        place = int(np.argmax(shared)) if kept else -1
        if kept and shared[place] >= INSIDE * len(pool.accounts):
            kept[place : place + 1] = _parted(kept[place], pool, space)
            continue
        inside = [one.accounts for one, both in zip(kept, shared, strict=True) if both >= INSIDE * len(one.accounts)]
        free = np.setdiff1d(pool.accounts, np.concatenate(inside)) if inside else pool.accounts
        if len(np.unique(unit_of[free])) >= UNITS_AT_LEAST:
            kept = [_without(one, free) for one in kept]
            kept.append(Candidate(free, np.empty(0, np.uint64), 0))
    return [one for one in kept if len(np.unique(unit_of[one.accounts])) >= 2]


def _parted(one: Candidate, pool: Pool, space: Space) -> list[Candidate]:
    """A candidate, without those who share its wrapper and have subjects of their own."""
    inside = np.isin(one.accounts, pool.accounts)
    others = np.isin(one.accounts, space.account[space.far(pool.centre, pool.variance)])
    if inside.sum() < INSIDE * len(one.accounts) or not others.any():
        return [one]
    return [
        Candidate(one.accounts[~others], one.keys, one.templates, IN_POOL),
        Candidate(one.accounts[others], one.keys, one.templates, OUT_OF_POOL),
    ]


def _without(one: Candidate, accounts: Ints) -> Candidate:
    stays = np.isin(one.accounts, accounts, invert=True)
    return one if stays.all() else Candidate(one.accounts[stays], one.keys, one.templates, one.pool)


def unexplained(sample: Sampled, found: Sequence[Candidate]) -> Sampled:
    """The conversations in which no template was found: what users of one tool ask with it is no second wrapper."""
    if not found:
        return sample
    keys = np.unique(np.concatenate([one.keys for one in found]))
    suspects = np.flatnonzero(np.isin(sample.account, np.concatenate([one.accounts for one in found])))
    zones = sample.zones[suspects]
    matches = np.isin(keys_of(zones), keys) & (zones != 0)
    explained = (matches.reshape(len(suspects), len(ZONES), -1).sum(axis=2) >= CARRIED_VALUES).any(axis=1)
    keep = np.ones(len(sample.account), bool)
    keep[suspects[explained]] = False
    return Sampled(sample.account[keep], sample.zones[keep], sample.payload[keep])


def joined(found: Sequence[Candidate], drawn_from: Sequence[Stock], unit_of: Ints) -> list[Candidate]:
    """Templates and stocks as disjoint candidates; of several stocks the one with most phrases comes first."""
    owner = np.full(len(unit_of), -1, np.int64)  # which of `kept` an account belongs to
    kept = list(found)
    for number, one in enumerate(kept):
        owner[one.accounts] = number
    for stock in sorted(drawn_from, key=lambda s: (-s.phrases, -len(s.accounts))):
        taken = _absorbed(owner[stock.accounts], kept, len(stock.accounts))
        free = stock.accounts[np.isin(owner[stock.accounts], [-1, *taken])]
        whole = _union(free, stock, [kept[number] for number in taken])
        if len(np.unique(unit_of[whole.accounts])) >= 2:
            owner[whole.accounts] = len(kept)
            kept.append(whole)
    return [one for number, one in enumerate(kept) if (owner[one.accounts] == number).all()]


def _absorbed(owners: Ints, kept: Sequence[Candidate], size: int) -> list[int]:
    """The templates that are wordings of a stock of `size` accounts, which belong to `owners` so far."""
    numbers, counts = np.unique(owners[owners >= 0], return_counts=True)
    sizes = np.array([len(kept[number].accounts) for number in numbers], np.int64)
    inside = counts >= INSIDE * sizes
    return numbers[inside].tolist() if counts[inside].sum() >= BEARS_OUT * size else []


def _union(accounts: Ints, stock: Stock, templates: Sequence[Candidate]) -> Candidate:
    return Candidate(
        np.unique(np.concatenate([accounts, *(one.accounts for one in templates)])),
        np.unique(np.concatenate([stock.keys, *(one.keys for one in templates)])),
        max([stock.phrases, *(one.templates for one in templates)]),
    )
