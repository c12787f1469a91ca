"""Reasoning that is asked for: which models reason, which customers want it, and how much they get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.wire.setup import NEW_MODEL

REASONING_MODELS = frozenset(("sonata-2", NEW_MODEL))
PARAMETER = "reasoning_effort"
"""As OpenAI chat completions name it; other dialects have words of their own."""
BUDGET = {"low": 1024, "medium": 4096, "high": 16_000}  # chosen: tokens, where a dialect asks in tokens
_SIZE = {"low": 0.4, "medium": 1.0, "high": 2.2}  # chosen: reasoning at an effort, times the median of `facts`


def with_effort(parameters: Mapping[str, Any], model: str, account: str, seed: int) -> dict[str, Any]:
    """The parameters with the account's habit where they say nothing, and without any where the model cannot reason.

    The habit is chance of the account's name alone, so that nothing else of a world depends on it. An empty effort in
    `parameters` says that none is wanted.
    """
    effort = parameters.get(PARAMETER, _habit(account, seed))
    rest = {name: value for name, value in parameters.items() if name != PARAMETER}
    return rest | {PARAMETER: effort} if effort and model in REASONING_MODELS else rest


def _habit(account: str, seed: int) -> str:
    chance = Chance(seed, "effort", account)
    return chance.pick(("low", "medium", "medium", "high")) if chance.happens(facts.REASONING_CUSTOMERS) else ""


def reasoning_tokens(effort: str, chance: Chance) -> int:
    """How long the model thinks."""
    return int(chance.lognormal(facts.REASONING_TOKENS * _SIZE[effort], facts.REASONING_SIGMA))
