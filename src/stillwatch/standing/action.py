"""From what was found out to what may be done, and the reasons where nothing may be done.

Acting needs all of: a verdict, evidence that has joined the discoveries, a benign reference that carries the level, and
no drift alarm in the stratum. A campaign that was rejected once stays so; while its verdict is only *watch*, or its
stratum's alarm rings, action rests.

What partners of an alliance say is never kept: it is weighed at each look anew, beside the evidence that the register
holds. A campaign that passes only with it is acted on for as long as the claim stands, is no discovery, and makes no
other campaign's level better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from stillwatch.campaigns.statements import CALIBRATE_AFRESH
from stillwatch.standing.register import Hypothesis, Known, Register
from stillwatch.standing.sighting import Sighting
from stillwatch.standing.trials import next_level
from stillwatch.stats.resolution import LevelTooFine, largest_log_e, require

Reason = Literal["verdict", "drift", "calibration", "evidence", "used days", "joined later", "partners"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing, or not everything, is done; `statement` says it in a sentence."""

    reason: Reason
    statement: str


@dataclass(frozen=True, slots=True)
class Action:
    """What may be done about one campaign: act on `accounts`, at `level`; nobody, with reasons, where it is empty.

    `accounts`: as the register keeps them, which is pseudonyms where it was given some. `level`: at which its
    hypothesis was rejected, or would have to be now.
    """

    id: str
    accounts: tuple[str, ...]
    level: float
    refusals: tuple[Refusal, ...]


def action(register: Register, known: Known, ring: Sighting) -> Action:
    """What may be done about `known`, which this look saw as `ring`."""
    held = known.hypothesis or Hypothesis(0.0)
    tried = _may_be_acted_on(register, known) & ring.accounts
    level = held.level if held.is_discovery else next_level(register, held)
    refusals = _withheld(register, known, ring)
    if not tried and not refusals:
        leaning = _leaning(ring, held, level)
        accounts = held.accounts & ring.accounts if leaning else frozenset[str]()
        return Action(known.id, tuple(sorted(accounts)), level, leaning or tuple(_lacking(known, ring, held, level)))
    if not refusals and len(tried) < len(ring.accounts):
        joined = len(ring.accounts) - len(tried)
        said = f"{joined} of {len(ring.accounts)} accounts were not tried: have a person review them"
        return Action(known.id, tuple(sorted(tried)), level, (Refusal("joined later", said),))
    return Action(known.id, () if refusals else tuple(sorted(tried)), level, tuple(refusals))


def _withheld(register: Register, known: Known, ring: Sighting) -> list[Refusal]:
    """Reasons that hold whatever the evidence is."""
    refusals = []
    if ring.verdict != "campaign":
        refusals.append(Refusal("verdict", f"the verdict is {ring.verdict}: no action is justified"))
    return refusals + [
        Refusal(
            "drift",
            f"the drift alarm of stratum {stratum} rang on {_date(one.alarmed_on or 0)} ({statistic}): accounts that "
            f"nobody suspects are no longer like the reference. {CALIBRATE_AFRESH}",
        )
        for stratum in sorted(ring.strata & register.alarms.keys())
        for statistic, one in sorted(register.alarms[stratum].rung.items())
    ]


def _leaning(ring: Sighting, held: Hypothesis, level: float) -> tuple[Refusal, ...]:
    """That it passes with what partners say, and on what terms; empty if it does not. Nothing passes by that alone."""
    own = min(held.log_sum, largest_log_e(ring.units))
    needed = -math.log(level) if level > 0.0 else math.inf
    if not 0.0 < own < needed <= own + ring.heard.log_e:
        return ()
    said = (
        f"its own evidence is e^{own:.1f}, and what partners told bears the rest of e^{needed:.1f}: when their claim "
        "is suspended, withdrawn or has ended, this ends too, and no discovery rests on it"
    )
    return (Refusal("partners", said),)


def _lacking(known: Known, ring: Sighting, held: Hypothesis, level: float) -> list[Refusal]:
    """What the evidence lacks, for a campaign that was not rejected."""
    needed = -math.log(level) if level > 0.0 else math.inf
    refusals = []
    if held.log_sum >= needed:
        try:
            require(level, ring.units, ring.stratum)
        except LevelTooFine as refused:
            refusals.append(Refusal("calibration", str(refused)))
    else:
        has = "nothing was tried yet" if held.log_e is None else f"the evidence is e^{held.log_e:.1f}"
        refusals.append(Refusal("evidence", f"{has}, and e^{needed:.1f} is needed to act at {level:.2g}"))
    if ring.heard.why_not:
        refusals.append(Refusal("partners", f"what partners told of it moves nothing, because {ring.heard.why_not}"))
    if ring.trial is not None and ring.trial.last_day > known.tried_through >= 0:
        said = f"days up to {_date(known.tried_through)} were used before: later ones count when tried by themselves"
        refusals.append(Refusal("used days", said))
    return refusals


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _may_be_acted_on(register: Register, known: Known) -> frozenset[str]:
    """Accounts tried in a rejected hypothesis of this campaign, of those it was part of, or of those it absorbed."""
    line = [known]
    while (parent := line[-1].parent) is not None and parent in register.campaigns:
        line.append(register.campaigns[parent])
    line += [one for one in register.campaigns.values() if one.merged_into == known.id]
    held = [h for one in line for h in (one.hypothesis, *one.past) if h is not None and h.is_discovery]
    return frozenset[str]().union(*(h.accounts for h in held))
