"""One campaign as the page tells it: its words, its picture, its timeline, and who belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.campaigns.campaign import Campaign, Hypothesis, Review
from stillwatch.evidence import Evidence
from stillwatch.report.order import campaigns_by_weight, evidence_by_weight, hypotheses_by_weight
from stillwatch.report.ring import Ring, ring
from stillwatch.report.timeline import Series, Timeline, timeline
from stillwatch.report.wording import strength, supports_claim

COLOURS = tuple(f"c{number}" for number in range(1, 9))  # as many as a colour-blind reader can tell apart
OTHER_COLOUR = "other"

# Bounds of the page, chosen so that 100,000 accounts in hundreds of rings stay below 3 MB.
_MOST_CARDS = 60
_OPEN_CARDS = 4
_MOST_NODES = 150
_NODES_ON_PAGE = 1_200
_FEWEST_NODES = 20
_FIRST_MEMBERS = 20
_MEMBERS_ON_PAGE = 10_000
_MOST_EVIDENCE = 24
_MOST_DETAILS = 12


@dataclass(frozen=True, slots=True)
class Statement:
    """One piece of evidence with its numbers, and how much of the ring's strongest it weighs."""

    evidence: Evidence
    share: float
    details: tuple[tuple[str, float | int | str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """Everything the page says about one campaign."""

    anchor: str
    colour: str
    is_open: bool
    campaign: Campaign
    is_claim: bool
    strength: str
    evidence: tuple[Statement, ...]
    evidence_left_out: int
    attribution: tuple[Hypothesis, ...]
    ring: Ring | None
    timeline: Timeline | None
    first_members: tuple[str, ...]
    more_members: tuple[str, ...]
    members_left_out: int


@dataclass(frozen=True, slots=True)
class Cards:
    """The campaigns of a page by weight: those told in full, and those only listed."""

    full: tuple[Card, ...]
    listed: tuple[Campaign, ...]


def cards(review: Review) -> Cards:
    campaigns = campaigns_by_weight(review)
    told = campaigns[:_MOST_CARDS]
    most_nodes = max(_FEWEST_NODES, min(_MOST_NODES, _NODES_ON_PAGE // max(1, len(told))))
    most_members = _MEMBERS_ON_PAGE // max(1, len(told))
    full = tuple(_card(review, campaign, place, most_nodes, most_members) for place, campaign in enumerate(told))
    return Cards(full, tuple(campaigns[_MOST_CARDS:]))


def colour(place: int) -> str:
    """The colour of the campaign at a place by weight; after the eighth all share one."""
    return COLOURS[place] if place < len(COLOURS) else OTHER_COLOUR


def statements(evidence: Sequence[Evidence]) -> tuple[Statement, ...]:
    loudest = max((e.log_e for e in evidence), default=0.0)
    return tuple(
        Statement(
            e, max(0.0, e.log_e) / loudest if loudest > 0 else 0.0, tuple(sorted(e.detail.items()))[:_MOST_DETAILS]
        )
        for e in evidence
    )


def _card(review: Review, campaign: Campaign, place: int, most_nodes: int, most_members: int) -> Card:
    evidence = evidence_by_weight(campaign.evidence)
    more = campaign.accounts[_FIRST_MEMBERS : _FIRST_MEMBERS + most_members]
    return Card(
        anchor=f"campaign-{place + 1}",
        colour=colour(place),
        is_open=place < _OPEN_CARDS,
        campaign=campaign,
        is_claim=supports_claim(campaign.log_e, review.alpha),
        strength=strength(campaign.log_e, review.alpha),
        evidence=statements(evidence[:_MOST_EVIDENCE]),
        evidence_left_out=max(0, len(evidence) - _MOST_EVIDENCE),
        attribution=tuple(hypotheses_by_weight(campaign.attribution)),
        ring=ring(campaign, most_nodes),
        timeline=timeline((), [Series(campaign.id, colour(place), campaign.timeline)]),
        first_members=campaign.accounts[:_FIRST_MEMBERS],
        more_members=more,
        members_left_out=max(0, len(campaign.accounts) - _FIRST_MEMBERS - len(more)),
    )
