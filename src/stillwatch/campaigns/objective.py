"""What a ring harvests, in the field's words, from the intents of the exchanges that carry its skeleton."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.sketch.record import Intent
from stillwatch.tracing.strata import HARVEST_INTENTS, MAKING_INTENTS

MOSTLY = 0.4
PARTLY = 0.2
"""Chosen: what one exchange in five asks for is worth a word where nothing is asked for mostly."""
_TRAINING = {
    Intent.LOGIT_SWEEP: "logits",
    Intent.COMPLETED_REASONING: "reasoning traces of completed answers",
    Intent.GRADING: "rubric grading",
    Intent.GENERATE_ITEMS: "making of training items",
    Intent.REWRITING: "rewriting and evolving of prompts",
}
"""Work that builds a training set: of several, the commonest names the objective."""
_TOOLS = "tasks for an agent with tools"
_ORDINARY = {
    Intent.TRANSLATION: "translation",
    Intent.EXTRACTION: "labelling and extraction",
    Intent.CONTEXT_ANSWER: "answers from given documents",
    Intent.SUMMARY: "summaries",
    Intent.STEP_BY_STEP: "chain of thought",
    Intent.CODING: "coding",
}
"""What others ask for as well, the most specific first: the first that most exchanges have."""
_NOTHING_KNOWN = "question sweep"


def objective(intents: Mapping[int, float], tools: float = 0.0) -> str:
    """The objective's name; "question sweep" where no intent is common to most exchanges, with what comes next.

    `intents`: intent bit to its share of the exchanges; `tools`: share of the exchanges that give the model tools.
    """
    best = max(_TRAINING, key=lambda bit: intents.get(bit, 0.0))
    if intents.get(best, 0.0) >= MOSTLY:
        return _TRAINING[best]
    if tools >= MOSTLY:
        return _TOOLS
    named = next((name for bit, name in _ORDINARY.items() if intents.get(bit, 0.0) >= MOSTLY), None)
    return named or _NOTHING_KNOWN + _partly(intents)


def _partly(intents: Mapping[int, float]) -> str:
    names = _TRAINING | _ORDINARY
    best = max(names, key=lambda bit: intents.get(bit, 0.0))
    return f", partly {names[best]}" if intents.get(best, 0.0) >= PARTLY else ""


def is_explicit_harvest(intents: Mapping[int, float]) -> bool:
    """Whether most exchanges grade, rewrite, or make items: work that builds a training set."""
    return _share(intents, HARVEST_INTENTS) >= MOSTLY


def is_making_of_items(intents: Mapping[int, float]) -> bool:
    """The same without grading, which honest evaluations do as well."""
    return _share(intents, MAKING_INTENTS) >= MOSTLY


def _share(intents: Mapping[int, float], wanted: int) -> float:
    return max((share for bit, share in intents.items() if bit & wanted), default=0.0)
