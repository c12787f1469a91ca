"""Stillwatch's own hunt, as `stillwatch hunt --calibrate` runs it, on prefixes of one ledger filtered by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis

from stillwatch.campaigns.campaign import AccountFinding, Campaign, Review
from stillwatch.evaluation.detector import Entry, Look, Tier, Watch
from stillwatch.evaluation.prefix import Prefix
from stillwatch.evaluation.threshold import ALPHA
from stillwatch.evaluation.world import World
from stillwatch.ledger.engines import connect
from stillwatch.pipeline import Hunt, review

TIER_STEP = 1_000.0
"""Larger than any log e-value, so that a tier outranks all evidence of a lower one."""
_NO_CANDIDATES = frozenset({"one organisation", "heavy but alone"})  # let go before anything was tested
_UNCALIBRATED = frozenset({"infrastructure"})  # speaks without an e-value


@dataclass(frozen=True)
class Stillwatch:
    """The pipeline of `pipeline.review`."""

    name: str = "stillwatch"
    title: str = "Stillwatch"
    idea: str = "Rings of accounts by evidence families, calibrated on the benign log, acted on by e-BH at 1 %."
    has_rings: bool = True
    has_e_values: bool = True

    def learned(self, world: World) -> Watch:
        engine = connect(threads=2)
        return lambda day: _look(world, day, engine)


def _look(world: World, day: int, engine: ibis.BaseBackend) -> Look:
    benign = Prefix(world.benign, engine) if world.benign else None
    hunt = Hunt(alpha=ALPHA, ignored=world.ignored, names=world.names)
    found = review(Prefix(world.ledger, engine, day), benign, hunt)
    return as_look(found, day)


def as_look(found: Review, day: int) -> Look:
    """A review as the evaluation compares it."""
    verdicts = {campaign.id: campaign.verdict for campaign in found.campaigns}
    acted = {account.account for account in found.accounts if account.verdict == "act"}
    return Look(
        day=day,
        scores={one.account: _score(one, verdicts) for one in found.accounts},
        acted=tuple(sorted(acted)),
        entries=tuple(_entry(campaign, acted) for campaign in found.campaigns),
        log_e={one.account: one.log_e for one in found.accounts if one.log_e},
        tested=len(found.campaigns) + sum(group.reason not in _NO_CANDIDATES for group in found.cleared),
    )


def _score(one: AccountFinding, verdicts: Mapping[str, str]) -> float:
    """Acted on, then in a campaign, then watched in a ring, then watched by rule, then nobody; by evidence inside."""
    if one.verdict == "act":
        tier = 4
    elif one.campaign is not None:
        tier = 3 if verdicts.get(one.campaign) == "campaign" else 2
    else:
        tier = 1 if one.verdict == "watch" else 0
    return tier * TIER_STEP + one.log_e


def _entry(campaign: Campaign, acted: set[str]) -> Entry:
    tier: Tier = "watch" if campaign.verdict == "watch" else "campaign"
    if acted.intersection(campaign.accounts):
        tier = "act"
    log_e = {evidence.family: evidence.log_e for evidence in campaign.evidence}
    speaks = tuple(family for family, value in log_e.items() if value > 0 or family in _UNCALIBRATED)
    return Entry(campaign.accounts, tier, log_e, speaks)
