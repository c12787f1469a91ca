"""What each step of evasion costs an operator, for the same yield.

Requests per harvested exchange at level L, against a detector, are

    sum of requests that its campaigns got served  /  sum of harvested exchanges that they got,

where an account gets nothing after it was acted on; accounts per harvested exchange likewise. Divided by the same ratio
at E0 without any detector, that is how many times more requests, and more accounts, an operator needs at level L for
each exchange that he keeps. The undefended ratio is what the evasion costs by itself: cover traffic and fewer exchanges
an account. Where the worlds have no E0, their lowest level stands in, and `base` says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.evaluation.metrics.case import NEVER_US, Case
from stillwatch.evaluation.truth import LEVELS, Campaign


@dataclass(frozen=True, slots=True)
class Cost:
    """Multipliers at one level; None where nothing was got, however much was paid."""

    level: str
    base: str
    harvested: int
    kept: int  # harvested before the account was acted on
    requests_undefended: float | None
    accounts_undefended: float | None
    requests: float | None
    accounts: float | None


@dataclass(slots=True)
class _Sums:
    requests: int = 0
    served: int = 0
    accounts: int = 0
    harvested: int = 0
    kept: int = 0


def costs(cases: Sequence[Case]) -> list[Cost]:
    """One row a level that has campaigns."""
    sums: dict[str, _Sums] = {}
    for case in cases:
        for campaign in case.truth.campaigns:
            _add(sums.setdefault(campaign.level, _Sums()), case, campaign)
    levels = [level for level in LEVELS if level in sums]
    base = next((level for level in levels if sums[level].harvested), None)
    return [_cost(level, sums[level], base, sums[base]) for level in levels] if base else []


def _add(to: _Sums, case: Case, campaign: Campaign) -> None:
    harvest = case.harvest_us(campaign)
    for account in campaign.accounts:
        until = case.acted_us.get(account, NEVER_US)
        sent, got = (times.get(account, np.empty(0, np.int64)) for times in (case.sent_us, harvest))
        to.requests += len(sent)
        to.served += int((sent < until).sum())
        to.harvested += len(got)
        to.kept += int((got < until).sum())
    to.accounts += len(campaign.accounts)


def _cost(level: str, own: _Sums, base: str, cheapest: _Sums) -> Cost:
    a_request, an_account = cheapest.requests / cheapest.harvested, cheapest.accounts / cheapest.harvested
    return Cost(
        level,
        base,
        own.harvested,
        own.kept,
        _ratio(own.requests, own.harvested, a_request),
        _ratio(own.accounts, own.harvested, an_account),
        _ratio(own.served, own.kept, a_request),
        _ratio(own.accounts, own.kept, an_account),
    )


def _ratio(paid: int, got: int, unit: float) -> float | None:
    return paid / got / unit if got and unit else None
