"""What the verdicts would be without one evidence family, recomputed from the evidence that the hunt states.

A family speaks for an entry if its e-value is above 1, or if it is stated without an e-value (infrastructure). An entry
may be acted on if at least two families speak for it and the product of their e-values passes e-BH at 1 % among the
listed entries. Without a family, the others decide by the same rule. Two limits: entries that the hunt let go are not
known here, so a family whose absence would let *more* pass is not charged for it; and candidates stay as they were
found, though it is the template family that finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, share
from stillwatch.evaluation.detector import Entry
from stillwatch.evaluation.metrics.case import Case, owner
from stillwatch.evaluation.metrics.recall import finds
from stillwatch.evaluation.threshold import ALPHA
from stillwatch.stats.multiple import discoveries

FAMILIES_AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Ablation:
    """Campaign recall, and false entries, without a family; "" is with all of them."""

    without: str
    campaigns: Rate
    false_entries: Rate


def ablations(cases: Sequence[Case]) -> list[Ablation]:
    """With all families, and without each that speaks anywhere."""
    families = sorted({family for case in cases for entry in case.last.entries for family in entry.speaks})
    return [_without(family, cases) for family in ("", *families)] if families else []


def _without(family: str, cases: Sequence[Case]) -> Ablation:
    kept = [(case, remaining(case.last.entries, family)) for case in cases]
    found = [
        any(finds(entry, campaign, case.truth) for entry in entries)
        for case, entries in kept
        for campaign in case.truth.campaigns
    ]
    false = [owner(entry, case.truth) is None for case, entries in kept for entry in entries]
    return Ablation(family, share(found), share(false))


def remaining(entries: Sequence[Entry], family: str) -> list[Entry]:
    """The entries that may be acted on without a family."""
    if not entries:
        return []
    log_e = [sum(value for name, value in entry.log_e.items() if name != family) for entry in entries]
    passed = discoveries(log_e, ALPHA)
    return [entries[i] for i in passed if _speaking(entries[i], family) >= FAMILIES_AT_LEAST]


def _speaking(entry: Entry, family: str) -> int:
    return sum(name != family for name in entry.speaks)
