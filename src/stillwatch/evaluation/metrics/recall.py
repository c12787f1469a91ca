"""Which campaigns were found, and how many accounts at a stated false-positive rate.

A campaign counts as found if one entry holds at least half of its accounts and at least half of the entry's accounts
are its own; an account that is acted on alone is an entry of one. A detector without rings has no entries: for it, a
campaign counts as found if at least half of its accounts are acted on, which is easier.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, pooled, rate, share
from stillwatch.evaluation.detector import Entry, Look
from stillwatch.evaluation.metrics.case import LISTED, Case, owner, reach
from stillwatch.evaluation.truth import LEVELS, Campaign, Truth

FPR = 1e-4
"""The false-positive rate per account at which detectors are compared."""


@dataclass(frozen=True, slots=True)
class CampaignRecall:
    """`acted`: found by entries that may be acted on at FDR 1 %; `listed`: also by those that people are shown."""

    level: str
    acted: Rate
    listed: Rate


def campaign_recall(cases: Sequence[Case]) -> list[CampaignRecall]:
    """By level, and overall under the level "all"."""
    rows = []
    for level in ("all", *LEVELS):
        chosen = [(case, c) for case in cases for c in case.truth.campaigns if level in ("all", c.level)]
        if chosen:
            by_act = share(is_found(case, campaign, frozenset({"act"})) for case, campaign in chosen)
            by_list = share(is_found(case, campaign, LISTED) for case, campaign in chosen)
            rows.append(CampaignRecall(level, by_act, by_list))
    return rows


def is_found(case: Case, campaign: Campaign, tiers: Iterable[str]) -> bool:
    """Whether the last look finds a campaign, by entries of these tiers."""
    if not case.has_rings:
        return _at_least_half(campaign, case.last)
    return any(finds(entry, campaign, case.truth) for entry in entries_of(case.last) if entry.tier in tiers)


def entries_of(look: Look) -> list[Entry]:
    """The entries of a look, and one for each account that is acted on outside of them."""
    held = {account for entry in look.entries for account in entry.accounts}
    return [*look.entries, *(Entry((account,), "act") for account in look.acted if account not in held)]


def finds(entry: Entry, campaign: Campaign, truth: Truth) -> bool:
    """The rule in the module's docstring."""
    held = len(set(entry.accounts).intersection(campaign.accounts))
    return 2 * held >= len(campaign.accounts) and owner(entry, truth) == campaign


def _at_least_half(campaign: Campaign, look: Look) -> bool:
    return 2 * len(set(look.acted).intersection(campaign.accounts)) >= len(campaign.accounts)


@dataclass(frozen=True, slots=True)
class AccountRecall:
    """Recall of campaigns' accounts where `allowed` of `honest` accounts score as high.

    `fpr` is the rate asked for, or the finest that the number of honest accounts supports. `false_positives` is the
    honest share above the threshold, with what can be claimed of it.
    """

    stratum: str
    fpr: float
    is_supported: bool
    honest: int
    recall: Rate
    false_positives: Rate


def account_recall(cases: Sequence[Case], heavy_only: bool, fpr: float = FPR) -> AccountRecall:
    """Thresholds are set world by world on the honest accounts, or on the heavy ones among them; counts add up.

    This is the ranking's quality, not an operator's rate: nobody knows who is honest. Rates at the threshold that the
    benign log sets are `operating_point`'s.
    """
    recalls, false = [], []
    for case in cases:
        honest = case.heavy if heavy_only else case.honest
        threshold = _threshold([case.last.scores.get(account, 0.0) for account in honest], fpr)
        recalls.append(share(case.last.scores.get(account, 0.0) > threshold for account in case.attackers))
        false.append(share(case.last.scores.get(account, 0.0) > threshold for account in honest))
    most = max((one.trials for one in false), default=0)
    finest = 1 / most if most else 1.0
    return AccountRecall(
        "heavy" if heavy_only else "all", max(fpr, finest), fpr >= finest, most, pooled(recalls), pooled(false)
    )


def _threshold(honest: list[float], fpr: float) -> float:
    """The score that at most floor(fpr * n) honest accounts exceed."""
    if not honest:
        return math.inf  # nothing is known of honest accounts, so nothing can be claimed
    return sorted(honest, reverse=True)[math.floor(fpr * len(honest))]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the detector's own rule does at FDR 1 %, with a threshold from the benign log. `honest_shown`: those that
    are acted on or in anything that people are shown as a campaign; `honest_watched`: also in anything watched."""

    recall: Rate
    honest: Rate
    heavy: Rate
    honest_shown: Rate
    honest_watched: Rate


def operating_point(cases: Sequence[Case]) -> OperatingPoint:
    """Shares of campaigns' accounts, of honest and of heavy honest accounts that are acted on, shown, watched."""
    reached = [(case, reach(case.last)) for case in cases]
    return OperatingPoint(
        recall=pooled(_inside(case.attackers, far.acted) for case, far in reached),
        honest=pooled(_inside(case.honest, far.acted) for case, far in reached),
        heavy=pooled(_inside(case.heavy, far.acted) for case, far in reached),
        honest_shown=pooled(_inside(case.honest, far.shown) for case, far in reached),
        honest_watched=pooled(_inside(case.honest, far.watched) for case, far in reached),
    )


def _inside(group: frozenset[str], reached: frozenset[str]) -> Rate:
    return rate(len(group & reached), len(group))
