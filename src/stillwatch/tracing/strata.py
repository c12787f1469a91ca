"""What kind of traffic an account or group sends: honest heavy users are their own null.

Scores are calibrated inside a stratum, never across: an extraction pipeline compared with light chat always looks
guilty. Strata are read from the form of the requests first (forced schemas, tool turns, embeddings, settings for
reproducible answers) and from coarse words last. An operator can dress up as another stratum; then he is compared
with those accounts.

`HONEST_SHAPES`: strata whose ordinary bulk jobs are divided over accounts just as a campaign divides its work. There
shared templates and interchangeable payloads do not suffice; a third family has to speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.sketch.record import Flag, Intent

Column = Any
"""An integer column of sketches: a numpy array or an Ibis expression; both know &, ==, != and ~."""

HONEST_SHAPES = frozenset(["app", "extraction", "eval", "agent", "translation"])

_MOST = 0.5
_SOME_EMBEDDINGS = 0.05
_SOME_TOOL_TURNS = 0.2
MAKING_INTENTS = Intent.REWRITING | Intent.GENERATE_ITEMS | Intent.COMPLETED_REASONING
HARVEST_INTENTS = Intent.GRADING | Intent.REWRITING | Intent.GENERATE_ITEMS | Intent.COMPLETED_REASONING
_EMBEDDING = 2
_REPRODUCIBLE = Flag.SEED | Flag.STOP | Flag.LOGPROBS


def asks(flags: Column) -> Column:
    """Whether exchanges ask a model to answer; texts that are only indexed harvest nothing."""
    return (flags & Flag.OPERATION) != _EMBEDDING


def traits(flags: Column, intent: Column, temperature: Column) -> dict[str, Column]:
    """What of each exchange decides the stratum: one definition for numpy arrays and Ibis columns alike."""
    harvests = (intent & HARVEST_INTENTS) != 0
    return {
        "embedding": ~asks(flags),
        "tool_turns": (flags & Flag.TOOL_TURNS) != 0,
        "dialogue": ((flags & Flag.ASSISTANT_TURNS) != 0) & ((flags & Flag.ENDS_WITH_ASSISTANT) == 0),
        "closed_schema": ((flags & Flag.CLOSED_SCHEMA) != 0) & ((intent & MAKING_INTENTS) == 0),
        "reproducible": (temperature == 0) & ((flags & _REPRODUCIBLE) != 0),
        "context": ((intent & (Intent.CONTEXT_ANSWER | Intent.SUMMARY)) != 0) & ~harvests,
        "extraction": ((intent & Intent.EXTRACTION) != 0) & ~harvests,
        "translation": ((intent & Intent.TRANSLATION) != 0) & ~harvests,
    }


TRAITS = (
    "embedding",
    "tool_turns",
    "dialogue",
    "closed_schema",
    "reproducible",
    "context",
    "extraction",
    "translation",
)


def stratum(shares: Mapping[str, float]) -> str:
    """The stratum of traffic in which each trait has this share of exchanges, with "skeleton" the templated share."""
    asked = 1.0 - shares["embedding"]
    if asked <= 0:
        return "app"
    of_asked = {name: share / asked for name, share in shares.items()}
    if of_asked["tool_turns"] >= _SOME_TOOL_TURNS or (of_asked["dialogue"] >= _MOST and of_asked["skeleton"] >= _MOST):
        return "agent"
    if of_asked["closed_schema"] >= _MOST or of_asked["extraction"] >= _MOST:
        return "extraction"
    if of_asked["reproducible"] >= _MOST:
        return "eval"
    if shares["embedding"] >= _SOME_EMBEDDINGS or of_asked["context"] >= _MOST:
        return "app"
    if of_asked["translation"] >= _MOST:
        return "translation"
    if of_asked["dialogue"] >= _MOST:
        return "chat"
    return "batch" if of_asked["skeleton"] >= _MOST else "chat"
