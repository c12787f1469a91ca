"""All figures of an evaluation as one value, which evaluation.json states and evaluation.html draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwatch.evaluation.detector import Detector
from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.metrics.recall import (
    AccountRecall,
    CampaignRecall,
    OperatingPoint,
    account_recall,
    campaign_recall,
    operating_point,
)
from stillwatch.evaluation.results import Outcome
from stillwatch.evaluation.world import World

SCHEMA = "stillwatch.evaluation/1"


@dataclass(frozen=True)
class WorldSummary:
    """What was evaluated on."""

    name: str
    scenario: str
    seed: int
    exchanges: int
    days: int
    accounts: int
    honest: int
    heavy: int
    campaigns: int
    levels: tuple[str, ...]
    is_calibrated: bool


@dataclass(frozen=True)
class DetectorSummary:
    """The figures of one detector over all worlds that it ran on; none where it ran on none."""

    name: str
    title: str
    idea: str
    has_rings: bool
    worlds: int
    reasons: tuple[str, ...]  # why it did not run, where it did not
    seconds: float
    figures: Figures | None


@dataclass(frozen=True)
class Figures:
    """Every metric."""

    campaigns: tuple[CampaignRecall, ...]
    accounts: AccountRecall
    accounts_heavy: AccountRecall
    operating_point: OperatingPoint


@dataclass(frozen=True)
class Evaluation:
    """The whole."""

    schema: str
    worlds: tuple[WorldSummary, ...]
    detectors: tuple[DetectorSummary, ...]


def summarise(
    worlds: Sequence[World],
    detectors: Sequence[Detector],
    outcomes: Mapping[str, Sequence[Outcome]],
    cases: Mapping[str, Sequence[Case]],
) -> Evaluation:
    """Count everything."""
    return Evaluation(
        SCHEMA,
        tuple(_world(world) for world in worlds),
        tuple(_detector(one, outcomes[one.name], cases[one.name]) for one in detectors),
    )


def _world(world: World) -> WorldSummary:
    truth, counts = world.truth, world.ledger.counts()
    named = set(truth.campaign_of) | set(truth.class_of)
    accounts = {world.name_of(account) for account in world.names} or named
    honest = accounts - truth.campaign_of.keys()
    return WorldSummary(
        name=world.name,
        scenario=truth.scenario,
        seed=truth.seed,
        exchanges=counts.exchanges,
        days=counts.days,
        accounts=len(accounts),
        honest=len(honest),
        heavy=sum(truth.is_heavy(account) for account in honest),
        campaigns=len(truth.campaigns),
        levels=tuple(sorted({campaign.level for campaign in truth.campaigns})),
        is_calibrated=world.benign is not None,
    )


def _detector(one: Detector, outcomes: Sequence[Outcome], cases: Sequence[Case]) -> DetectorSummary:
    return DetectorSummary(
        one.name,
        one.title,
        one.idea,
        one.has_rings,
        len(cases),
        tuple(f"{outcome.world}: {outcome.reason}" for outcome in outcomes if outcome.status == "not run"),
        round(sum(outcome.seconds for outcome in outcomes), 3),
        _figures(cases) if cases else None,
    )


def _figures(cases: Sequence[Case]) -> Figures:
    return Figures(
        campaigns=tuple(campaign_recall(cases)),
        accounts=account_recall(cases, heavy_only=False),
        accounts_heavy=account_recall(cases, heavy_only=True),
        operating_point=operating_point(cases),
    )
