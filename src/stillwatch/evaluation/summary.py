"""All figures of an evaluation as one value, which evaluation.json states and evaluation.html draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.bounds import Rate, pooled
from stillwatch.evaluation.detector import Detector
from stillwatch.evaluation.metrics.ablation import Ablation, ablations
from stillwatch.evaluation.metrics.calibration import CalibrationPoint, calibration_points
from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.metrics.collateral import Collateral, collateral
from stillwatch.evaluation.metrics.cost import Cost, costs
from stillwatch.evaluation.metrics.leak import CampaignLeak, LeakPoint, campaign_leaks, leak_curve
from stillwatch.evaluation.metrics.recall import (
    AccountRecall,
    CampaignRecall,
    OperatingPoint,
    account_recall,
    campaign_recall,
    operating_point,
)
from stillwatch.evaluation.metrics.rings import BCubed, FalseDiscoveries, b_cubed, false_discoveries
from stillwatch.evaluation.results import Outcome
from stillwatch.evaluation.windows import WindowRow
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
    has_e_values: bool
    worlds: int
    reasons: tuple[str, ...]  # why it did not run, where it did not
    notes: tuple[str, ...]  # what a reader must know of how it ran
    seconds: float
    figures: Figures | None


@dataclass(frozen=True)
class Figures:
    """Every metric."""

    campaigns: tuple[CampaignRecall, ...]
    accounts: AccountRecall
    accounts_heavy: AccountRecall
    operating_point: OperatingPoint
    leaks: tuple[CampaignLeak, ...]
    leak_curve: tuple[LeakPoint, ...]
    b_cubed: BCubed | None  # None for a detector without rings
    false_discoveries: FalseDiscoveries
    collateral: tuple[Collateral, ...]
    calibration: tuple[CalibrationPoint, ...]
    costs: tuple[Cost, ...]
    ablation: tuple[Ablation, ...]


@dataclass(frozen=True)
class Adapted:
    """What an operator who learns came to in a world, round by round."""

    world: str
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Evaluation:
    """The whole."""

    schema: str
    worlds: tuple[WorldSummary, ...]
    detectors: tuple[DetectorSummary, ...]
    windows: tuple[WindowRow, ...]
    windows_reasons: tuple[str, ...]  # why there are no windows of a world
    adaptive: tuple[Adapted, ...] = ()  # only where it was asked for
    adaptive_reasons: tuple[str, ...] = ()


def summarise(
    worlds: Sequence[World],
    detectors: Sequence[Detector],
    outcomes: Mapping[str, Sequence[Outcome]],
    cases: Mapping[str, Sequence[tuple[str, Case]]],
    windows: Sequence[Outcome],
    adapted: Sequence[Outcome] = (),
) -> Evaluation:
    """Count everything."""
    return Evaluation(
        SCHEMA,
        tuple(_world(world) for world in worlds),
        tuple(_detector(one, outcomes[one.name], cases[one.name]) for one in detectors),
        tuple(_pooled_windows(windows)),
        _reasons(windows),
        tuple(Adapted(one.world, one.rounds) for one in adapted if one.rounds),
        _reasons(adapted),
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


def _detector(one: Detector, outcomes: Sequence[Outcome], cases: Sequence[tuple[str, Case]]) -> DetectorSummary:
    return DetectorSummary(
        one.name,
        one.title,
        one.idea,
        one.has_rings,
        one.has_e_values,
        len(cases),
        _reasons(outcomes),
        tuple(dict.fromkeys(look.note for outcome in outcomes for look in outcome.looks if look.note)),
        round(sum(outcome.seconds for outcome in outcomes), 3),
        figures(one.has_rings, one.has_e_values, cases) if cases else None,
    )


def figures(has_rings: bool, has_e_values: bool, named: Sequence[tuple[str, Case]]) -> Figures:
    """Every metric over the cases of one detector, each with the name of its world."""
    cases = [case for _, case in named]
    return Figures(
        campaigns=tuple(campaign_recall(cases)),
        accounts=account_recall(cases, heavy_only=False),
        accounts_heavy=account_recall(cases, heavy_only=True),
        operating_point=operating_point(cases),
        leaks=tuple(row for world, case in named for row in campaign_leaks(world, case)),
        leak_curve=tuple(leak_curve(cases)),
        b_cubed=b_cubed(cases) if has_rings else None,
        false_discoveries=false_discoveries(cases),
        collateral=tuple(collateral(cases)),
        calibration=tuple(calibration_points(cases, has_e_values)),
        costs=tuple(costs(cases)),
        ablation=tuple(ablations(cases)) if has_e_values else (),
    )


def _reasons(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(f"{outcome.world}: {outcome.reason}" for outcome in outcomes if outcome.status == "not run")


def _pooled_windows(outcomes: Sequence[Outcome]) -> list[WindowRow]:
    """Windows of several worlds add up, by test, size, origin, share and level."""
    found: dict[tuple[str, int, str, float, float], list[Rate]] = {}
    for row in (row for outcome in outcomes for row in outcome.windows):
        found.setdefault((row.test, row.size, row.honest, row.share, row.level), []).append(row.flagged)
    return [WindowRow(*key[:4], pooled(rates), key[4]) for key, rates in sorted(found.items())]
