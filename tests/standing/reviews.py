"""Reviews as small as continuity and decisions need them: rings of named accounts, with evidence where it matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from stillwatch.campaigns.campaign import AccountFinding, Calibration, Campaign, Cleared, Review, StratumCalibration
from stillwatch.campaigns.newcomers import ANSWER_LENGTH, REPETITION, Newcomers, Unsuspected
from stillwatch.evidence import Evidence
from stillwatch.standing.look import Looked, look
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside, Sighting, Trial

DAY = 20_700
US_PER_DAY = 86_400_000_000
ALPHA = 0.01
MANY = 10**9
"""Honest units that carry whatever level is asked for."""


def people(*spans: tuple[int, int]) -> frozenset[str]:
    """Accounts by number: people((0, 40), (50, 52)) are 42."""
    return frozenset(f"acct-{number:04d}" for span in spans for number in range(*span))


def ring(accounts: Iterable[str], log_e: float = 0.0, name: str = "C-00000001", **changes: Any) -> Campaign:
    """A ring judged a campaign, as the review lists it."""
    plain: dict[str, Any] = {
        "exchanges": 100,
        "first_us": DAY * US_PER_DAY,
        "last_us": (DAY + 1) * US_PER_DAY,
        "verdict": "campaign",
        "stratum": "batch",
        "objective": "",
        "evidence": (),
        "attribution": (),
        "action": "",
    }
    return Campaign(name, tuple(sorted(accounts)), log_e=log_e, **(plain | changes))


def review(*rings: Campaign, alpha: float = ALPHA, units: int = MANY, cleared: Iterable[Cleared] = ()) -> Review:
    """What one hunt says, with a finding for each account of the rings."""
    findings = tuple(
        AccountFinding(
            account, "batch", 0.0, "watch", one.id, (Evidence("template", 0.0, f"Uses the skeleton of {one.id}"),)
        )
        for one in rings
        for account in one.accounts
    )
    strata = tuple(StratumCalibration(name, units, 1 / (units + 1)) for name in ("batch", "chat"))
    return Review(
        exchanges=sum(one.exchanges for one in rings),
        account_count=len(findings),
        rejected=0,
        alpha=alpha,
        first_us=DAY * US_PER_DAY,
        last_us=(DAY + 1) * US_PER_DAY,
        campaigns=rings,
        accounts=findings,
        rules=(),
        cleared=tuple(cleared),
        calibration=Calibration("", strata),
        blind_spots=(),
        timeline=(),
    )


def trial(accounts: Iterable[str], log_e: float, first_day: int, last_day: int | None = None) -> Trial:
    return Trial(log_e, first_day, first_day if last_day is None else last_day, frozenset(accounts))


def sighting(accounts: Iterable[str], skeleton: Iterable[str] = (), **changes: Any) -> Sighting:
    """A ring that a look hands in without evidence."""
    plain: dict[str, Any] = {"verdict": "campaign", "stratum": "batch", "exchanges": 100, "units": MANY}
    return Sighting(frozenset(accounts), skeleton=frozenset(skeleton), **(plain | changes))


def values(*spans: tuple[int, int]) -> frozenset[str]:
    """Skeleton values by number."""
    return frozenset(f"v{number}" for span in spans for number in range(*span))


def look_at(register: Register, seen: Review, day: int, beside: Beside | None = None) -> tuple[Register, Looked]:
    """A look at which every ring with evidence was frozen and tried, on all days from the first one on."""
    beside = beside or Beside()
    kept = [{beside.pseudonyms.get(name, name) for name in one.accounts} for one in seen.campaigns]
    logs = [one.log_e for one in seen.campaigns]
    tried = [trial(accounts, log_e, DAY, day) if log_e else None for accounts, log_e in zip(kept, logs, strict=True)]
    return look(register, seen, day, replace(beside, trials=tried))


def begun(alpha: float = ALPHA) -> Register:
    return Register(alpha)


def with_skeletons(*skeletons: Iterable[str]) -> Beside:
    return Beside(skeletons=[frozenset(one) for one in skeletons])


def newcomers(
    p: Mapping[str, float], stratum: str = "batch", honest: int = 100, reference: str = "a benign log", seed: int = 0
) -> Unsuspected:
    """Unsuspected accounts of one stratum whose answer lengths have these p-values; they repeat themselves as ever."""
    rng = np.random.default_rng(seed)
    values = {ANSWER_LENGTH: np.array(list(p.values())), REPETITION: rng.uniform(size=len(p))}
    coins = {statistic: rng.uniform(size=len(p)) for statistic in values}
    medians = {ANSWER_LENGTH: (200.0, 300.0), REPETITION: (0.5, 0.5)}
    heard = Newcomers(tuple(p), np.zeros(len(p), np.int64), {0: honest}, values, coins, medians)
    return Unsuspected(reference, {stratum: heard})
