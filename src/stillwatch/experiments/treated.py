"""What is left of the mark where the operator works at it, and in students that are networks.

All in the made-up language. What the operator loses by it is the student's loss on unmarked text of the teacher's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.decision.journal import Journal
from stillwatch.experiments.audited import Bench, Model
from stillwatch.experiments.harvest import SUBJECTS_HARVESTED, Layout, Size, Teaching
from stillwatch.experiments.network import Network
from stillwatch.experiments.removal import aimed, reworded
from stillwatch.experiments.run import Point
from stillwatch.experiments.source import Source, Tokens
from stillwatch.experiments.student import Student

Tell = Callable[[str], None]


class Treated(msgspec.Struct, frozen=True, kw_only=True):
    """One audit of a student, and its `loss` on what the teacher says to the campaign's questions, nats a word."""

    student: str
    loss: float
    point: Point


SHARES = (0.2, 1.0)
EPOCHS = 3
UNTOUCHED = "nothing"
_NEVER = 1e-6
"""The chance that a loss gives to a word that a student never saw."""


def removed(folder: Path, tell: Tell, size: Size, seed: int) -> list[Treated]:
    """Students that count, of harvests that were reworded blindly or aimed at the mark."""
    teaching = Teaching(Source(size.words), size, seed)
    bench = Bench(teaching, Journal(folder / f"removed-{seed}.jsonl"), teaching.student(teaching.unmarked, 0.5))
    base, harvested = Student(teaching.base, size.words), teaching.harvest(Layout.CAMPAIGN)
    points = []
    for share in SHARES:
        eaten = harvested[: round(share * len(harvested))]
        for damage, texts in _treated(eaten, teaching, base).items():
            tell(f"{share:.0%} marked, {damage}")
            suspect = teaching.student(np.concatenate((texts, harvested[len(texts) :])), share)
            points += _audited(bench, suspect, base, share, damage)
    return points


def _treated(harvested: Tokens, teaching: Teaching, base: Student) -> dict[str, Tokens]:
    words, rng = teaching.size.words, teaching.rng(51)
    teacher = Student(teaching.unmarked, words)
    return {
        UNTOUCHED: harvested,
        "a third reworded by his base": reworded(harvested, 1 / 3, base, rng),
        "all reworded by his base": reworded(harvested, 1.0, base, rng),
        "aimed, by his base": aimed(harvested, base, words, rng),
        "aimed, by as much unmarked text of the teacher": aimed(harvested, teacher, words, rng),
    }


def networks(folder: Path, tell: Tell, size: Size, seed: int) -> list[Treated]:
    """Networks that are trained on unmarked text first, then on a mixture, and one that forgets."""
    teaching = Teaching(Source(size.words), size, seed)
    base = _taught(Network(size.words, seed), teaching.base, teaching.rng(52))
    unmarked = teaching.unmarked
    bench = Bench(
        teaching, Journal(folder / f"networks-{seed}.jsonl"), _taught(base.copy(), unmarked, teaching.rng(53))
    )
    harvested = teaching.harvest(Layout.CAMPAIGN)
    points = []
    for share in (0.0, *SHARES):
        tell(f"a network, {share:.0%} marked")
        eaten = round(share * len(harvested))
        mixed = np.concatenate((harvested[:eaten], unmarked[: len(harvested) - eaten]))
        student = _taught(base.copy(), mixed, teaching.rng(54))
        points += _audited(bench, student, base, share, UNTOUCHED)
    tell("a network, trained on unmarked text afterwards")
    _taught(student, teaching.proxy, teaching.rng(55))
    return points + _audited(bench, student, base, 1.0, "trained on as much unmarked text afterwards")


def _taught(network: Network, texts: Tokens, rng: np.random.Generator) -> Network:
    for _ in network.learn(texts, EPOCHS, rng):
        pass
    return network


def _audited(bench: Bench, suspect: Model, base: Model, share: float, damage: str) -> list[Treated]:
    teaching, loss = bench.teaching, _loss(suspect, bench.teaching)
    name = "a network" if isinstance(suspect, Network) else "counts pairs"
    points = [
        Point(
            share=share,
            seed=teaching.seed,
            layout=Layout.CAMPAIGN.name,
            accounts=teaching.size.accounts,
            damage=damage,
            row=one.row,
        )
        for one in (bench.closed(suspect), bench.reading(suspect, base, "its base"))
    ]
    return [Treated(student=name, loss=loss, point=point) for point in points]


def _loss(model: Model, teaching: Teaching) -> float:
    rng = teaching.rng(56)
    prompts = teaching.source.prompts(SUBJECTS_HARVESTED, teaching.size.read // teaching.size.answer, rng)
    text = teaching.source.answers(prompts, teaching.size.answer, rng)
    chances = model.chances(np.arange(teaching.size.words))
    return float(-np.log(np.maximum(chances[text[:, :-1], text[:, 1:]], _NEVER)).mean())
