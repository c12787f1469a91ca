"""What a campaign got before it was acted on.

Looks fall on the ends of days: an account is acted on, and from then on gets nothing, at the end of the first day whose
look acts on it. The leak is therefore what a hunt once a cut would have let through; a live tracer looks more often.
Nothing that was acted on is let go again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.metrics.case import LISTED, NEVER_US, Case, end_us
from stillwatch.evaluation.metrics.recall import entries_of
from stillwatch.evaluation.truth import Campaign

Marks = NDArray[np.bool_]

CURVE_POINTS = 24
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class CampaignLeak:
    """One campaign. `before_half`, `before_most`: harvested before half, and before 90 %, of its accounts were acted
    on (`is_half_acted` and `is_most_acted` say whether that came to pass; else everything leaked). `leaked`: got by
    accounts not yet acted on. `listed_before_half` is the same with what people are shown in place of what is acted on.
    """

    world: str
    campaign: str
    level: str
    objective: str
    accounts: int
    harvested: int
    before_half: int
    is_half_acted: bool
    before_most: int
    is_most_acted: bool
    leaked: int
    listed_before_half: int
    is_half_listed: bool
    first_alert_hours: float | None  # after its first exchange; None if there was no alert


def campaign_leaks(world: str, case: Case) -> list[CampaignLeak]:
    """One row a campaign."""
    return [_leak(world, case, campaign) for campaign in case.truth.campaigns]


def _leak(world: str, case: Case, campaign: Campaign) -> CampaignLeak:
    by_account = case.harvest_us(campaign)
    harvest = np.sort(np.concatenate([np.empty(0, np.int64), *by_account.values()]))
    half, most = (reached(case.acted_us, campaign, share) for share in (0.5, 0.9))
    shown = reached(case.listed_us, campaign, 0.5)
    alert = first_alert(case, campaign)
    return CampaignLeak(
        world=world,
        campaign=campaign.id,
        level=campaign.level,
        objective=campaign.objective,
        accounts=len(campaign.accounts),
        harvested=len(harvest),
        before_half=int(np.searchsorted(harvest, half)),
        is_half_acted=half < NEVER_US,
        before_most=int(np.searchsorted(harvest, most)),
        is_most_acted=most < NEVER_US,
        leaked=sum(
            int(np.searchsorted(np.sort(times), case.acted_us.get(one, NEVER_US))) for one, times in by_account.items()
        ),
        listed_before_half=int(np.searchsorted(harvest, shown)),
        is_half_listed=shown < NEVER_US,
        first_alert_hours=None if alert is None else round((alert - campaign.first_us) / _HOUR_US, 2),
    )


def reached(first_us: Mapping[str, int], campaign: Campaign, share: float) -> int:
    """When at least this share of a campaign's accounts, of all that it ever has, is in `first_us`."""
    times = sorted(first_us.get(account, NEVER_US) for account in campaign.accounts)
    needed = max(1, int(np.ceil(share * len(times))))
    return times[needed - 1] if times else NEVER_US


def first_alert(case: Case, campaign: Campaign) -> int | None:
    """The end of the first look that shows the campaign, or part of it, as one.

    For a detector with rings: an entry shown as a campaign of which at least half is this campaign's, however few of
    its accounts. Without rings: an account of it that is acted on.
    """
    for look in case.looks:
        if not case.has_rings and set(look.acted).intersection(campaign.accounts):
            return end_us(look.day)
        shown = (entry for entry in entries_of(look) if entry.tier in LISTED)
        if any(2 * len(set(entry.accounts).intersection(campaign.accounts)) >= len(entry.accounts) for entry in shown):
            return end_us(look.day)
    return None


@dataclass(frozen=True, slots=True)
class LeakPoint:
    """At a share of the worlds' time: shares of all harvests got so far, undefended, from accounts not acted on, and
    from accounts that were not even shown to people."""

    at: float
    undefended: float
    leaked: float
    unseen: float


def leak_curve(cases: Sequence[Case]) -> list[LeakPoint]:
    """Over all campaigns of all worlds, each exchange counted once."""
    at, leaks, unseen = [], [], []
    for case in cases:
        start, length = case.truth.first_us, max(1, case.truth.last_us - case.truth.first_us)
        for campaign in case.truth.campaigns:
            for account, times in case.harvest_us(campaign).items():
                at.append((times - start) / length)
                leaks.append(times < case.acted_us.get(account, NEVER_US))
                unseen.append(times < case.listed_us.get(account, NEVER_US))
    if not at:
        return []
    when, is_leaked, is_unseen = np.concatenate(at), np.concatenate(leaks), np.concatenate(unseen)
    return [_point(step / CURVE_POINTS, when, is_leaked, is_unseen) for step in range(CURVE_POINTS + 1)]


def _point(at: float, when: NDArray[np.float64], is_leaked: Marks, is_unseen: Marks) -> LeakPoint:
    so_far, total = when <= at, max(1, len(when))
    shares = (float((so_far & kept).sum() / total) for kept in (np.ones(len(when), bool), is_leaked, is_unseen))
    return LeakPoint(at, *shares)
