"""What a ring harvests, in the field's words, from the intents of the exchanges that carry its skeleton."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.sketch.record import Intent
from stillwatch.tracing.strata import HARVEST_INTENTS, MAKING_INTENTS

MOSTLY = 0.4
# In order of how specific they are: the first that most exchanges have names the objective.
_NAMES = (
    (Intent.LOGIT_SWEEP, "logits"),
    (Intent.COMPLETED_REASONING, "reasoning traces of completed answers"),
    (Intent.GRADING, "rubric grading"),
    (Intent.GENERATE_ITEMS, "making of training items"),
    (Intent.REWRITING, "rewriting and evolving of prompts"),
    (Intent.TRANSLATION, "translation"),
    (Intent.EXTRACTION, "labelling and extraction"),
    (Intent.CONTEXT_ANSWER, "answers from given documents"),
    (Intent.SUMMARY, "summaries"),
    (Intent.STEP_BY_STEP, "chain of thought"),
    (Intent.CODING, "coding"),
)


def objective(intents: Mapping[int, float]) -> str:
    """The objective's name; "question sweep" where no intent is common to most exchanges."""
    for bit, name in _NAMES:
        if intents.get(bit, 0.0) >= MOSTLY:
            return name
    return "question sweep"


def is_explicit_harvest(intents: Mapping[int, float]) -> bool:
    """Whether most exchanges grade, rewrite, or make items: work that builds a training set."""
    return _share(intents, HARVEST_INTENTS) >= MOSTLY


def is_making_of_items(intents: Mapping[int, float]) -> bool:
    """The same without grading, which honest evaluations do as well."""
    return _share(intents, MAKING_INTENTS) >= MOSTLY


def _share(intents: Mapping[int, float], wanted: int) -> float:
    return max((share for bit, share in intents.items() if bit & wanted), default=0.0)
