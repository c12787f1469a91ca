"""Who acts in a scenario, one stream of exchanges after the other, each with the label that the truth gives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.real_clients import Runs, crowd, requests_of
from stillwatch.world.scenario import Scenario
from stillwatch.world.sent import Sent
from stillwatch.world.stage import DAY_US, START_US, Stage


@dataclass(frozen=True, slots=True)
class Part:
    """A class of honest customers or a campaign, by `label`, and its streams. `share`: about how much of the world."""

    label: str
    is_campaign: bool
    accounts: int
    streams: Iterator[Iterator[Sent]]


def stage_of(scenario: Scenario, seed: int, era: str = "traffic") -> Stage:
    """The stage of the hunted traffic, or (`benign`) of the days before it, when the new model was not out yet."""
    first_us = START_US if era == "traffic" else START_US - scenario.days * DAY_US
    release_day = 10_000.0 if scenario.release_day is None else scenario.release_day
    return Stage(scenario.name, seed, era, first_us, scenario.days, START_US + int(release_day * DAY_US))


def honest_parts(scenario: Scenario, stage: Stage, runs: Runs) -> Iterator[Part]:
    """The honest classes and crowds."""
    for name, count in scenario.honest.items():
        yield Part(name, False, count, CLASSES[name].cast(stage, count))
    for plan in scenario.crowds:
        requests_of(runs, plan.run)  # an unknown run is said before anything is simulated
        yield Part(plan.name, False, plan.accounts, crowd(stage, plan, runs))


def campaign_parts(scenario: Scenario, stage: Stage, runs: Runs) -> Iterator[Part]:
    """The campaigns, each one stream."""
    for plan in scenario.campaigns:
        pool = Pool(stage, plan, requests_of(runs, plan.run) if plan.run else ())
        yield Part(plan.name, True, plan.accounts, iter([campaign(stage, plan, pool)]))
