"""Stillwatch's own hunt, as `stillwatch hunt --calibrate` runs it, on prefixes of one ledger filtered by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from stillwatch.campaigns.campaign import AccountFinding, Campaign, Review
from stillwatch.campaigns.families import ALL_FAMILIES
from stillwatch.evaluation.detector import Entry, Look, Tier, Watch
from stillwatch.evaluation.prefix import prefix
from stillwatch.evaluation.threshold import ALPHA
from stillwatch.evaluation.world import World
from stillwatch.ledger.engines import connect
from stillwatch.pipeline import Hunt, learned, review

TIER_STEP = 1_000.0
"""Larger than any log e-value, so that a tier outranks all evidence of a lower one."""


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
        hunt = Hunt(alpha=ALPHA, ignored=world.ignored, names=world.names)
        benign = learned(prefix(world.benign, engine), hunt) if world.benign else None
        end = world.ledger.days()[-1]

        def watch(day: int) -> Look:
            seen = prefix(world.ledger, engine, day)
            look = as_look(review(seen, benign, hunt), day)
            if day != end:
                return look
            fewer = {family: replace(hunt, families=ALL_FAMILIES - {family}) for family in sorted(ALL_FAMILIES)}
            without = {left_out: as_look(review(seen, benign, one), day) for left_out, one in fewer.items()}
            return msgspec.structs.replace(look, without={name: one.entries for name, one in without.items()})

        return watch


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
        tested=found.tested,
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
    return Entry(campaign.accounts, tier)
