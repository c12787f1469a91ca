"""The decidable rules: request forms that no statistics are needed for.

Each names one form of a single exchange, is documented, and is reported with how often an account used it. Hitting a
rule is a fact about requests, not a verdict about people; the sentence says what else it could be.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.sketch.record import Flag, Intent
from stillwatch.tracing.strata import Column

MANY_CHOICES = 20
EMPTY_PROBES_AT_LEAST = 3  # one empty message is an accident


@dataclass(frozen=True, slots=True)
class Rule:
    """A form of request; `sentence` has one place for the number of exchanges."""

    name: str
    at_least: int
    sentence: str


RULES = (
    Rule(
        "logit_bias_sweep",
        1,
        "{} exchanges bias single tokens and ask for at most one output token: this reads next-token probabilities off "
        "the model. Some classifiers do it with two or three labels",
    ),
    Rule(
        "many_choices",
        1,
        "{} exchanges ask for 20 or more choices at once: this samples the model's distribution. Self-consistency "
        "research does it too",
    ),
    Rule(
        "empty_message_probe",
        EMPTY_PROBES_AT_LEAST,
        "{} exchanges have an empty last turn: on many models this makes them write training-like prompts. Broken "
        "clients do it too",
    ),
    Rule(
        "completed_reasoning_elicitation",
        1,
        "{} exchanges ask for the reasoning behind an answer that is already complete: the form used to harvest "
        "reasoning traces. A tutor may ask it now and then",
    ),
)


def hits(flags: Column, intent: Column, choices: Column) -> dict[str, Column]:
    """Which exchanges meet which rule: one definition for numpy arrays and Ibis columns alike."""
    is_chat = (flags & Flag.OPERATION) < 2
    return {
        "logit_bias_sweep": (intent & Intent.LOGIT_SWEEP) != 0,
        "many_choices": choices >= MANY_CHOICES,
        "empty_message_probe": is_chat & ((flags & Flag.EMPTY_PROMPT) != 0),
        "completed_reasoning_elicitation": (intent & Intent.COMPLETED_REASONING) != 0,
    }
