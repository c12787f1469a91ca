"""Which stratum traffic lies in, by its form first and its words last."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.sketch.record import Flag, Intent
from stillwatch.tracing.strata import TRAITS, stratum, traits

NONE = dict.fromkeys((*TRAITS, "skeleton"), 0.0)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({}, "chat"),
        ({"skeleton": 0.9}, "batch"),
        ({"skeleton": 0.49}, "chat"),
        ({"dialogue": 0.9}, "chat"),
        ({"dialogue": 0.5, "skeleton": 0.5}, "agent"),
        ({"tool_turns": 0.2}, "agent"),
        ({"tool_turns": 0.19, "skeleton": 1.0}, "batch"),
        ({"closed_schema": 0.5, "skeleton": 1.0}, "extraction"),
        ({"extraction": 0.5}, "extraction"),
        ({"tool_turns": 0.5, "closed_schema": 1.0}, "agent"),
        ({"reproducible": 0.5, "skeleton": 1.0}, "eval"),
        ({"reproducible": 1.0, "extraction": 1.0}, "extraction"),
        ({"context": 0.6, "skeleton": 1.0}, "app"),
        ({"embedding": 0.05, "skeleton": 1.0}, "app"),
        ({"embedding": 1.0}, "app"),
        ({"translation": 0.5, "skeleton": 1.0}, "translation"),
        ({"translation": 0.5, "context": 0.5}, "app"),
        # Shares are of what is asked, not of what is only indexed: 0.3 of all is 0.6 of the half that asks.
        ({"embedding": 0.5, "closed_schema": 0.3}, "extraction"),
        ({"embedding": 0.9, "tool_turns": 0.03}, "agent"),
    ],
)
def test_traffic_of_this_form_is_in_this_stratum(shares: dict[str, float], expected: str) -> None:
    """Tools before schemas, schemas before settings, settings before words."""
    assert stratum(NONE | shares) == expected


HARVEST = Intent.GRADING | Intent.CONTEXT_ANSWER | Intent.EXTRACTION | Intent.TRANSLATION


@pytest.mark.parametrize(
    ("flags", "intent", "temperature", "shown"),
    [
        (0, 0, -1, set()),
        (2, 0, -1, {"embedding"}),
        (Flag.TOOL_TURNS, 0, -1, {"tool_turns"}),
        (Flag.ASSISTANT_TURNS, 0, -1, {"dialogue"}),
        (Flag.ASSISTANT_TURNS | Flag.ENDS_WITH_ASSISTANT, 0, -1, set()),  # prefill is no dialogue
        (Flag.CLOSED_SCHEMA, 0, -1, {"closed_schema"}),
        (Flag.CLOSED_SCHEMA, Intent.GRADING, -1, {"closed_schema"}),
        (Flag.CLOSED_SCHEMA, Intent.GENERATE_ITEMS, -1, set()),  # items made to a schema are still made
        (Flag.SEED, 0, 0, {"reproducible"}),
        (Flag.LOGPROBS, 0, 0, {"reproducible"}),
        (Flag.SEED, 0, 70, set()),
        (Flag.SEED, 0, -1, set()),
        (0, 0, 0, set()),
        (0, Intent.CONTEXT_ANSWER, -1, {"context"}),
        (0, Intent.EXTRACTION | Intent.TRANSLATION, -1, {"extraction", "translation"}),
        (0, HARVEST, -1, set()),  # a grader of answers is not excused by the words of an app
    ],
)
def test_an_exchange_shows_exactly_these_traits(flags: int, intent: int, temperature: int, shown: set[str]) -> None:
    """One row of the table for each trait and for what takes it away."""
    found = traits(np.array([flags]), np.array([intent]), np.array([temperature]))
    assert {name for name, value in found.items() if value[0]} == shown
    assert set(found) == set(TRAITS)
