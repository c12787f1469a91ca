"""One detector on one world: what it said at each look, beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.detector import Entry, Look
from stillwatch.evaluation.truth import Campaign, Truth

DAY_US = 86_400_000_000
NEVER_US = 2**62
LISTED = frozenset({"act", "campaign"})
"""Tiers of an entry that a person is shown as a campaign."""


@dataclass(frozen=True)
class Case:
    """`looks` ascend by day and are never empty. `sent_us`: times of all exchanges of each account of a campaign."""

    truth: Truth
    accounts: frozenset[str]  # that are in the traffic
    looks: tuple[Look, ...]
    has_rings: bool
    sent_us: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def last(self) -> Look:
        return self.looks[-1]

    @cached_property
    def attackers(self) -> frozenset[str]:
        """Accounts of campaigns that sent something."""
        return self.accounts & self.truth.campaign_of.keys()

    @cached_property
    def honest(self) -> frozenset[str]:
        return self.accounts - self.attackers

    @cached_property
    def heavy(self) -> frozenset[str]:
        """Honest accounts of the classes that look like attackers because of their volume."""
        return frozenset(account for account in self.honest if self.truth.is_heavy(account))

    @cached_property
    def acted_us(self) -> dict[str, int]:
        """When each account was first acted on: the end of the day of the first look that does. Nothing is undone."""
        return self._first(acted)

    @cached_property
    def listed_us(self) -> dict[str, int]:
        """When each account was first shown to people as part of a campaign, or acted on."""
        return self._first(listed)

    def harvest_us(self, campaign: Campaign) -> dict[str, NDArray[np.int64]]:
        """Times of the harvesting exchanges of a campaign, by account; of all its exchanges where none are named."""
        if self.truth.harvest is None:
            return {account: self.sent_us.get(account, _NONE) for account in campaign.accounts}
        return self.truth.harvest_us.get(campaign.id, {})

    def _first(self, who: Callable[[Look], Iterable[str]]) -> dict[str, int]:
        first: dict[str, int] = {}
        for look in self.looks:
            for account in who(look):
                first.setdefault(account, end_us(look.day))
        return first


_NONE = np.empty(0, np.int64)


def end_us(day: int) -> int:
    """The end of a day, in UTC."""
    return (day + 1) * DAY_US


def acted(look: Look) -> Iterable[str]:
    return look.acted


def listed(look: Look) -> Iterable[str]:
    shown = (account for entry in look.entries if entry.tier in LISTED for account in entry.accounts)
    return (*look.acted, *shown)


class Reach(NamedTuple):
    """Accounts that a look acts on; also those that people are shown in a campaign; also those in anything watched."""

    acted: frozenset[str]
    shown: frozenset[str]
    watched: frozenset[str]


def reach(look: Look) -> Reach:
    held = (account for entry in look.entries for account in entry.accounts)
    return Reach(frozenset(look.acted), frozenset(listed(look)), frozenset((*look.acted, *held)))


def owner(entry: Entry, truth: Truth) -> Campaign | None:
    """The campaign that owns at least half of an entry's accounts; None where nobody does."""
    counts: dict[str, int] = {}
    for account in entry.accounts:
        campaign = truth.campaign_of.get(account)
        if campaign is not None:
            counts[campaign.id] = counts.get(campaign.id, 0) + 1
    best = max(counts, key=lambda name: (counts[name], name), default=None)
    if best is None or 2 * counts[best] < len(entry.accounts):
        return None
    return next(campaign for campaign in truth.campaigns if campaign.id == best)
