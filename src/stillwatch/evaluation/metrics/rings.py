"""How pure and how whole the rings are, and which share of what was acted on is false."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, pooled, share
from stillwatch.evaluation.metrics.case import LISTED, Case, owner
from stillwatch.evaluation.metrics.recall import entries_of


@dataclass(frozen=True, slots=True)
class BCubed:
    """Averages over accounts of campaigns and of entries: of its ring, the share of its own kind; of its own kind, the
    share in its ring."""

    precision: float | None
    recall: float | None
    accounts: int


def b_cubed(cases: Sequence[Case]) -> BCubed:
    """B-cubed over entries shown as campaigns. An account in no entry is a ring of its own, an honest account a
    campaign of its own; an account in several entries counts in the first.

    Source: Bagga & Baldwin (1998); Amigo, Gonzalo, Artiles & Verdejo (2009), Inf. Retrieval 12(4), section 4.
    """
    precisions: list[float] = []
    recalls: list[float] = []
    for case in cases:
        rings = ring_of(case)
        for account in case.attackers | rings.keys():
            ring = rings.get(account, frozenset({account}))
            campaign = case.truth.campaign_of.get(account)
            kind = frozenset(campaign.accounts) & case.accounts if campaign else frozenset({account})
            both = len(ring & kind)
            precisions.append(both / len(ring))
            recalls.append(both / len(kind))
    if not precisions:
        return BCubed(None, None, 0)
    return BCubed(sum(precisions) / len(precisions), sum(recalls) / len(recalls), len(precisions))


def ring_of(case: Case) -> dict[str, frozenset[str]]:
    """The ring of each account that is in one."""
    rings: dict[str, frozenset[str]] = {}
    for entry in case.last.entries:
        if entry.tier in LISTED:
            mine = frozenset(account for account in entry.accounts if account not in rings)
            rings |= dict.fromkeys(mine, mine)
    return rings


@dataclass(frozen=True, slots=True)
class FalseDiscoveries:
    """Share of entries less than half of which are one campaign's, and share of accounts acted on that are honest."""

    acted_entries: Rate
    listed_entries: Rate
    acted_accounts: Rate


def false_discoveries(cases: Sequence[Case]) -> FalseDiscoveries:
    """Over all worlds. Without rings there are accounts only."""
    rates = []
    for tiers in (frozenset({"act"}), LISTED):
        entries = [(case, entry) for case in cases for entry in entries_of(case.last) if entry.tier in tiers]
        rates.append(share(owner(entry, case.truth) is None for case, entry in entries))
    accounts = pooled(share(account in case.honest for account in case.last.acted) for case in cases)
    return FalseDiscoveries(rates[0], rates[1], accounts)
