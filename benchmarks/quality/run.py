"""`python -m benchmarks quality`: what marks cost, and what that buys, beside the marks that transformers ships.

From the answers of a real model that `generate` keeps: how unlikely the unmarked model finds them, how varied they are,
how often the right answer would come to sixty questions, and how surely the mark is found. They are few, so every
figure has its interval: 95 %, by resampling prompts (for the task, questions). Beside it the same at length, on a
made-up language, by resampling keys. All figures go to `quality.json`, and the picture beside it is made of them. One
CPU minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
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
KEYS, PAIRS, LENGTH = 20, 3, 300
"""On the made-up language: what a mark costs there depends on the key, which colours few words; so twenty are taken."""
RIVALS = FOLDER / "rivals.json"
"""Rows of `benchmarks.quality.rivals`, which needs transformers."""
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
    if RIVALS.exists():
        rows += msgspec.json.decode(RIVALS.read_bytes(), type=list[Row])
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
    """Ours on the made-up language."""
    language, plain = Language(), np.empty(0)
    for contender in AT_LENGTH:
        marks = [None if contender.maker is Maker.NONE else contender.mark("words", key) for key in range(KEYS)]
        texts = []
        for key, mark in enumerate(marks):
            rng = np.random.default_rng(key)
            texts.append(language.texts(2 * PAIRS, LENGTH, rng, mark, starts(rng)))
        made = np.stack(texts)
        plain = of_keys(language, made) if contender.maker is Maker.NONE else plain
        tried = [mark or Contender(Maker.OURS, 1.0).mark("words", key) for key, mark in enumerate(marks)]
        logs = [_ours(mark, list(own[:2])) for mark, own in zip(tried, made, strict=True)]
        yield at_length(contender.name, language, made, plain, logs)


def starts(rng: np.random.Generator) -> np.ndarray:
    """The prompts of a key there, each twice."""
    return np.repeat(rng.integers(0, WORDS, PAIRS), 2)


def of_keys(language: Language, texts: np.ndarray) -> np.ndarray:
    """The mean nats of each key's texts; `texts`: (KEYS, 2 * PAIRS, LENGTH)."""
    return np.array([language.nats(own).mean() for own in texts])


def at_length(name: str, language: Language, texts: np.ndarray, plain: np.ndarray, logs: Sequence[float]) -> Row:
    """A row of pairs of answers to one prompt each. `plain`: nats of the unmarked, of each key's prompts; `logs`:
    log10 p of each key's first pair. Diversity is that of one key's texts, as who reads them all would meet it.
    """
    nats, said = of_keys(language, texts), texts.tolist()
    return Row(
        "made-up language",
        name,
        texts.size,
        _between(nats),
        _between(nats - plain),
        float(np.mean(logs)) * texts.size / (2 * LENGTH),
        float(np.mean([distinct(own, 1) for own in said])),
        float(np.mean([distinct(own, 2) for own in said])),
        float(np.mean([compressed(own) for own in said])),
        float(np.mean([self_bleu(list(zip(own[::2], own[1::2], strict=True))) for own in said])),
    )


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
    steps = []
    for gate in sorted({step.gate for step in found.stepwise}):
        own = [step for step in found.stepwise if step.gate == gate and step.nats < _MOST_NATS]
        points = [(step.nats, 100 / cells_needed(step.green, 0.25, LEVEL)) for step in own]
        steps.append(Line(f"a step, gate {gate:g} nats", points))
    real = [row for row in found.rows if row.task is not None]
    made_up = [row for row in found.rows if row.task is None]
    nats, task = [(value, f"{value:g}") for value in (0.0, 0.2, 0.4, 0.6)], [(v, f"{v:g}") for v in (0.2, 0.3, 0.4)]
    paid = [lambda row: row.more.mean, lambda row: row.more.mean, lambda row: row.task.mean if row.task else 0.0]
    lines = [_makers(rows, one) for rows, one in zip((made_up, real, real), paid, strict=True)]
    return picture(
        [
            Panel("a step: nats more; texts for 1e-6 in 100 tokens", steps, nats, _ups((0, 1, 2))),
            Panel("made-up language: nats more; 1e-x in 100 words", lines[0], nats, _ups((0, 10, 20, 30))),
            Panel("real model: nats more; 1e-x in 100 tokens", lines[1], nats, _ups((0, 10, 20))),
            Panel("real model: right answers; 1e-x in 100 tokens", lines[2], task, _ups((0, 10, 20))),
        ],
        2,
    )


def _makers(rows: Sequence[Row], paid: Callable[[Row], float]) -> list[Line]:
    """The points of each maker, told apart by how a contender's name begins."""
    found = []
    for name, begins in (("ours, h=1", "ours, h=1"), ("ours, h=2", "ours, h=2"), ("ours, keyed draws", "ours, keyed"),
                         ("KGW", "KGW"), ("SynthID", "SynthID"), ("no mark", "no mark")):  # fmt: skip
        own = [(paid(row), row.per_hundred) for row in rows if row.contender.startswith(begins)]
        if own:
            found.append(Line(name, own, is_joined=False))
    return found


_MOST_NATS = 0.6


def _ups(values: Sequence[float]) -> list[tuple[float, str]]:
    return [(value, f"{value:g}") for value in values]
