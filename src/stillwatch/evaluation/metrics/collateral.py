"""Who is hurt: honest accounts by what they are, in what is acted on, shown as a campaign, or watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.evaluation.bounds import Rate, share
from stillwatch.evaluation.metrics.case import Case, Reach, reach
from stillwatch.evaluation.truth import UNNAMED


@dataclass(frozen=True, slots=True)
class Collateral:
    """One honest class. The counts add up: who is acted on is also in a campaign, who is in one is also watched."""

    name: str
    sentence: str
    heavy: bool
    act: Rate
    campaign: Rate
    watch: Rate


def collateral(cases: Sequence[Case]) -> list[Collateral]:
    """One row a class, the heavy ones first; classes of one name in several worlds are one."""
    members: dict[str, list[tuple[Case, str]]] = {}
    for case in cases:
        for account in case.honest:
            members.setdefault(case.truth.class_of.get(account, UNNAMED), []).append((case, account))
    rows = [_row(name, of, cases) for name, of in members.items()]
    return sorted(rows, key=lambda row: (not row.heavy, row.name))


def _row(name: str, members: Sequence[tuple[Case, str]], cases: Sequence[Case]) -> Collateral:
    kind = next((case.truth.classes[name] for case in cases if name in case.truth.classes), None)
    reached = {id(case): reach(case.last) for case, _ in members}
    rates = [
        share(account in reached[id(case)][tier] for case, account in members) for tier in range(len(Reach._fields))
    ]
    return Collateral(name, kind.sentence if kind else "", bool(kind and kind.heavy), *rates)
