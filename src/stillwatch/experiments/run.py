"""The whole experiment: p-values over the share of marked text, calibration, traps, splitting, attribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from stillwatch.decision.journal import Journal
from stillwatch.experiments.attribution import Attributed, Needed, curves, table
from stillwatch.experiments.audited import Bench
from stillwatch.experiments.calibration import Crossed, counted_each_time, counted_once, crossings
from stillwatch.experiments.harvest import STRENGTH, Layout, Size, Teaching
from stillwatch.experiments.outcome import Row
from stillwatch.experiments.source import SUBJECTS, Source, Tokens
from stillwatch.experiments.student import Student

SHARES = (0.0, 0.01, 0.05, 0.2, 1.0)
SEEDS = (1, 2, 3)
WHOLE = Size(asked=300_000)
PANEL = 4_000
"""Wrong keys of the calibration: enough to see 1 in 1,000 within a factor of two."""
Tell = Callable[[str], None]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One student, and what one audit of it said. `accounts`: how many the campaign had."""

    share: float
    seed: int
    layout: str
    accounts: int
    damage: str
    row: Row


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All that is measured, and at which size."""

    size: dict[str, int]
    strength: float
    points: list[Point]
    splitting: list[Point]
    damaged: list[Point]
    calibration: list[Crossed]
    attribution: list[Attributed]
    needed: list[Needed]


def whole(tell: Tell, size: Size = WHOLE, seeds: tuple[int, ...] = SEEDS, panel: int = PANEL) -> Results:
    """Everything, in minutes."""
    source = Source(size.words)
    with TemporaryDirectory() as folder:
        points = [point for seed in seeds for point in _curve(source, size, seed, Path(folder), tell)]
        splitting = _splitting(source, size, Path(folder), tell)
        damaged = _damaged(source, size, Path(folder), tell)
    tell("calibration")
    return Results(
        size=asdict(size),
        strength=STRENGTH,
        points=points,
        splitting=splitting,
        damaged=damaged,
        calibration=_calibration(source, size, panel),
        attribution=curves(),
        needed=table(),
    )


def _bench(source: Source, size: Size, seed: int, folder: Path, name: str) -> Bench:
    teaching = Teaching(source, size, seed)
    return Bench(teaching, Journal(folder / f"{name}-{seed}.jsonl"), teaching.student(teaching.unmarked, 0.5))


def _curve(source: Source, size: Size, seed: int, folder: Path, tell: Tell) -> list[Point]:
    bench, points = _bench(source, size, seed, folder, "curve"), []
    for layout in Layout:
        harvested = bench.teaching.harvest(layout)
        for share in SHARES:
            tell(f"seed {seed}, {layout}, {share:.0%} marked")
            # With nothing marked it is a student of as many unmarked answers, or the reference would be itself.
            suspect = (
                bench.teaching.student(harvested, share)
                if share
                else bench.teaching.student(np.flip(bench.teaching.unmarked, axis=0), 0.2)
            )
            points += [
                Point(share=share, seed=seed, layout=layout.name, accounts=size.accounts, damage="", row=row)
                for row in _rows(bench, suspect)
            ]
    return points


def _rows(bench: Bench, suspect: Student) -> list[Row]:
    words = bench.teaching.size.words
    audits = (
        bench.closed(suspect),
        bench.closed(suspect, base := Student(bench.teaching.base, words)),
        bench.supervised(suspect),
        bench.reading(suspect, base, "its base"),
        bench.reading(suspect, Student(bench.teaching.proxy, words), "another base"),
    )
    return [one.row for one in audits]


def _both(bench: Bench, suspect: Student) -> tuple[Row, Row]:
    """By answers and by weights."""
    base = Student(bench.teaching.base, bench.teaching.size.words)
    return bench.closed(suspect).row, bench.reading(suspect, base, "its base").row


def _splitting(source: Source, size: Size, folder: Path, tell: Tell) -> list[Point]:
    points = []
    for accounts in (1, 5, 50):
        tell(f"a campaign of {accounts}")
        split = replace(size, accounts=accounts)
        bench = _bench(source, split, 1, folder, f"split-{accounts}")
        suspect = bench.teaching.student(bench.teaching.harvest(Layout.ACCOUNTS), 0.2)
        points += [
            Point(share=0.2, seed=1, layout=Layout.ACCOUNTS.name, accounts=accounts, damage="", row=row)
            for row in _both(bench, suspect)
        ]
    return points


def _damaged(source: Source, size: Size, folder: Path, tell: Tell) -> list[Point]:
    """What is left of the mark where the operator spoils it before or after training."""
    bench = _bench(source, size, 1, folder, "damaged")
    teaching = bench.teaching
    harvested = teaching.harvest(Layout.CAMPAIGN)
    students = {
        f"{share:.0%} of tokens replaced": teaching.student(_replaced(harvested, share, source, teaching), 0.2)
        for share in (0.1, 0.3, 0.6)
    }
    fifth = round(0.2 * len(harvested))
    students |= {
        f"trained on {times} times as much unmarked text afterwards": Student(
            np.concatenate((harvested[:fifth], np.tile(teaching.base, (times, 1)), teaching.unmarked)), size.words
        )
        for times in (1, 4)
    }
    found = []
    for damage, suspect in students.items():
        tell(damage)
        found += [
            Point(share=0.2, seed=1, layout=Layout.CAMPAIGN.name, accounts=size.accounts, damage=damage, row=row)
            for row in _both(bench, suspect)
        ]
    return found


def _replaced(texts: Tokens, share: float, source: Source, teaching: Teaching) -> Tokens:
    rng = teaching.rng(31)
    usual = rng.choice(teaching.base.ravel(), texts.shape)  # words as usual as the language's
    replaced: Tokens = np.where(rng.random(texts.shape) < share, usual, texts)
    return replaced


def _calibration(source: Source, size: Size, panel: int) -> list[Crossed]:
    teaching = Teaching(source, size, 9)
    wrong = teaching.keys.wrong(panel)
    rng = teaching.rng(41)
    prompts = source.prompts(range(SUBJECTS), size.asked // size.answer, rng)[0]
    clean, marked = teaching.student(teaching.unmarked, 0.5), teaching.student(teaching.harvest(Layout.CAMPAIGN), 1.0)
    found = []
    for name, model in (("a clean student", clean), ("a student of marked text", marked)):
        answers = model.answers(prompts, size.answer, rng)
        found += crossings(f"{name}, each cell once", counted_once(answers), wrong)
        found += crossings(f"{name}, cells as often as said", counted_each_time(answers), wrong)
    return found
