"""Which accounts to look at together: those with one template, and those with one stock of wordings.

Two searches find sets of accounts: `template` (what each account repeats) and `variants` (what none repeats often and
all draw from). What both found becomes one candidate; an account belongs to one candidate at most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import ZONES
from stillwatch.tracing import template
from stillwatch.tracing.skeleton import Keys, Repeated, keys_of
from stillwatch.tracing.survey import Survey
from stillwatch.tracing.template import CARRIED_VALUES, Candidate
from stillwatch.tracing.variants import Sampled, Stock, stocks

Ints = NDArray[np.int64]

INSIDE = 0.5
"""Of a template's accounts, in a stock: the template is one of its wordings."""
BEARS_OUT = 0.3
"""Of a stock's accounts, in such templates: what "how do i" has in common swallows no ring that says it too."""


def candidates(seen: Survey, skeleton: Repeated, ignored: Keys, *, variants: bool = True) -> list[Candidate]:
    """Disjoint sets of accounts of at least two units, the largest first.

    `skeleton`: see `template.skeletons`. `variants`: whether to search for stocks of wordings too.
    """
    found = template.candidates(skeleton, seen.repeated, seen.accounts.unit)
    if not variants:
        return found
    unit_of = seen.accounts.unit
    looked_at = np.bincount(seen.sample.account, minlength=len(unit_of))
    drawn_from = stocks(unexplained(seen.sample, found), unit_of, ignored, looked_at)
    return sorted(joined(found, drawn_from, unit_of), key=lambda c: -len(c.accounts))


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
