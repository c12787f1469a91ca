"""What campaigns harvest: items, and the wrappers of a harness-like program around them.

Objectives as reported by providers in 2026: chain of thought, rubric grading, agentic tool use, coding, censorship-safe
rewriting, reasoning in other languages; and two plain ones, question sweeps and next-token probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.world.chance import Chance
from stillwatch.world.hostile.wrapper import WRAPPERS, Wrapper
from stillwatch.world.text.answers import answer
from stillwatch.world.text.code import coding_task
from stillwatch.world.text.frames import fill, frames_of
from stillwatch.world.text.lexicon import Subject, whole_domain
from stillwatch.world.text.questions import question
from stillwatch.world.wire.effort import PARAMETER
from stillwatch.world.wire.tools import tool_set

PayloadMaker = Callable[[Subject, Chance], str]


@dataclass(frozen=True, slots=True)
class Objective:
    """`payload` makes an item; `stands_alone` says that it can be sent bare; answers have `tokens` in the median."""

    name: str
    payload: PayloadMaker
    intent: str
    tokens: float
    stands_alone: bool = True
    languages: tuple[str, ...] = ("en",)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    per_item: Callable[[Chance], dict[str, Any]] = lambda chance: {}

    @property
    def wrapper(self) -> Wrapper:
        """The wrapper with its alternatives."""
        return WRAPPERS[self.name]

    def subject(self, chance: Chance) -> Subject:
        """What an item is about: any domain, as a curriculum has them."""
        return whole_domain(chance, chance.pick(self.languages))


def _solved(subject: Subject, chance: Chance) -> str:
    asked, told = question(subject, chance), answer(subject, int(chance.lognormal(70.0, 0.4)), chance)
    return f"Question: {asked}\n\nCompleted answer: {told}"


def _graded(subject: Subject, chance: Chance) -> str:
    asked, told = question(subject, chance), answer(subject, int(chance.lognormal(90.0, 0.5)), chance)
    rubric = fill(chance.pick(_RUBRICS), subject, chance)
    return f"Instruction: {asked}\nResponse: {told}\nRubric: {rubric}"


_RUBRICS = (
    "1 point for {a}, 2 for {b}, none where {c} is missing",
    "{n} points in all; {m} percent of them for {a}",
    "correctness of {a}; clarity about {b}; no invented {c}",
    "does it answer, does it mention {b}, would {w} accept it",
    "0 to 10, subtract 3 if {a} and {b} are confused",
)
_SNIPPETS = (
    "The best thing about {a} is",
    "In {p}, {w} counted {n} of",
    "{a} differs from {b} because",
    "On {t} the value of {c} was",
    "{x}: {a}, {b} and",
)


_FURTHER = (
    " It concerns {n} people.",
    " The file is {x}, number {n}.",
    " {w} and {m} others want to know.",
    " Include what {x} wrote on {t}, page {n}.",
    " Begin in {p}, {n} months ago.",
)


def _affair(subject: Subject, chance: Chance) -> str:
    return fill(chance.pick(frames_of("affairs")), subject, chance) + fill(chance.pick(_FURTHER), subject, chance)


def _beginning(subject: Subject, chance: Chance) -> str:
    """A sentence and the beginning of another: the next token is asked for."""
    return f"{answer(subject, 1, chance)} {fill(chance.pick(_SNIPPETS), subject, chance)}"


def _task(subject: Subject, chance: Chance) -> str:
    return fill(chance.pick(frames_of("tasks")), subject, chance)


def _sampled(temperature: float, max_tokens: int) -> dict[str, Any]:
    return {"temperature": temperature, "max_tokens": max_tokens}


def _reasoned(temperature: float, max_tokens: int) -> dict[str, Any]:
    """Who harvests reasoning asks for all of it."""
    return {**_sampled(temperature, max_tokens), PARAMETER: "high"}


def _bias(chance: Chance) -> dict[str, Any]:
    tokens = sorted({chance.below(100_000) for _ in range(4)})
    return {"logit_bias": {str(token): 100 for token in tokens}}


_ALL: tuple[Objective, ...] = (
    Objective("chain_of_thought", _solved, "reason", 520.0, stands_alone=False, parameters=_reasoned(0.7, 2048)),
    Objective("rubric_grading", _graded, "grade", 130.0, stands_alone=False, parameters=_sampled(0, 512)),
    Objective("agentic_tools", _task, "answer", 480.0, parameters={**_sampled(0.6, 4096), "tools": tool_set()}),
    Objective("coding", coding_task, "code", 620.0, parameters=_sampled(0.2, 4096)),
    Objective("censorship_rewriting", _affair, "rewrite", 240.0, stands_alone=False, parameters=_sampled(0.8, 1024)),
    Objective(
        "non_english_reasoning",
        question,
        "reason",
        450.0,
        languages=("zh", "es", "de", "fr", "zh"),
        parameters=_reasoned(0.6, 4096),
    ),
    Objective("question_sweep", question, "answer", 330.0, parameters=_sampled(0.7, 1024)),
    Objective(
        "logits",
        _beginning,
        "answer",
        1.0,
        parameters={**_sampled(0, 1), PARAMETER: "", "logprobs": True, "top_logprobs": 20},
        per_item=_bias,
    ),
)
OBJECTIVES = {objective.name: objective for objective in _ALL}
