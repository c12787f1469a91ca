"""`python -m benchmarks quality`: what marks cost, and what that buys, beside the marks that transformers ships.

From the answers of a real model that `generate` keeps: how unlikely the unmarked model finds them, how varied they are,
how often the right answer would come to sixty questions, and how surely the mark is found. They are few, so every
figure has its interval: 95 %, by resampling prompts (for the task, questions). Beside it the same of ours at length, on
a made-up language. All figures go to `quality.json`, and the picture beside it is made of them. One CPU minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from scipy.stats import binom

from benchmarks import machine
from benchmarks.figures import Figure
from benchmarks.quality.answers import Answers, Made, Stepwise, read
from benchmarks.quality.contenders import CONTENDERS, Contender, Maker
from benchmarks.quality.diversity import compressed, distinct, self_bleu
from benchmarks.robustness.language import WORDS, Language
from benchmarks.robustness.panels import Line, Panel, picture
from stillwatch.watermark.cells import cells_of, first_cells_of
from stillwatch.watermark.detect import cells_needed, score, scored
from stillwatch.watermark.draws import scored_draws
from stillwatch.watermark.serving.mark import Mark

FOLDER = Path(__file__).parent
RESAMPLED = 2_000
LEVEL = 1e-6
AT_LENGTH = (
    Contender(Maker.NONE),
    Contender(Maker.OURS, 1.0),
    Contender(Maker.OURS, 2.0),
    Contender(Maker.OURS, 3.0),
    Contender(Maker.OURS, 2.0, window=2),
    Contender(Maker.DRAWN),
    Contender(Maker.DRAWN, window=2),
)
PAIRS, LENGTH = 100, 300
_LEAST = 1e-300


class Between(msgspec.Struct, frozen=True):
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float

    def shown(self, digits: int) -> str:
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


class Row(msgspec.Struct, frozen=True):
    """One contender on one model. `nats`: of a token, under the unmarked model. `more`: nats above the unmarked answers
    to the same prompts. `log10_p`: of all tokens together, under its own exact test. `task`: None where there is none.
    """

    model: str
    contender: str
    tokens: int
    nats: Between
    more: Between
    log10_p: float
    distinct_1: float
    distinct_2: float
    compressed: float
    self_bleu: float
    task: Between | None = None
    task_lost: Between | None = None

    @property
    def per_hundred(self) -> float:
        """Orders of magnitude of p that a hundred tokens bring."""
        return -self.log10_p / self.tokens * 100


class Results(msgspec.Struct, frozen=True):
    """The file."""

    machine: dict[str, str]
    answers_made_on: dict[str, str]
    rows: list[Row]
    stepwise: list[Stepwise]


def run() -> Iterator[Figure]:
    """Measure, keep, draw, and tell."""
    answers = read()
    contenders = {one.name: one for one in CONTENDERS}
    rows = [_row(contenders[one.contender], answers, one) for one in answers.made]
    rows += list(_at_length())
    found = Results(machine.describe(), answers.machine, rows, answers.stepwise)
    (FOLDER / "quality.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    (FOLDER / "quality.svg").write_text(drawn(found))
    yield from _figures(found)


def _row(contender: Contender, answers: Answers, made: Made) -> Row:
    unmarked = answers.made[0]
    texts = [one.tokens for one in made.answers]
    nats, plain = (_by_prompt([one.nats for one in of.answers]) for of in (made, unmarked))
    task, right = np.array(made.task), np.array(unmarked.task)
    return Row(
        answers.model, made.contender, sum(map(len, texts)), _between(nats), _between(nats - plain),
        _log10_p(contender, answers.tokenizer, made), distinct(texts, 1), distinct(texts, 2), compressed(texts),
        self_bleu(list(zip(texts[::2], texts[1::2], strict=True))), _between(task), _between(right - task),
    )  # fmt: skip


def _by_prompt(nats: Sequence[Sequence[float]]) -> np.ndarray:
    """The mean of each prompt, whose two answers stand behind each other."""
    return np.asarray(np.mean(nats, axis=1).reshape(-1, 2).mean(1))


def _between(values: np.ndarray) -> Between:
    rng = np.random.default_rng(1)
    means = values[rng.integers(0, len(values), (RESAMPLED, len(values)))].mean(1)
    return Between(float(values.mean()), *(float(one) for one in np.quantile(means, (0.025, 0.975))))


def _log10_p(contender: Contender, tokenizer: str, made: Made) -> float:
    texts = [np.array(one.tokens) for one in made.answers]
    if contender.maker in (Maker.OURS, Maker.DRAWN):
        return _ours(contender.mark(tokenizer), texts)
    if contender.maker is Maker.KGW:
        return _log10(score(made.trials, made.hits, 0.25).p)
    if contender.maker is Maker.SYNTHID:
        return _log10(float(binom.sf(made.hits - 1, made.trials, 0.5)))
    return _ours(Contender(Maker.OURS, 1.0).mark(tokenizer), texts)


def _ours(mark: Mark, texts: Sequence[np.ndarray]) -> float:
    if mark.draws:
        return _log10(scored_draws(first_cells_of(texts, mark.window), mark.fleet).p)
    return _log10(scored(cells_of(texts, mark.window), mark.layers).p)


def _log10(p: float | None) -> float:
    return 0.0 if p is None else math.log10(max(p, _LEAST))


def _at_length() -> Iterator[Row]:
    """Ours on the made-up language: pairs of answers to one prompt each, p of the first tenth of them."""
    language, plain = Language(), np.empty(0)
    for contender in AT_LENGTH:
        rng = np.random.default_rng(2)
        starts = np.repeat(rng.integers(0, WORDS, PAIRS), 2)
        mark = None if contender.maker is Maker.NONE else contender.mark("words")
        texts = language.texts(2 * PAIRS, LENGTH, rng, mark, starts)
        nats = _by_prompt(language.nats(texts).tolist())
        plain = nats if mark is None else plain
        few = list(texts[: PAIRS // 5])  # of all of them p is below what a number holds
        log10_p = _ours(mark or Contender(Maker.OURS, 1.0).mark("words"), few) * len(texts) / len(few)
        yield Row(
            "made-up language", contender.name, texts.size, _between(nats), _between(nats - plain), log10_p,
            distinct(texts.tolist(), 1), distinct(texts.tolist(), 2), compressed(texts.tolist()),
            self_bleu(list(zip(texts[::2].tolist(), texts[1::2].tolist(), strict=True))),
        )  # fmt: skip


def _figures(found: Results) -> Iterator[Figure]:
    for row in found.rows:
        task = f"; right answer {row.task.shown(3)}" if row.task else ""
        yield Figure(
            "quality",
            f"{row.model}, {row.contender}, {row.tokens:,} tokens",
            found=(
                f"{row.more.shown(2)} nats a token more; p 1e-{row.per_hundred:.1f} a hundred tokens; distinct 1, 2: "
                f"{row.distinct_1:.2f}, {row.distinct_2:.2f}; zlib {row.compressed:.2f}; "
                f"self-BLEU {row.self_bleu:.2f}{task}"
            ),
        )
    for step in found.stepwise:
        yield Figure(
            "quality",
            f"a step, strength {step.strength:g}, gate {step.gate:g} nats",
            found=(
                f"{step.nats:.3f} (s.e. {step.nats_error:.3f}) nats more; green {step.green:.3f} (s.e. "
                f"{step.green_error:.3f}); {cells_needed(step.green, 0.25, LEVEL):,} cells for {LEVEL:g}"
            ),
        )


def drawn(found: Results) -> str:
    """What is paid, across, and what is bought, up: by the step, and measured on answers."""
    real = [row for row in found.rows if row.task is not None]
    steps = [
        Line(f"a step, gate {gate:g} nats", [(s.nats, 100 / cells_needed(s.green, 0.25, LEVEL)) for s in found.stepwise
                                             if s.gate == gate and s.nats < _MOST_NATS])
        for gate in sorted({step.gate for step in found.stepwise})
    ]  # fmt: skip
    makers = [("ours", "ours, h="), ("ours, keyed draw", "ours, keyed"), ("KGW", "KGW"), ("SynthID", "SynthID")]
    cost, task = [], []
    for name, begins in makers:
        own = sorted((row for row in real if row.contender.startswith(begins)), key=lambda row: row.more.mean)
        if own:
            cost.append(Line(name, [(row.more.mean, row.per_hundred) for row in own], is_joined=False))
            task.append(Line(name, [(row.task.mean, row.per_hundred) for row in own if row.task], is_joined=False))
    nats = [(value, f"{value:g}") for value in (-0.2, 0.0, 0.2, 0.4, 0.6)]
    return picture(
        [
            Panel("by the step: nats more; share of 100 tokens that 1e-6 takes", steps, nats, _ups((0, 1, 2, 3, 4))),
            Panel("answers: nats a token more; 1e-x in 100 tokens", cost, nats, _ups((0, 5, 10, 15, 20))),
            Panel("chance of the right answer; 1e-x in 100 tokens", task, [(v, f"{v:g}") for v in (0.2, 0.3, 0.4, 0.5)],
                  _ups((0, 5, 10, 15, 20))),
        ],
        3,
    )  # fmt: skip


_MOST_NATS = 0.6


def _ups(values: Sequence[float]) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]
