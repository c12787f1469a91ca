"""The made-up language at the size of what is published: 15 million words of training, a twentieth of them marked.

Sander et al. (2024, arXiv 2402.14904) tune a model on 100,000 questions and answers, 14.8 million tokens, and score
735,000 tokens of its answers, 248,000 of them distinct: at 5 % marked p is 2.6e-24 (their repository's example). The
same here are 100,000 answers of 150 words, as many words asked, and as many words in the language as theirs has tokens.
What stays different: the language, which has no meaning, and students, which count pairs of words and start from
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.decision.journal import Journal
from stillwatch.experiments.audited import Bench
from stillwatch.experiments.harvest import Layout, Size, Teaching
from stillwatch.experiments.kept import Part, kept
from stillwatch.experiments.outcome import Audited, said
from stillwatch.experiments.source import SUBJECTS, Source, Tokens
from stillwatch.experiments.student import Student
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green
from stillwatch.watermark.scheme import GREENS, Scheme

SEEDS = (1, 2, 3)
SHARE = 0.05
PUBLISHED = Size(words=32_000, corpus=15_000_000, answer=150, harvest=2 * SHARE, asked=735_000)
"""Of unmarked answers twice the share: for the clean suspect, and for the control of every audit."""
POLICYS, THEIRS = 2.0, 3.0
"""Strengths of the marks: what the policy gives where nothing else is said, and the published one."""
ONE_KEY = Scheme(shared=GREENS)
"""Every context is the fleet's, as where no account has a key: the default, and what is published."""
HYBRID, ALONE = "fleet and campaign", "fleet alone"
Tell = Callable[[str], None]
Audit = Callable[[Bench, Student, Student], Audited]


class Large(msgspec.Struct, frozen=True, kw_only=True):
    """One audit. `keys`: who had any; `strength`: of the marks, 0 where there are none. Of all words, as often as they
    come, green are `learned` of what was harvested and `said` of what the suspect says: the signal, before cells that
    are said again are left out.
    """

    seed: int
    share: float
    keys: str
    strength: float
    learned: float
    said: float
    audited: Audited


def measured(folder: Path, tell: Tell, size: Size = PUBLISHED, seeds: Sequence[int] = SEEDS) -> list[Part[Large]]:
    """Everything; a seed that was done before is taken as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    language = cache(partial(Source, size.words))
    steps = {seed: partial(_of_seed, language, size, seed, folder, tell) for seed in seeds}
    return [kept(folder / f"seed-{seed}.json", step, Large, tell) for seed, step in steps.items()]


def table(points: Sequence[Large]) -> str:
    """A line of Markdown for each audit: keys alone, and among all candidates."""
    lines = [
        "| seed | keys | strength | audit | cells | fleet's key, among all | campaign's, among all | others | panel |"
    ]
    lines.append("|---" * 9 + "|")
    return "\n".join(lines + [_line(point) for point in points]) + "\n"


def _line(point: Large) -> str:
    one, row = point.audited, point.audited.row
    keys = f"{said(one.fleet)}, {said(row.fleet)} | {said(one.campaign)}, {said(row.campaign)}"
    rest = f"{said(one.others_least)} | {row.crossed} of {row.wrong_keys}, {said(one.wrong_least)}"
    return f"| {point.seed} | {point.keys} | {point.strength:g} | {row.mode} | {row.cells:,} | {keys} | {rest} |"


def _of_seed(language: Callable[[], Source], size: Size, seed: int, folder: Path, tell: Tell) -> list[Large]:
    teaching = Teaching(language(), size, seed)
    control = teaching.student(teaching.unmarked, SHARE)
    base = Student(teaching.base, size.words)
    hybrid = Bench(teaching, Journal(folder / f"journal-{seed}.jsonl"), control)
    alone = Bench(teaching.under(ONE_KEY), Journal(folder / f"journal-{seed}-alone.jsonl"), control)
    points = []
    for bench, keys, strength, audits in (
        (hybrid, HYBRID, 0.0, (_closed, _beside, _supervised, _read)),
        (alone, ALONE, 0.0, (_closed,)),
        (hybrid, HYBRID, POLICYS, (_closed, _beside, _supervised, _read)),
        (hybrid, HYBRID, THEIRS, (_closed,)),
        (alone, ALONE, POLICYS, (_closed, _beside)),
        (alone, ALONE, THEIRS, (_closed, _beside)),
    ):
        tell(f"seed {seed}, {keys}, strength {strength:g}")
        points += _points(bench, base, keys, strength, audits)
    return points


def _points(bench: Bench, base: Student, keys: str, strength: float, audits: Sequence[Audit]) -> list[Large]:
    teaching = bench.teaching
    # Backwards, or the clean suspect would be the control.
    texts = teaching.harvest(Layout.CAMPAIGN, strength) if strength else np.flip(teaching.unmarked, axis=0)
    suspect = teaching.student(texts, SHARE)
    prompts = teaching.source.prompts(range(SUBJECTS), teaching.size.asked // teaching.size.answer, teaching.rng(61))[0]
    layers = Layers(teaching.keys.fleet, teaching.keys.campaign)
    learned = _share_green(texts, layers)
    said = _share_green(suspect.answers(prompts, teaching.size.answer, teaching.rng(62)), layers)
    return [
        Large(
            seed=teaching.seed,
            share=SHARE if strength else 0.0,
            keys=keys,
            strength=strength,
            learned=learned,
            said=said,
            audited=audit(bench, suspect, base),
        )
        for audit in audits
    ]


def _share_green(texts: Tokens, layers: Layers) -> float:
    before, after = texts[:, :-1].ravel().astype(np.uint64), texts[:, 1:].ravel().astype(np.uint64)
    return float(green(layers, before, after).mean())


def _closed(bench: Bench, suspect: Student, _: Student) -> Audited:
    return bench.closed(suspect)


def _beside(bench: Bench, suspect: Student, base: Student) -> Audited:
    return bench.closed(suspect, base)


def _supervised(bench: Bench, suspect: Student, _: Student) -> Audited:
    return bench.supervised(suspect)


def _read(bench: Bench, suspect: Student, base: Student) -> Audited:
    return bench.reading(suspect, base, "its base")
