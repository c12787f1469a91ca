"""What each step of evasion costs an operator, for the same yield.

Requests per harvested exchange at level L, against a detector, are

    sum of requests that its campaigns got served  /  sum of harvested exchanges that they got,

where an account gets nothing after it was acted on; accounts per harvested exchange likewise. Divided by the same ratio
at E0 without any detector, that is how many times more requests, and more accounts, an operator needs at level L for
each exchange that he keeps. The undefended ratio is what the evasion costs by itself: cover traffic and fewer exchanges
an account. Where the worlds have no E0, their lowest level stands in, and `base` says which.

Bounds come from drawing the level's accounts again (Efron 1979, percentiles). Accounts of one campaign are not
independent, so they are too narrow, and of fewer than `FEWEST` accounts there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.bounds import CONFIDENCE
from stillwatch.evaluation.metrics.case import NEVER_US, Case
from stillwatch.evaluation.truth import LEVELS, Campaign

FEWEST = 5
_DRAWS, _SEED = 400, 1
_REQUESTS, _HARVESTED, _SERVED, _KEPT, _SERVED_UNSEEN, _KEPT_UNSEEN = range(6)  # columns of an account's counts

Counts = NDArray[np.int64]  # (accounts, 6)


@dataclass(frozen=True, slots=True)
class Multiple:
    """How many times the base. None: nothing was got, however much was paid; as a bound, that none is known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Cost:
    """Multiples at one level. `kept`: harvested before the account was acted on; `kept_unseen`: before it was shown to
    people, who would then act; the multiples of the same names go with them."""

    level: str
    base: str
    harvested: int
    kept: int
    kept_unseen: int
    requests_undefended: Multiple
    accounts_undefended: Multiple
    requests: Multiple
    accounts: Multiple
    requests_unseen: Multiple
    accounts_unseen: Multiple


def costs(cases: Sequence[Case]) -> list[Cost]:
    """One row a level that has campaigns."""
    found: dict[str, list[list[int]]] = {}
    for case in cases:
        for campaign in case.truth.campaigns:
            found.setdefault(campaign.level, []).extend(_counts(case, campaign))
    levels = [level for level in LEVELS if level in found]
    tables = {level: np.array(found[level], np.int64).reshape(-1, 6) for level in levels}
    base = next((level for level in levels if tables[level][:, _HARVESTED].sum()), None)
    return [_cost(level, tables[level], base, tables[base]) for level in levels] if base else []


def _counts(case: Case, campaign: Campaign) -> list[list[int]]:
    """A row for each account of a campaign."""
    harvest, nothing = case.harvest_us(campaign), np.empty(0, np.int64)
    rows = []
    for account in campaign.accounts:
        sent, got = (times.get(account, nothing) for times in (case.sent_us, harvest))
        row = [len(sent), len(got)]
        for first_us in (case.acted_us, case.listed_us):
            until = first_us.get(account, NEVER_US)
            row += [int((sent < until).sum()), int((got < until).sum())]
        rows.append(row)
    return rows


def _cost(level: str, own: Counts, base: str, cheapest: Counts) -> Cost:
    sums = own.sum(axis=0).tolist()
    drawn = _drawn_again(own)
    unit = cheapest.sum(axis=0).tolist()

    def requests(paid: int, got: int) -> Multiple:
        return _multiple(drawn[:, paid], drawn[:, got], sums[paid], sums[got], unit[_REQUESTS] / unit[_HARVESTED])

    def accounts(got: int) -> Multiple:
        many = np.full(len(drawn), len(own))
        return _multiple(many, drawn[:, got], len(own), sums[got], len(cheapest) / unit[_HARVESTED])

    return Cost(
        level,
        base,
        sums[_HARVESTED],
        sums[_KEPT],
        sums[_KEPT_UNSEEN],
        requests(_REQUESTS, _HARVESTED),
        accounts(_HARVESTED),
        requests(_SERVED, _KEPT),
        accounts(_KEPT),
        requests(_SERVED_UNSEEN, _KEPT_UNSEEN),
        accounts(_KEPT_UNSEEN),
    )


def _drawn_again(own: Counts) -> Counts:
    """Sums of as many accounts, drawn with replacement; (draws, 6), none of too few accounts."""
    rng, many = np.random.default_rng(_SEED), len(own)
    if many < FEWEST:
        return np.empty((0, own.shape[1]), np.int64)
    return np.stack([own[rng.integers(many, size=many)].sum(axis=0) for _ in range(_DRAWS)])


def _multiple(drawn_paid: Counts, drawn_got: Counts, paid: int, got: int, unit: float) -> Multiple:
    if not got or not unit:
        return Multiple(None, None, None)
    if not len(drawn_got):
        return Multiple(paid / got / unit, None, None)
    ratio = np.where(drawn_got > 0, drawn_paid / np.maximum(drawn_got, 1), np.inf) / unit
    edge = (1 - CONFIDENCE) / 2
    low, high = (float(np.quantile(ratio, q, method="inverted_cdf")) for q in (edge, 1 - edge))
    return Multiple(paid / got / unit, low, high if np.isfinite(high) else None)
