"""One wrapper in which each user's own words stand: installations of one application, with settings of their own.

A home's assistant lists that home's devices, a shop's desk names that shop. Such users ask about the same things and
hardly repeat each other, which is what shares of one pool look like. What tells most of them apart is in the wrapper:
beside the values that all have stand others that one unit alone repeats, in nearly every conversation in which it
carries the wrapper. An operator's wrapper has no such part, unless he gives each account a persona: then he looks like
them, and the judgement watches both. Blind where an application has no settings, or few words of them (a zone keeps
eight values).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.gather import Carried
from stillwatch.tracing.skeleton import Repeated, slot_of, zone_of
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]

_SEVERAL = 3
"""Conversations: what stands in two of two may be the payload."""
_NEARLY_ALWAYS = 0.8
"""Of an account's conversations with the wrapper. Settings change now and then; a subject fills no slot so often."""


def own_settings(candidate: Candidate, carried: Carried, unit_of: Ints, skeleton: Repeated) -> float:
    """Share of the units that carry the skeleton in several conversations which have words of their own in it, 0 .. 1.

    `unit_of`: of each account index. A value is a unit's own if no other unit of the candidate repeats it; it is in the
    wrapper if it is in a zone of the skeleton's, as often as the skeleton, in a slot that the skeleton leaves free.
    """
    opens = carried.columns["opens"].astype(bool)
    accounts, account, sent = np.unique(carried.account[opens], return_inverse=True, return_counts=True)
    enough = sent >= _SEVERAL
    if not enough.any() or not len(candidate.keys):
        return 0.0
    taken = carried.columns["matches"][opens] != 0
    free = np.stack([np.bincount(account, weights=~slot, minlength=len(accounts)) for slot in taken.T], axis=1)
    cells = _of_one_unit(skeleton, candidate, unit_of)
    at = np.minimum(np.searchsorted(accounts, cells.account), len(accounts) - 1)
    often = _NEARLY_ALWAYS * sent[at]
    own = (accounts[at] == cells.account) & enough[at]
    own &= (cells.support >= often) & (free[at, slot_of(cells.key)] >= often)
    units = np.unique(unit_of[accounts[enough]])
    return len(np.unique(unit_of[cells.account[own]])) / len(units)


def _of_one_unit(skeleton: Repeated, candidate: Candidate, unit_of: Ints) -> Repeated:
    """What the candidate's accounts repeat in the zones of its skeleton, and one unit of them alone."""
    zones = np.unique(zone_of(candidate.keys))
    kept = np.isin(skeleton.account, candidate.accounts) & np.isin(zone_of(skeleton.key), zones)
    account, key, support = skeleton.account[kept], skeleton.key[kept], skeleton.support[kept]
    held = np.unique(np.stack([key, unit_of[account].astype(np.uint64)]), axis=1)[0]
    distinct, units = np.unique(held, return_counts=True)
    alone = np.isin(key, distinct[units == 1]) & ~np.isin(key, candidate.keys)
    return Repeated(account[alone], key[alone], support[alone])
