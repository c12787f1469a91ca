"""Logs of simulated customers, as far as a drift alarm sees them: who came when, how much, how long the answers were.

Customers come at any time and differ a thousandfold in how much they send; who sends more also gets longer answers, and
repeats more. Some organisations have many accounts, alike among themselves. A log is looked at up to a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.survey import Accounts

DAY_US = 86_400_000_000
DAYS = 10
MOST_IN_ONE = 12
"""Accounts of the largest organisation."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Crowd:
    """Customers over all days; rows are accounts. `sent`: exchanges by day (accounts, DAYS)."""

    organization: Ints
    comes_us: Ints
    sent: Ints
    answer: Floats
    repetition: Floats
    stratum: NDArray[np.str_]

    def accounts(self, days: int = DAYS) -> tuple[Accounts, Floats, list[str]]:
        """The log of so many first days, how much each account repeats itself, and its stratum."""
        sent = self.sent[:, :days].sum(axis=1)
        here = np.flatnonzero(sent > 0)
        none = np.zeros(len(here), np.int64)
        last_day = days - 1 - np.argmax(self.sent[here, :days][:, ::-1] > 0, axis=1)
        found = Accounts(
            account=1 + here,
            unit=np.unique(self.organization[here], return_inverse=True)[1].astype(np.int64),
            organization=self.organization[here],
            exchanges=sent[here],
            first_us=self.comes_us[here],
            last_us=np.maximum(self.comes_us[here], (last_day + 1) * DAY_US - 1),
            output_tokens=np.rint(self.answer[here] * sent[here]).astype(np.int64),
            traits={},
            rules={},
            seen={},
        )
        assert len(none) == len(found)
        return found, self.repetition[here], self.stratum[here].tolist()


def crowd(rng: np.random.Generator, organizations: int, stretched: float = 1.0) -> Crowd:
    """Customers whose answers are `stretched` times as long as usual."""
    size = np.minimum(rng.geometric(0.6, organizations), MOST_IN_ONE)
    of = np.repeat(np.arange(organizations), size)
    usual, kind = rng.normal(size=organizations)[of], rng.integers(0, 2, organizations)[of]
    per_day = np.exp(1.0 + 1.5 * usual)
    comes = rng.uniform(0, DAYS, len(of)) * (rng.random(len(of)) < 0.5)
    share = np.clip(np.arange(1, DAYS + 1) - comes[:, None], 0.0, 1.0)
    answer = 200.0 * np.exp(0.5 * usual + 0.3 * rng.normal(size=len(of))) * stretched
    repeated = np.where(rng.random(len(of)) < 0.4, 1.0, np.round(rng.beta(2, 4, len(of)), 1))
    return Crowd(
        1 + of,
        (comes * DAY_US).astype(np.int64),
        rng.poisson(per_day[:, None] * share),
        answer,
        repeated,
        np.array(["chat", "batch"])[kind],
    )


def and_then(before: Crowd, after: Crowd, day: int) -> Crowd:
    """`before`, of whom nobody comes after that day, and `after`, of whom nobody comes earlier."""
    early, late = before.comes_us < day * DAY_US, after.comes_us >= day * DAY_US
    shifted = replace(after, organization=after.organization + before.organization.max())
    return Crowd(
        *(
            np.concatenate([getattr(before, name)[early], getattr(shifted, name)[late]])
            for name in ("organization", "comes_us", "sent", "answer", "repetition", "stratum")
        )
    )
