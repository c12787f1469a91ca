"""What one look says of one ring, as the register reads it.

A look hands in every ring that evidence was asked about, also those that were let go and those that only linking days
show: each of them had a chance to be acted on, so each takes part in the false-discovery rate. Groups that are known
without evidence (common tools, pairs, one organisation) had none and are no sightings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stillwatch.campaigns.campaign import Cleared, Review
from stillwatch.campaigns.heard import NOTHING_HEARD, Heard
from stillwatch.campaigns.judgement import KNOWN_BEFORE_EVIDENCE
from stillwatch.campaigns.newcomers import Unsuspected
from stillwatch.errors import UsageError

Verdict = Literal["campaign", "watch", "cleared"]

LEAST_LOG_E = -1e9
"""An e-value of 0 as it is kept and shown: JSON has no infinity."""
NO_RINGS = KNOWN_BEFORE_EVIDENCE | {"one organisation", "heavy but alone"}
"""Reasons of groups that were let go before any evidence was weighed."""

NOBODY = Unsuspected()


@dataclass(frozen=True, slots=True)
class Trial:
    """What testing days say of a ring that was frozen beforehand.

    `log_e`: natural log of an e-value whose mean is at most 1 if these `accounts` are honest, given what earlier looks
    have shown and which days link. `first_day`, `last_day`: the days it looks at, since 1970, both included.
    """

    log_e: float
    first_day: int
    last_day: int
    accounts: frozenset[str]

    def __post_init__(self) -> None:
        if math.isnan(self.log_e) or self.log_e == math.inf:
            raise UsageError(f"{self.log_e} is no log of an e-value", "Cap evidence at what its reference carries")
        if self.first_day > self.last_day:
            raise UsageError(f"a trial ends on day {self.last_day}, before its first, {self.first_day}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One ring of one look. `skeleton`: fingerprints of the values its wrapper leaves; empty if not known.

    `name`: what the review calls it, empty for a ring that was let go. `units`: honest units of its stratum that the
    evidence stands beside, so that no level below 1/(units + 1) is claimed. `trial` None: nothing was tested.
    `leans_on`: strata whose honest groups those are, where they are not of its own alone. `heard`: what partners say.
    """

    accounts: frozenset[str]
    verdict: Verdict
    stratum: str
    exchanges: int
    first_us: int = 0
    name: str = ""
    skeleton: frozenset[str] = frozenset()
    units: int = 0
    log_e: float = 0.0
    trial: Trial | None = None
    leans_on: frozenset[str] = frozenset()
    heard: Heard = NOTHING_HEARD

    @property
    def strata(self) -> frozenset[str]:
        """In which nothing may have drifted for its evidence to mean what it says."""
        return self.leans_on | {self.stratum}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a look knows beside its review; all of it may be missing, and less is then claimed.

    `skeletons`, `trials`, `heard` (what partners say): one for each of `review.campaigns`, in its order. Without trials
    nothing is tried: a review's own e-values say neither which accounts were frozen nor which days they used.
    `unlisted`: rings that evidence was asked about and that the review does not name. `pseudonyms`: account name to
    what the register keeps of it. `newcomers`: accounts that nobody suspects, for the drift alarm. `units`, `leans_on`:
    by stratum, the honest units that a claim may rest on and the strata they are of, where the review's calibration is
    not what counts.
    """

    skeletons: Sequence[frozenset[str]] = ()
    trials: Sequence[Trial | None] = ()
    unlisted: Sequence[Sighting] = ()
    pseudonyms: Mapping[str, str] = field(default_factory=dict)
    newcomers: Unsuspected = NOBODY
    units: Mapping[str, int] = field(default_factory=dict)
    leans_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    heard: Sequence[Heard] = ()


def units_of(review: Review, beside: Beside) -> dict[str, int]:
    """By stratum, how many honest units a claim rests on."""
    return {one.stratum: round(1.0 / one.finest_p) - 1 for one in review.calibration.strata} | dict(beside.units)


def sightings(review: Review, beside: Beside) -> tuple[list[Sighting], list[Sighting]]:
    """The rings that the review lists, in its order, and the others that evidence was asked about."""
    units = units_of(review, beside)
    listed = [
        Sighting(
            accounts=_kept(campaign.accounts, beside.pseudonyms),
            verdict=campaign.verdict,
            stratum=campaign.stratum,
            exchanges=campaign.exchanges,
            first_us=campaign.first_us,
            name=campaign.id,
            skeleton=beside.skeletons[number] if beside.skeletons else frozenset(),
            units=units.get(campaign.stratum, 0),
            log_e=max(campaign.log_e, LEAST_LOG_E),
            trial=beside.trials[number] if beside.trials else None,
            leans_on=beside.leans_on.get(campaign.stratum, frozenset()),
            heard=beside.heard[number] if beside.heard else NOTHING_HEARD,
        )
        for number, campaign in enumerate(review.campaigns)
    ]
    let_go = [_let_go(one, beside.pseudonyms) for one in review.cleared if one.reason not in NO_RINGS]
    return listed, [*let_go, *beside.unlisted]


def _let_go(group: Cleared, pseudonyms: Mapping[str, str]) -> Sighting:
    return Sighting(_kept(group.accounts, pseudonyms), "cleared", group.stratum, group.exchanges)


def _kept(names: Sequence[str], pseudonyms: Mapping[str, str]) -> frozenset[str]:
    return frozenset(pseudonyms.get(name, name) for name in names)
