"""What one look tells the tracer: campaigns by their lasting ids, whom to act on, and what is their own.

Small, whatever the ledger's size: it travels through a pipe from the process that looks. Accounts are named as the
provider names them, since verdicts are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.standing.look import Looked
from stillwatch.standing.register import Register
from stillwatch.tracer.wrapper import Wrapper


@dataclass(frozen=True, slots=True)
class SeenCampaign:
    """One listed campaign. `acted`: those of `accounts` whom evidence supports action on; `rests`: an alarm rings."""

    id: str
    is_campaign: bool
    accounts: frozenset[str]
    acted: frozenset[str]
    rests: bool
    objective: str
    exchanges: int
    evidence: tuple[str, ...]
    action: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A look that began at `asked_us`. `segments`: what the ledger calls those it read; `last_us`: their newest row.

    `wrappers`: of the campaigns that are listed or have a verdict in force, what is their own.
    """

    asked_us: int
    register: Register
    campaigns: tuple[SeenCampaign, ...]
    wrappers: tuple[Wrapper, ...]
    segments: frozenset[str]
    last_us: int
    exchanges: int
    took_seconds: float
    damage: tuple[str, ...] = ()


def seen_campaigns(looked: Looked, names: Mapping[int, str]) -> tuple[SeenCampaign, ...]:
    """The campaigns of a look; `names` by pseudonym."""
    found = []
    for campaign, decided in zip(looked.review.campaigns, looked.actions, strict=True):
        acted = (names.get(int(sealed, 16), sealed) for sealed in decided.accounts)
        found.append(
            SeenCampaign(
                campaign.id,
                campaign.verdict == "campaign",
                frozenset(campaign.accounts),
                frozenset(acted),
                any(refusal.reason == "drift" for refusal in decided.refusals),
                campaign.objective,
                campaign.exchanges,
                tuple(evidence.statement for evidence in campaign.evidence),
                campaign.action,
            )
        )
    return tuple(found)
