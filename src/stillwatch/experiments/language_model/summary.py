"""The middle and the weakest of the seeds, as lines of a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from stillwatch.experiments.language_model.lab import Point
from stillwatch.experiments.outcome import said

_HEAD = (
    "| student | audit | marked | seeds | cells | fleet's key | campaign's | accounts | others least, middle | panel |",
    "|---|---|---|---|---|---|---|---|---|---|",
)
NAMED = -3.0
"""An account whose key comes to 1e-3 among all candidates is named."""


def table(points: Sequence[Point]) -> str:
    """A line for each student, way of auditing and share. Keys in the middle and at the weakest, among all candidates,
    and how many accounts of all seeds are named; keys that marked nothing and the panel of wrong keys one by one, as
    they are.
    """
    groups: dict[tuple[str, str, float, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.student, point.audited.row.mode, point.share, point.damage), []).append(point)
    return "\n".join((*_HEAD, *(_line(*what, found) for what, found in groups.items()))) + "\n"


def _line(student: str, mode: str, share: float, damage: str, points: Sequence[Point]) -> str:
    audits = [point.audited for point in points]
    keys = [_both([getattr(one.row, key) for one in audits]) for key in ("fleet", "campaign")]
    others = f"{said(min(one.others_least for one in audits))}, {said(median(one.others_middle for one in audits))}"
    cells = round(median(one.row.cells for one in audits))
    name = f"{student}, {damage}" if damage else student
    panel = said(min(one.wrong_least for one in audits))
    accounts = [value <= NAMED for one in audits for value in one.row.accounts]
    found = f"{keys[0]} | {keys[1]} | {sum(accounts)} of {len(accounts)} | {others} | {panel}"
    return f"| {name} | {mode} | {share:.0%} | {len(points)} | {cells:,} | {found} |"


def _both(values: Sequence[float]) -> str:
    return f"{said(median(values))}, {said(max(values))}"
