"""What the verdicts would be without one evidence family, recomputed from the evidence that the hunt states.

A family speaks for an entry if its e-value is above 1, or if it is stated without an e-value (infrastructure). An entry
is shown if at least two families speak for it, and may be acted on if also the product of their e-values passes e-BH at
1 % among all that was tested. Without a family, the others decide by the same rule. Two limits: what the hunt let go is
not known here, so a family whose absence would let *more* pass is not charged for it; and candidates stay as they were
found, though it is the template family that finds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, share
from stillwatch.evaluation.detector import Entry
from stillwatch.evaluation.metrics.case import LISTED, Case, owner
from stillwatch.evaluation.metrics.recall import finds
from stillwatch.evaluation.threshold import ALPHA
from stillwatch.stats.multiple import discoveries

FAMILIES_AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Ablation:
    """Campaigns acted on and shown, and false entries among those shown, without a family; "" is with all of them."""

    without: str
    acted: Rate
    listed: Rate
    false_entries: Rate


def ablations(cases: Sequence[Case]) -> list[Ablation]:
    """With all families, and without each that speaks anywhere."""
    families = sorted({family for case in cases for entry in case.last.entries for family in entry.speaks})
    return [_without(family, cases) for family in ("", *families)] if families else []


def _without(family: str, cases: Sequence[Case]) -> Ablation:
    shown = [(case, spoken_for(case.last.entries, family)) for case in cases]
    acted = [(case, remaining(case.last.entries, family, case.last.tested)) for case in cases]
    false = [owner(entry, case.truth) is None for case, entries in shown for entry in entries]
    return Ablation(family, _found(acted), _found(shown), share(false))


def _found(kept: Sequence[tuple[Case, list[Entry]]]) -> Rate:
    return share(
        any(finds(entry, campaign, case.truth) for entry in entries)
        for case, entries in kept
        for campaign in case.truth.campaigns
    )


def remaining(entries: Sequence[Entry], family: str, tested: int) -> list[Entry]:
    """The entries that may be acted on without a family; of what was tested and is no entry, no e-value is known."""
    if not entries:
        return []
    unknown = [-math.inf] * max(0, tested - len(entries))
    log_e = [sum(value for name, value in entry.log_e.items() if name != family) for entry in entries]
    passed = {number for number in discoveries([*log_e, *unknown], ALPHA) if number < len(entries)}
    return [entry for number, entry in enumerate(entries) if number in passed and entry in spoken_for([entry], family)]


def spoken_for(entries: Sequence[Entry], family: str) -> list[Entry]:
    """The entries for which enough other families speak; one that is only watched gains nothing by hearing less."""
    shown = (entry for entry in entries if entry.tier in LISTED)
    return [entry for entry in shown if sum(name != family for name in entry.speaks) >= FAMILIES_AT_LEAST]
