"""What is true of a world: counted from the rows as they are written, so that it cannot differ from the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.campaign import CUSTOMERS_A_RELAY_ACCOUNT
from stillwatch.world.scenario import Crowd, Scenario
from stillwatch.world.sent import Sent
from stillwatch.world.simulate import Part
from stillwatch.world.stage import Stage

SCHEMA = "stillwatch.truth/1"


@dataclass(slots=True)
class Count:
    """One class or campaign as it was written: accounts in the order of their names, harvest and its moments."""

    accounts: set[str] = field(default_factory=set)
    exchanges: int = 0
    harvested: int = 0
    first_us: int = 0
    last_us: int = 0

    def add(self, sent: Sent, is_answered: bool) -> None:
        """One exchange of it; what is not answered harvests nothing."""
        self.accounts.add(sent.account.account)
        self.first_us = min(self.first_us or sent.ts_us, sent.ts_us)
        self.last_us = max(self.last_us, sent.ts_us)
        self.exchanges += 1
        self.harvested += bool(sent.campaign) and is_answered


@dataclass(slots=True)
class Counts:
    """All parts of a log, by label."""

    by_label: dict[str, Count] = field(default_factory=dict)
    exchanges: int = 0

    def add(self, part: Part, sent: Sent, is_answered: bool) -> None:
        """One exchange that was written."""
        self.by_label.setdefault(part.label, Count()).add(sent, is_answered)
        self.exchanges += 1


def truth(scenario: Scenario, stage: Stage, scale: float, counts: Counts) -> dict[str, Any]:
    """The document that `truth.json` holds (docs/world.md)."""
    found = counts.by_label
    return {
        "schema": SCHEMA,
        "scenario": scenario.name,
        "seed": stage.seed,
        "scale": scale,
        "days": stage.days,
        "first_us": stage.first_us,
        "last_us": stage.last_us,
        "release_us": None if scenario.release_day is None else stage.release_us,
        "exchanges": counts.exchanges,
        "classes": {name: _class(name, found.get(name, Count())) for name in scenario.honest}
        | {crowd.name: _crowd(crowd, found.get(crowd.name, Count())) for crowd in scenario.crowds},
        "campaigns": [
            {
                "id": plan.name,
                "objective": plan.objective,
                "level": plan.level,
                "accounts": sorted(found[plan.name].accounts),
                "exchanges": found[plan.name].exchanges,
                "harvested": found[plan.name].harvested,
                "first_us": found[plan.name].first_us,
                "last_us": found[plan.name].last_us,
                "relay": plan.knobs.relay,
                "relay_customers": plan.accounts * CUSTOMERS_A_RELAY_ACCOUNT if plan.knobs.relay else 0,
            }
            for plan in scenario.campaigns
            if plan.name in found
        ],
    }


def _class(name: str, count: Count) -> dict[str, Any]:
    kind = CLASSES[name]
    return {"heavy": kind.heavy, "sentence": kind.sentence, "accounts": sorted(count.accounts)}


def _crowd(crowd: Crowd, count: Count) -> dict[str, Any]:
    how = "each organisation for itself" if crowd.independent else "the accounts of one organisation"
    sentence = f"Honest users of a real client, captured as {crowd.run}: {how}."
    return {"heavy": True, "sentence": sentence, "accounts": sorted(count.accounts)}
