"""One campaign as the page tells it: its words, its picture, its timeline, and who belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.campaigns.attribution import calibration_note
from stillwatch.campaigns.campaign import Campaign, Hypothesis, Review
from stillwatch.evidence import Evidence
from stillwatch.report.bounds import Bounds
from stillwatch.report.order import campaigns_by_weight, evidence_by_weight, hypotheses_by_weight
from stillwatch.report.ring import Ring, ring
from stillwatch.report.timeline import Series, Timeline, finest_us, timeline
from stillwatch.report.wording import strength, supports_claim

COLOURS = tuple(f"c{number}" for number in range(1, 9))  # as many as a colour-blind reader can tell apart
OTHER_COLOUR = "other"

_OPEN_CARDS = 4
_MOST_NODES = 150  # of one ring: more cannot be told apart in its picture
_FEWEST_NODES = 20
_FIRST_MEMBERS = 20
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
    attribution_note: str
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
    left_out: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one campaign may take of the page."""

    nodes: int
    members: int
    evidence: int


def cards(review: Review, bounds: Bounds) -> Cards:
    campaigns = campaigns_by_weight(review)
    told, others = campaigns[: bounds.cards], campaigns[bounds.cards :]
    share = Share(
        nodes=_most_nodes([len(campaign.accounts) for campaign in told], bounds.nodes),
        members=bounds.members // max(1, len(told)),
        evidence=bounds.evidence,
    )
    full = tuple(_card(review, campaign, place, share) for place, campaign in enumerate(told))
    return Cards(full, tuple(others[: bounds.listed]), max(0, len(others) - bounds.listed))


def anchors(told: Cards) -> dict[tuple[str, str], str]:
    """The card of each account in each campaign; by both, so that two rings under one name are not mixed up."""
    return {(card.campaign.id, account): card.anchor for card in told.full for account in card.campaign.accounts}


def _most_nodes(sizes: Sequence[int], on_page: int) -> int:
    """The largest picture that every ring may have, so that all of them together stay within the page's bound."""
    most = _MOST_NODES
    while most > _FEWEST_NODES and sum(min(size, most) for size in sizes) > on_page:
        most -= 1
    return most


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


def _card(review: Review, campaign: Campaign, place: int, share: Share) -> Card:
    evidence = evidence_by_weight(campaign.evidence)
    more = campaign.accounts[_FIRST_MEMBERS : _FIRST_MEMBERS + share.members]
    return Card(
        anchor=f"campaign-{place + 1}",
        colour=colour(place),
        is_open=place < _OPEN_CARDS,
        campaign=campaign,
        is_claim=supports_claim(campaign.log_e, review.alpha),
        strength=strength(campaign.log_e, review.alpha),
        evidence=statements(evidence[: share.evidence]),
        evidence_left_out=max(0, len(evidence) - share.evidence),
        attribution=tuple(hypotheses_by_weight(campaign.attribution)),
        attribution_note=calibration_note(),
        ring=ring(campaign, share.nodes),
        timeline=timeline(
            (), [Series(campaign.id, colour(place), campaign.timeline)], finest_us(review.timeline or campaign.timeline)
        ),
        first_members=campaign.accounts[:_FIRST_MEMBERS],
        more_members=more,
        members_left_out=max(0, len(campaign.accounts) - _FIRST_MEMBERS - len(more)),
    )
