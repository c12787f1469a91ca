"""What the tracer is doing, for those who look from outside: a small JSON file, and a line for each look.

The file is replaced whole, so that a reader never meets half of it. It names no accounts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from stillwatch.decision.verdict import Verdict
from stillwatch.tracer.given import Given, Kind, Series
from stillwatch.tracer.seen import Seen

FILE = "status.json"
_SENTENCES = 2


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """A listed campaign. `accounts`: how many; `acted_on`, `joined`: how many of a verdict; `step`: the hardest."""

    id: str
    accounts: int
    acted_on: int
    joined: int
    step: str | None
    objective: str
    exchanges: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """`looks`: since the tracer was started; `exchanges`: in the ledger at the last one; `problem`: what stands in the
    way, or nothing. `waiting`: what it waits for before it can look at all.
    """

    looks: int = 0
    last_look_seconds: float = 0.0
    exchanges: int = 0
    campaigns: tuple[CampaignStatus, ...] = ()
    joined: int = 0
    waiting: str = ""
    problem: str = ""
    updated_us: int = 0

    def write(self, directory: Path) -> None:
        """Replace the status file; where that cannot be done it stays as it was. It is for showing alone."""
        partial = directory / f".{FILE}.partial"
        with suppress(OSError):
            partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
            partial.replace(directory / FILE)


def campaign_statuses(seen: Seen, given: Given, now_us: int) -> tuple[CampaignStatus, ...]:
    """The campaigns of the last look, with how their accounts are treated now."""
    in_force = given.in_force(now_us)
    return tuple(
        CampaignStatus(
            campaign.id,
            len(campaign.accounts),
            len(_accounts(in_force, campaign.id, Kind.ACTED)),
            len(_accounts(in_force, campaign.id, Kind.JOINED)),
            _step(in_force, campaign.id),
            campaign.objective,
            campaign.exchanges,
            campaign.evidence[:_SENTENCES],
        )
        for campaign in seen.campaigns
    )


def line(seen: Seen, status: Status, given: int, lifted: int) -> str:
    """One look as a line of JSON."""
    told = {
        "look": status.looks,
        "campaigns": len(status.campaigns),
        "acted_on": sum(one.acted_on > 0 for one in status.campaigns),
        "accounts_acted_on": sum(one.acted_on for one in status.campaigns),
        "joined": status.joined,
        "given": given,
        "lifted": lifted,
        "took_seconds": round(seen.took_seconds, 2),
        "exchanges": seen.exchanges,
        "damage": list(seen.damage),
        "problem": status.problem,
    }
    return json.dumps(told)


def _accounts(in_force: Mapping[Series, Verdict], campaign: str, kind: Kind) -> frozenset[str]:
    of_kind = (v.accounts for series, v in in_force.items() if (series.campaign, series.kind) == (campaign, kind))
    return frozenset[str]().union(*of_kind)


def _step(in_force: Mapping[Series, Verdict], campaign: str) -> str | None:
    steps = [verdict.step for verdict in in_force.values() if verdict.campaign == campaign]
    return max(steps).name.lower() if steps else None
