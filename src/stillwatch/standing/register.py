"""The register's state as values: campaigns known so far, what was decided, and what each stratum's alarm has heard.

Nothing here reads or writes; `store` keeps it. Identifiers are given once and never deleted, so none is used twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from stillwatch.errors import UsageError
from stillwatch.standing.sighting import Verdict

Change = Literal["new", "same", "returned", "new accounts", "part", "separate again", "dormant", "merged"]
"""What became of an id at a look. `new accounts`: its wrapper came back under accounts that were not known."""
Status = Literal["active", "dormant", "merged"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an id's history. `others`: ids that it was part of, absorbed or was absorbed by."""

    look: int
    day: int
    change: Change
    statement: str
    accounts: int
    exchanges: int = 0
    verdict: Verdict | None = None
    log_e: float = 0.0
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """That these accounts are honest: one for each campaign, for life, unless it returns under new accounts.

    `share`: its part of alpha, fixed when it entered. `log_e`: log of the weighted sum of its trials' e-values, None
    while that is 0. `level`: at which it was rejected, 0 before. `accounts`: those that were tried when it was rejected
    or since, and that action may rest on.
    """

    share: float
    trials: int = 0
    log_e: float | None = None
    level: float = 0.0
    accounts: frozenset[str] = frozenset()

    @property
    def is_discovery(self) -> bool:
        return self.level > 0.0

    @property
    def log_sum(self) -> float:
        """Log of the evidence, minus infinity where there is none."""
        return -math.inf if self.log_e is None else self.log_e


@dataclass(frozen=True, slots=True)
class Known:
    """One campaign under its id. `accounts`, `skeleton`, `stratum`: when last seen; `number`: the elder has the less.

    `tried_from`, `tried_through`: the days its trials, or those of the campaign it was part of, have used; -1: none.
    """

    id: str
    number: int
    accounts: frozenset[str]
    skeleton: frozenset[str]
    stratum: str
    status: Status = "active"
    parent: str | None = None
    merged_into: str | None = None
    tried_from: int = -1
    tried_through: int = -1
    hypothesis: Hypothesis | None = None
    past: tuple[Hypothesis, ...] = ()
    """Rejected hypotheses about accounts that it no longer has."""
    history: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Listening:
    """One statistic as a stratum's drift alarm has heard it. `p`: of each newcomer beside the reference alone."""

    p: tuple[float, ...] = ()
    log_capital: tuple[tuple[float, ...], ...] = ()
    log_peak: float = 0.0
    alarmed_at: int | None = None
    alarmed_on: int | None = None  # day of the look at which it rang


@dataclass(frozen=True, slots=True)
class Alarm:
    """A stratum's drift alarm; see `standing.alarm`. `reference`: fingerprint of what newcomers are compared with.

    `units`: who has been heard; `activity`: how active each was, in the order of the p-values.
    """

    reference: str
    units: frozenset[str] = frozenset()
    activity: tuple[int, ...] = ()
    statistics: Mapping[str, Listening] = field(default_factory=dict)

    @property
    def rung(self) -> dict[str, Listening]:
        """The statistics that have rung."""
        return {name: one for name, one in self.statistics.items() if one.alarmed_at is not None}


@dataclass(frozen=True, slots=True)
class Last:
    """The look taken last, so that taking it again changes nothing. `ids`: of its rings in their canonical order."""

    digest: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Everything that is carried from look to look. `alpha`: the false-discovery rate, fixed for its life."""

    alpha: float
    looks: int = 0
    day: int = -1
    hypotheses: int = 0
    campaigns: Mapping[str, Known] = field(default_factory=dict)
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    last: Last | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise UsageError(f"alpha = {self.alpha} is no false-discovery rate", "Give one between 0 and 1")

    @property
    def found(self) -> int:
        """Hypotheses rejected so far; none is ever taken back."""
        return sum(
            sum(h.is_discovery for h in (known.hypothesis, *known.past) if h is not None)
            for known in self.campaigns.values()
        )

    @property
    def alpha_spent(self) -> float:
        """Which part of alpha has been given out; below alpha for ever."""
        return self.alpha * self.hypotheses / (self.hypotheses + 1)

    def with_campaigns(self, changed: Iterable[Known]) -> Register:
        return replace(self, campaigns={**self.campaigns, **{known.id: known for known in changed}})
