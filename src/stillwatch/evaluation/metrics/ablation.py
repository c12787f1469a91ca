"""What each evidence family is worth: the last look, hunted again without it.

The whole hunt runs again on the same log with the same benign reference, so a family that lets people go (or never lets
a candidate arise) is charged for what its absence lets through, as one that accuses is for what it no longer finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, pooled, rate, share
from stillwatch.evaluation.detector import Entry
from stillwatch.evaluation.metrics.case import LISTED, Case, owner
from stillwatch.evaluation.metrics.recall import finds

_ACTED = frozenset({"act"})


@dataclass(frozen=True, slots=True)
class Ablation:
    """Campaigns acted on and shown, false entries among those shown, and honest accounts in any of them, without a
    family; "" is with all of them."""

    without: str
    acted: Rate
    listed: Rate
    false_entries: Rate
    honest: Rate


def ablations(cases: Sequence[Case]) -> list[Ablation]:
    """With all families, and without each that was left out of a hunt of every case."""
    families = sorted(set.intersection(*(set(case.last.without) for case in cases))) if cases else []
    if not families:
        return []
    full = _row("", [(case, case.last.entries) for case in cases])
    return [full, *(_row(family, [(case, case.last.without[family]) for case in cases]) for family in families)]


def _row(without: str, hunts: Sequence[tuple[Case, tuple[Entry, ...]]]) -> Ablation:
    shown = [(case, [entry for entry in entries if entry.tier in LISTED]) for case, entries in hunts]
    acted = [(case, [entry for entry in entries if entry.tier in _ACTED]) for case, entries in hunts]
    false = share(owner(entry, case.truth) is None for case, entries in shown for entry in entries)
    return Ablation(without, _found(acted), _found(shown), false, pooled(_honest(*one) for one in shown))


def _found(kept: Sequence[tuple[Case, list[Entry]]]) -> Rate:
    return share(
        any(finds(entry, campaign, case.truth) for entry in entries)
        for case, entries in kept
        for campaign in case.truth.campaigns
    )


def _honest(case: Case, entries: Sequence[Entry]) -> Rate:
    held = {account for entry in entries for account in entry.accounts}
    return rate(len(case.honest & held), len(case.honest))
