"""The fleet's and the campaign's key over the share of marked text, in students of a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stillwatch.experiments.language_model import small, tuned
from stillwatch.experiments.language_model.lab import Point
from stillwatch.experiments.picture import Line, chart
from stillwatch.experiments.run import SHARES

_LEAST = -100.0
_SHOWN = (
    ("tuned", tuned.NAME, f"reading beside {tuned.BASE}"),
    ("small", small.NAME, f"reading beside {small.REFERENCE}"),
)


def picture(points: Sequence[Point]) -> str:
    """One SVG: for both kinds of students both keys, by reading, and the least of keys that marked nothing."""
    lines: list[Line] = []
    for word, student, mode in _SHOWN:
        kept = [p for p in points if (p.student, p.audited.row.mode, p.damage) == (student, mode, "")]
        lines.append((f"{word}, the fleet's key", _over_shares(kept, lambda p: p.audited.row.fleet)))
        lines.append((f"{word}, the campaign's key", _over_shares(kept, lambda p: p.audited.row.campaign)))
        lines.append((f"{word}, keys that marked nothing", _over_shares(kept, lambda p: p.audited.row.others)))
    return chart(lines, "p-values over the share of marked text", "p by reading, among all candidates", _LEAST)


def _over_shares(points: Sequence[Point], value: Callable[[Point], float]) -> list[list[float]]:
    return [[value(point) for point in points if point.share == share] for share in SHARES]
