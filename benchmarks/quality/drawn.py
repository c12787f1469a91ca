"""The picture: what is paid, up, and in how many tokens the mark is found, across. The best is below on the left.

All contenders of a panel have answered the same prompts on the same model, and each point is where half of the texts
are found at 1e-6 by the contender's own test; bars are the intervals of what is paid, as the tables have them. Of one
step, where nothing is sampled, it is how many cells are found at 1e-6 with a chance of 99 %, which are more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from benchmarks.quality.answers import Stepwise
from benchmarks.quality.evidence import GREEN
from benchmarks.quality.needed import LEVEL
from benchmarks.quality.rows import Between, Row
from benchmarks.robustness.panels import Line, Panel, picture
from stillwatch.watermark.detect import cells_needed

_MAKERS = (
    ("ours, h=1", "ours, h=1, strength 1", "ours, h=1, strength 2", "ours, h=1, strength 3"),
    ("KGW", "KGW, strength 1", "KGW, strength 2", "KGW, strength 3"),
    ("ours, h=1, strength 3, gate 1 nat", "ours, h=1, strength 3, gate 1"),
    ("ours, h=2, strength 2", "ours, h=2, strength 2"),
    ("ours, keyed draws, h=1 and h=2", "ours, keyed draw, h=1", "ours, keyed draw, h=2"),
    ("SynthID", "SynthID"),
)
"""Lines: their names, and the contenders on each."""
_TOKENS = (20, 50, 100, 200, 500, 1_000)
_MOST_NATS = 0.6


def drawn(rows: Sequence[Row], stepwise: Sequence[Stepwise]) -> str:
    """As SVG."""
    real = [row for row in rows if row.task is not None]
    made_up = [row for row in rows if row.task is None]
    return picture(
        [
            _panel("real model: nats a token more", real, lambda row: row.more, (-0.2, 0.0, 0.2, 0.4, 0.6, 0.8)),
            _panel("real model: right answers lost", real, lambda row: row.task_lost, (-0.05, 0.0, 0.05, 0.1, 0.15)),
            _panel("real model: self-BLEU more", real, lambda row: row.alike_more, (-0.1, 0.0, 0.1, 0.2, 0.3)),
            Panel("real model, one step: nats more", _steps(stepwise), _ACROSS, _labelled((0.0, 0.2, 0.4, 0.6))),
            _panel(
                "made-up language: nats a word more", made_up, lambda row: row.more, (-0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
            ),
            _panel("made-up language: self-BLEU more", made_up, lambda row: row.alike_more, (-0.1, 0.0, 0.1, 0.2, 0.3)),
        ],
        2,
    )


def _panel(title: str, rows: Sequence[Row], paid: Callable[[Row], Between | None], up: Sequence[float]) -> Panel:
    by_name = {row.contender: row for row in rows}
    lines = []
    for name, *contenders in _MAKERS:
        points, spreads = [], []
        for row in (by_name[one] for one in contenders if one in by_name):
            cost = paid(row)
            if cost is not None and row.needed.half is not None:
                points.append((math.log10(row.needed.half), cost.mean))
                spreads.append(cost.half)
        lines.append(Line(name, points, spreads, is_joined=len(contenders) > 2))
    return Panel(title, lines, _ACROSS, _labelled(up))


def _steps(stepwise: Sequence[Stepwise]) -> list[Line]:
    found = []
    for gate in sorted({step.gate for step in stepwise}):
        own = [(cells_needed(step.green, GREEN, LEVEL), step.nats) for step in stepwise if step.gate == gate]
        points = [(math.log10(cells), nats) for cells, nats in own if cells <= _TOKENS[-1] and nats <= _MOST_NATS]
        found.append(Line(f"a step, gate {gate:g} nats", points))
    return found


def _labelled(values: Sequence[float]) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]


_ACROSS = [(math.log10(tokens), f"{tokens:,}") for tokens in _TOKENS]
