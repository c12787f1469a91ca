"""The results of a review as values: campaigns, accounts, rules, and what was looked at and let go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stillwatch.campaigns.profiles import Profile
from stillwatch.evidence import Evidence

CampaignVerdict = Literal["campaign", "watch"]
AccountVerdict = Literal["clear", "watch", "act"]
AlarmState = Literal["silent", "rings", "not compared"]
HypothesisKind = Literal["operator", "relay", "shared_tool", "shared_employer", "unknown"]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation of a ring beside its rivals. Probabilities of one campaign's hypotheses add up to 1.

    `name`: of a known operator, where a profile matches. `speaks_for`, `speaks_against`: the kinds of evidence that
    moved it, the weightiest first.
    """

    hypothesis: HypothesisKind
    name: str
    probability: float
    would_refute: str
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Why two accounts of a ring hang together: `weight` is the number of skeleton values they share."""

    left: int  # positions in Campaign.accounts
    right: int
    weight: float
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Exchanges in one bar of a timeline."""

    start_us: int
    exchanges: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A set of accounts that act as one, with the evidence for it. `log_e` is natural log of the e-value."""

    id: str
    accounts: tuple[str, ...]
    exchanges: int
    first_us: int
    last_us: int
    log_e: float
    verdict: CampaignVerdict
    stratum: str
    objective: str
    evidence: tuple[Evidence, ...]
    attribution: tuple[Hypothesis, ...]
    action: str
    links: tuple[Link, ...] = ()  # for the picture; a sample where the ring is large
    timeline: tuple[Bin, ...] = ()
    context: tuple[str, ...] = ()  # sentences about countries and networks: for readers, never evidence
    profile: Profile | None = None  # what it leaves behind, to know its operator by in another hunt
    comes_first: bool = False  # partners told of it: it is reviewed before its equals


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """What is said about one account, and why."""

    account: str
    stratum: str
    log_e: float
    verdict: AccountVerdict
    campaign: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A decidable rule that an account's exchanges met, with how often."""

    rule: str
    account: str
    exchanges: int
    statement: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """A group or heavy account that resembles a campaign and was not flagged, with the reason."""

    reason: str  # e.g. "one organisation", "own subjects", "same questions", "common tool", "heavy but alone"
    accounts: tuple[str, ...]
    organizations: int
    exchanges: int
    stratum: str
    statement: str
    comes_first: bool = False  # partners told of it, so that a person looks at it again


@dataclass(frozen=True, slots=True)
class StratumCalibration:
    """How far the benign reference of one stratum carries: no level finer than `finest_p` can be claimed."""

    stratum: str
    benign_groups: int
    finest_p: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Where the benign reference came from, and what it can carry."""

    source: str  # a sentence
    strata: tuple[StratumCalibration, ...]


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """Whether single accounts of one stratum, by one statistic, are still like those of the benign log.

    `accounts`: newcomers compared so far; `benign_accounts`: with how many. `medians`: of the benign accounts, weighed
    as active as the newcomers, and of the newcomers; None where nothing was compared.
    """

    stratum: str
    statistic: str
    benign_accounts: int
    accounts: int
    alarm: AlarmState
    medians: tuple[float, float] | None
    statement: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything one hunt found, for machines (findings.json) and for people (report.html)."""

    exchanges: int
    account_count: int
    rejected: int
    alpha: float
    first_us: int
    last_us: int
    campaigns: tuple[Campaign, ...]
    accounts: tuple[AccountFinding, ...]
    rules: tuple[RuleHit, ...]
    cleared: tuple[Cleared, ...]
    calibration: Calibration
    blind_spots: tuple[str, ...]  # sentences: what could not be looked at in this input
    timeline: tuple[Bin, ...]  # all traffic
    rejections: tuple[str, ...] = field(default=())  # the first few malformed rows: "file:line reason"
    tested: int = 0  # rings among which the false-discovery rule chose, listed or not
    drift: tuple[DriftCheck, ...] = ()  # nothing without a benign log
    partners: str = ""  # a sentence on what an alliance told; empty where none was asked
