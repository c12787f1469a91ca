"""What of a campaign's wrapper is its own, and whether an account sends it.

A skeleton also holds what everybody says: greetings, boilerplate, a published tool's briefing. An account may be
counted among a campaign because of its words alone only where the words are nobody else's, so a value counts while

1. no organisation of the benign log repeats it (`tracing.commonness.CommonSkeletons`);
2. it is none of the phrases that every product has (`tracing.ubiquitous`);
3. fewer than `COMMON_UNITS` organisations outside the campaign hold it, of accounts that have been there long enough
   for the look to place them.

A conversation matches as membership in a template is defined (`tracing.template`): three values in one zone. Null: an
account that is none of the campaign's does not write the campaign's own words into the same places, conversation after
conversation. Weakness: a private wrapper that is published after the look belongs to strangers from then on; until the
next look at most as many accounts as the campaign has can join because of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.campaigns.gather import matched_keys
from stillwatch.campaigns.judgement import COMMON_UNITS
from stillwatch.sketch.record import SLOTS_PER_ZONE, ZONES, Flag
from stillwatch.tracing.commonness import CommonSkeletons
from stillwatch.tracing.skeleton import Keys, zone_of
from stillwatch.tracing.strata import asks
from stillwatch.tracing.survey import fixed_rows
from stillwatch.tracing.template import VALUES_AT_LEAST

Ints = NDArray[np.int64]

CONVERSATIONS_AT_LEAST = 3
"""With the wrapper: one or two are an accident, as for a look (`campaigns.split`)."""
HOLDER_COLUMNS = ("account", "organization", "flags", "zones")


@dataclass(frozen=True)
class Wrapper:
    """A campaign's own values, sorted, and its accounts' pseudonyms, sorted. Without values nobody joins."""

    campaign: str
    keys: Keys
    ring: Ints

    def in_rows(self, zones: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Whether each row of (n, ZONE_SLOTS) slot values holds enough of it in one zone."""
        if not len(self.keys):
            return np.zeros(len(zones), np.bool_)
        held = (matched_keys(zones, self.keys) != 0).reshape(len(zones), len(ZONES), SLOTS_PER_ZONE)
        return np.asarray((held.sum(axis=2) >= VALUES_AT_LEAST).any(axis=1), np.bool_)


def is_sent(matching: int, conversations: int) -> bool:
    """Whether an account sends a wrapper: several times, and in the larger part of its conversations."""
    return matching >= CONVERSATIONS_AT_LEAST and 2 * matching > conversations


def openings(part: pa.Table) -> Ints:
    """Places of the rows that open a conversation with a model."""
    flags = part.column("flags").to_numpy()
    return np.flatnonzero(asks(flags) & ((flags & Flag.ASSISTANT_TURNS) == 0))


def own_wrappers(
    skeletons: dict[str, tuple[Keys, Ints]],
    suspected: Ints,
    parts: Iterable[pa.Table],
    common: CommonSkeletons,
    ignored: Keys,
) -> list[Wrapper]:
    """The wrappers of these campaigns (skeleton values, accounts), without what others have too.

    `suspected`: accounts of any campaign, who are no witnesses that a value is usual. Each of `parts` holds
    `HOLDER_COLUMNS` of whole accounts.
    """
    known = {id: _unusual(keys, common, ignored) for id, (keys, _) in skeletons.items()}
    every = np.unique(np.concatenate([np.empty(0, np.uint64), *known.values()]))
    held = _holders(every, suspected, parts) if len(every) else []
    pairs = np.unique(np.concatenate([np.empty((0, 2), np.int64), *held]), axis=0)
    units = np.bincount(pairs[:, 0], minlength=len(every))
    usual = every[units >= COMMON_UNITS]
    return [
        Wrapper(id, _filling(np.sort(keys[~np.isin(keys, usual)])), np.sort(skeletons[id][1]))
        for id, keys in known.items()
    ]


def _unusual(keys: Keys, common: CommonSkeletons, ignored: Keys) -> Keys:
    is_unusual = (common.independent_units(keys) == 0) & ~np.isin(keys, ignored)
    return np.asarray(keys[is_unusual], np.uint64)


def _filling(keys: Keys) -> Keys:
    """The values, if enough of them are in one zone for a conversation to match at all."""
    return keys if len(keys) and np.bincount(zone_of(keys)).max() >= VALUES_AT_LEAST else keys[:0]


def _holders(keys: Keys, suspected: Ints, parts: Iterable[pa.Table]) -> Iterator[NDArray[np.int64]]:
    """Pairs (place in `keys`, unit) of those who hold a value and are nobody's suspects, part by part."""
    for part in parts:
        places = openings(part)
        account = part.column("account").to_numpy()[places]
        _, index, counts = np.unique(account, return_inverse=True, return_counts=True)
        witness = (counts[index] >= CONVERSATIONS_AT_LEAST) & ~np.isin(account, suspected)
        found = matched_keys(fixed_rows(part, "zones", places[witness]).view("<u4"), keys)
        row, slot = np.nonzero(found)
        organization = part.column("organization").to_numpy()[places[witness]]
        # Two kinds of pseudonyms: they are as good as never equal, and where they were, a value would count as usual.
        unit = np.where(organization != 0, organization, account[witness])
        yield np.unique(np.stack([found[row, slot].astype(np.int64) - 1, unit[row]], axis=1), axis=0)


def suspects_of(rings: Collection[Ints]) -> Ints:
    """The accounts of any of these rings, sorted."""
    return np.unique(np.concatenate([np.empty(0, np.int64), *rings]))


def accounts_of(sealed: Iterable[str]) -> Ints:
    """Pseudonyms as a register keeps them, as numbers, sorted."""
    return np.sort(np.fromiter((int(one, 16) for one in sealed), np.int64))


def keys_of_register(skeleton: Sequence[str] | frozenset[str]) -> Keys:
    """Skeleton values as a register keeps them, as keys, sorted."""
    return np.sort(np.fromiter((int(one, 16) for one in skeleton), np.uint64))
