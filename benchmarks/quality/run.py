"""`python -m benchmarks quality`: what marks cost, and what that buys, beside the marks that transformers ships.

From the answers of a real model that `generate` keeps: how unlikely the unmarked model finds them, how varied they are,
how often the right answer would come to sixty questions, and how many tokens show the mark. They are few, so every
figure has its interval (`rows`). Beside it the same at length, on a made-up language. All figures go to `quality.json`,
and the picture beside it is made of them. Two CPU minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import machine
from benchmarks.figures import Figure
from benchmarks.quality import tournament
from benchmarks.quality.answers import Answers, Stepwise, read
from benchmarks.quality.contenders import CONTENDERS, Contender, Maker
from benchmarks.quality.drawn import drawn
from benchmarks.quality.evidence import GREEN, synthid_evidence
from benchmarks.quality.needed import LEVEL, Needed, needed
from benchmarks.quality.rows import Row, Said, between, row
from benchmarks.robustness.language import WORDS, Language
from stillwatch.watermark.detect import cells_needed

FOLDER = Path(__file__).parent
MADE_UP = "made-up language"
AT_LENGTH = (
    Contender(Maker.NONE),
    Contender(Maker.OURS, 1.0),
    Contender(Maker.OURS, 2.0),
    Contender(Maker.OURS, 3.0),
    Contender(Maker.OURS, 2.0, window=2),
    Contender(Maker.DRAWN),
    Contender(Maker.DRAWN, window=2),
)
KEYS, PAIRS, LENGTH = 20, 3, 300
"""On the made-up language: what a mark costs there depends on the key, which colours few words; so twenty are taken."""
RIVALS = FOLDER / "rivals.json"
"""Rows of `benchmarks.quality.rivals`, which needs transformers."""


class Results(msgspec.Struct, frozen=True):
    """The file. `synthid_by_plain_mean`: what SynthID's answers need where all layers count alike."""

    machine: dict[str, str]
    answers_made_on: dict[str, str]
    rows: list[Row]
    synthid_by_plain_mean: Needed
    stepwise: list[Stepwise]


def run() -> Iterator[Figure]:
    """Measure, keep, draw, and tell."""
    answers = read()
    rows = [*_real(answers), *_at_length()]
    if RIVALS.exists():
        rows += msgspec.json.decode(RIVALS.read_bytes(), type=list[Row])
    found = Results(machine.describe(), answers.machine, rows, _by_plain_mean(answers), answers.stepwise)
    (FOLDER / "quality.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    (FOLDER / "quality.svg").write_text(drawn(found.rows, found.stepwise))
    yield from _figures(found)


def _real(answers: Answers) -> Iterator[Row]:
    """Every contender in the rounds that it has answered, beside no mark in the same ones."""
    for contender in CONTENDERS:
        said = _said(answers, contender)
        plain = _said(answers, CONTENDERS[0])[: len(said)]
        found = row(answers.model, contender, said, plain, answers.tokenizer, is_by_key=False)
        task, right = (np.array(answers.task[one.name]) for one in (contender, CONTENDERS[0]))
        yield msgspec.structs.replace(found, task=between(task), task_lost=between(right - task))


def _said(answers: Answers, contender: Contender) -> list[Said]:
    """Of each round."""
    made = [one.answers for each in answers.rounds for one in each if one.contender == contender.name]
    return [
        Said(
            np.array([one.tokens for one in own]),
            np.array([one.nats for one in own]),
            np.array([one.theirs for one in own]),
        )
        for own in made
    ]


def _by_plain_mean(answers: Answers) -> Needed:
    """SynthID without the weights that its layers have."""
    said = _said(answers, Contender(Maker.SYNTHID))
    keys = [synthid_evidence(one.texts, one.theirs, tournament.PLAIN) for one in said]
    return needed(keys, partial(tournament.least_plain, level=LEVEL))


def _at_length() -> Iterator[Row]:
    """Ours on the made-up language."""
    language = Language()
    plain: list[Said] = []
    for contender in AT_LENGTH:
        said = []
        for key in range(KEYS):
            rng = np.random.default_rng(key)
            mark = None if contender.maker is Maker.NONE else contender.mark(MADE_UP, key)
            said.append(said_in(language, language.texts(2 * PAIRS, LENGTH, rng, mark, starts(rng))))
        plain = plain or said
        yield at_length(contender, said, plain)


def starts(rng: np.random.Generator) -> np.ndarray:
    """The prompts of a key there, each twice."""
    return np.repeat(rng.integers(0, WORDS, PAIRS), 2)


def said_in(language: Language, texts: np.ndarray, theirs: Sequence[Sequence[int]] = ()) -> Said:
    """Answers in the made-up language."""
    return Said(texts, language.nats(texts).mean(1), np.array(theirs))


def at_length(contender: Contender, said: Sequence[Said], plain: Sequence[Said]) -> Row:
    """A contender's row there."""
    return row(MADE_UP, contender, said, plain, MADE_UP, is_by_key=True)


def _figures(found: Results) -> Iterator[Figure]:
    for one in found.rows:
        task = f"; right answer lost {one.task_lost.shown(3)}" if one.task_lost else ""
        yield Figure(
            "quality",
            f"{one.model}, {one.contender}, {one.tokens:,} tokens",
            found=(
                f"perplexity {one.perplexity.shown(1)}; {one.more.shown(2)} nats a token more; tokens for {LEVEL:g}: "
                f"{one.needed.shown()}; distinct 1, 2: {one.distinct_1:.2f}, {one.distinct_2:.2f}; zlib "
                f"{one.compressed:.2f}; self-BLEU {one.self_bleu.shown(2)}{task}"
            ),
        )
    yield Figure("quality", "SynthID on the real model by its plain mean", found=found.synthid_by_plain_mean.shown())
    for step in found.stepwise:
        yield Figure(
            "quality",
            f"a step, strength {step.strength:g}, gate {step.gate:g} nats",
            found=(
                f"{step.nats:.3f} (s.e. {step.nats_error:.3f}) nats more; green {step.green:.3f} (s.e. "
                f"{step.green_error:.3f}); {cells_needed(step.green, GREEN, LEVEL):,} cells for {LEVEL:g}"
            ),
        )
