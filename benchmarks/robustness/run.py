"""`python -m benchmarks robustness`: how often a damaged text is still found at 1e-6, and what p is left of it.

Made-up texts by the hundred, and the few answers of a real model that `benchmarks.quality` keeps. One key is looked
for, the fleet's, in every context. All figures go to `robustness.json`, and the picture beside it is made of them. Two
CPU minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import machine
from benchmarks.figures import Figure
from benchmarks.quality.answers import Made
from benchmarks.quality.answers import read as kept_answers
from benchmarks.quality.contenders import CONTENDERS, Contender, Maker
from benchmarks.robustness.damage import DAMAGES, Damage
from benchmarks.robustness.language import Language
from benchmarks.robustness.panels import Line, Panel, picture
from stillwatch.stats.binomial import both
from stillwatch.watermark.cells import cells_of, first_cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.draws import scored_draws
from stillwatch.watermark.serving.mark import Mark

FOLDER = Path(__file__).parent
TEXTS = 120
LENGTH = 400
LEVEL = 1e-6
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
MARKS = (
    Contender(Maker.OURS, 2.0),
    Contender(Maker.OURS, 3.0),
    Contender(Maker.OURS, 2.0, window=2),
    Contender(Maker.DRAWN),
    Contender(Maker.DRAWN, window=2),
)
TRIES = 20
"""Damages of each kind to the real model's answers, of which the middle is told."""
_LEAST = 1e-300
_TOKENIZER = "words of a made-up language"
_OVERLAP = 4
"""Tokens in a row, of which a rewording shares some with its text."""


class Point(msgspec.Struct, frozen=True):
    """So much of one damage to texts under one mark: how many are found, and the middle of log10 p."""

    mark: str
    damage: str
    share: float
    found: int
    texts: int
    log10_p: float


class Real(msgspec.Struct, frozen=True):
    """The same for all answers of the real model together, which are one piece of evidence."""

    mark: str
    damage: str
    share: float
    tokens: int
    log10_p: float


class Results(msgspec.Struct, frozen=True):
    """The file. `null`: of as many unmarked texts, how many are found at 1 %, under each mark's test."""

    machine: dict[str, str]
    length: int
    points: list[Point]
    null: dict[str, int]
    real: list[Real]
    overlap: float


def run() -> Iterator[Figure]:
    """Measure, keep, draw, and tell."""
    language, rng = Language(), np.random.default_rng(1)
    unmarked = language.texts(TEXTS, LENGTH, rng)
    points, null = [], {}
    for contender in MARKS:
        mark = contender.mark(_TOKENIZER)
        texts = language.texts(TEXTS, LENGTH, rng, mark)
        points += list(_curves(contender, mark, texts, unmarked))
        null[contender.name] = sum(p <= 0.01 for p in _values(mark, list(unmarked)))
    answers = kept_answers()
    marked = {one.name: one for one in CONTENDERS if one.maker in (Maker.OURS, Maker.DRAWN)}
    made = [one for one in answers.made if one.contender in marked]
    unmarked_tokens = np.concatenate([one.tokens for one in answers.made[0].answers])
    real = [point for one in made for point in _real(marked[one.contender], answers.tokenizer, one, unmarked_tokens)]
    source = next(one for one in made if one.contender == answers.reworded_from)
    real += _by_the_model(marked[source.contender], answers.tokenizer, source, [one.tokens for one in answers.reworded])
    overlap = _overlap([one.tokens for one in source.answers[::2]], [one.tokens for one in answers.reworded])
    found = Results(machine.describe(), LENGTH, points, null, real, overlap)
    (FOLDER / "robustness.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    (FOLDER / "robustness.svg").write_text(drawn(found))
    yield from _figures(found)


def _curves(contender: Contender, mark: Mark, texts: np.ndarray, unmarked: np.ndarray) -> Iterator[Point]:
    for name, damage in DAMAGES.items():
        for share in SHARES:
            p = np.array(_values(mark, list(_damaged(damage, share, texts, unmarked))))
            middle = float(np.median(np.log10(np.maximum(p, _LEAST))))
            yield Point(contender.name, name, share, int((p <= LEVEL).sum()), len(p), round(middle, 2))


def _damaged(damage: Damage, share: float, texts: np.ndarray, unmarked: np.ndarray) -> Iterator[np.ndarray]:
    """Each text, damaged. New words come from an unmarked text, which is also what a text is mixed with."""
    coins = np.random.default_rng(round(share * 100))
    for text, other in zip(texts, unmarked, strict=True):
        yield damage(text, share, coins, other)


def _values(mark: Mark, texts: Sequence[np.ndarray]) -> list[float]:
    """p of each text; 1 where nobody can tell."""
    return [1.0 if (p := _value(mark, [text])) is None else p for text in texts]


def _value(mark: Mark, texts: Sequence[np.ndarray]) -> float | None:
    if mark.draws:
        return scored_draws(first_cells_of(texts, mark.window), mark.fleet).p
    return scored(cells_of(texts, mark.window), mark.layers).p


def _real(contender: Contender, tokenizer: str, made: Made, usual: np.ndarray) -> Iterator[Real]:
    mark, texts = contender.mark(tokenizer, 0), [np.array(one.tokens) for one in made.answers]
    for name in ("words replaced", "words left out", "words put in"):
        for share in (0.0, 0.1, 0.3, 0.5):
            logs = []
            for seed in range(TRIES if share else 1):
                coins = np.random.default_rng(seed)
                logs.append(_log10(_value(mark, [DAMAGES[name](text, share, coins, usual) for text in texts])))
            yield Real(contender.name, name, share, sum(map(len, texts)), round(float(np.median(logs)), 2))


def _by_the_model(contender: Contender, tokenizer: str, made: Made, reworded: Sequence[Sequence[int]]) -> list[Real]:
    mark, before = contender.mark(tokenizer, 0), [one.tokens for one in made.answers[::2]]
    return [
        Real(
            contender.name, name, 0.0, sum(map(len, texts)), round(_log10(_value(mark, list(map(np.array, texts)))), 2)
        )
        for name, texts in (("these texts", before), ("reworded by the model", reworded))
    ]


def _overlap(texts: Sequence[Sequence[int]], others: Sequence[Sequence[int]]) -> float:
    """Which share of a rewording's four tokens in a row stand in the text too."""
    held = [{tuple(text[at : at + _OVERLAP]) for at in range(len(text) - _OVERLAP + 1)} for text in texts]
    shares = [
        np.mean([tuple(other[at : at + _OVERLAP]) in own for at in range(len(other) - _OVERLAP + 1)])
        for own, other in zip(held, others, strict=True)
    ]
    return round(float(np.mean(shares)), 3)


def _log10(p: float | None) -> float:
    return 0.0 if p is None else math.log10(max(p, _LEAST))


def _figures(found: Results) -> Iterator[Figure]:
    for mark in dict.fromkeys(point.mark for point in found.points):
        for damage in DAMAGES:
            own = [point for point in found.points if (point.mark, point.damage) == (mark, damage)]
            shown = "; ".join(f"{one.share:.0%} {_power(one)}" for one in own if one.share in (0.0, 0.1, 0.3, 0.5, 0.8))
            yield Figure("robustness", f"{damage}, {mark}", found=f"found at {LEVEL:g}: {shown}")
        bounds = both(found.null[mark], TEXTS)
        share = f"{found.null[mark] / TEXTS:.1%} ({bounds.low:.1%} to {bounds.high:.1%})"
        is_met = bounds.low <= 0.01
        yield Figure(
            "robustness", f"unmarked texts, {mark}", found=f"found at 1 %: {share}", target="1 %", is_met=is_met
        )
    for one in found.real:
        case = f"real model, {one.damage}" + (f" {one.share:.0%}" if one.share else "")
        yield Figure("robustness", f"{case}, {one.mark}", found=f"p 1e{one.log10_p:.0f} on {one.tokens:,} tokens")


def _power(point: Point) -> str:
    bounds = both(point.found, point.texts)
    return f"{point.found / point.texts:.0%} ({bounds.low:.0%} to {bounds.high:.0%})"


def drawn(found: Results) -> str:
    """A chart for each damage, a line for each mark."""
    panels = []
    for damage in DAMAGES:
        lines = [
            Line(mark, [(p.share, p.found / p.texts) for p in found.points if (p.mark, p.damage) == (mark, damage)])
            for mark in dict.fromkeys(point.mark for point in found.points)
        ]
        across = [(share, f"{share:.0%}") for share in (0.0, 0.2, 0.4, 0.6, 0.8)]
        panels.append(Panel(damage, lines, across, [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")]))
    return picture(panels, 3)
