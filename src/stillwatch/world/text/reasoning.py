"""Reasoning of a plausible length: what a model says to itself before its answer, about the same things."""

from __future__ import annotations

import re

from stillwatch.world.chance import Chance
from stillwatch.world.text.answers import CHARS_A_TOKEN

_SENTENCE = re.compile(r"[^.。]+[.。]?")
_LEADS = (
    "Let me see. ", "So ", "Wait, ", "First, ", "Hmm. ", "The question is whether ", "Suppose ", "Then ", "That means ",
    "Check: ", "But ", "Okay, ", "Alternatively, ", "I should say that ", "Right: ", "On second thought, ", "", "",
)  # fmt: skip


def reasoning(answer: str, tokens: int, chance: Chance) -> str:
    """Thoughts of about so many tokens that circle around what the answer will say."""
    said = [sentence.strip() for sentence in _SENTENCE.findall(answer)] or [answer]
    thoughts: list[str] = []
    length = 0.0
    while length < tokens * CHARS_A_TOKEN:
        thoughts.append(chance.pick(_LEADS) + chance.pick(said))
        length += len(thoughts[-1]) + 1
    return " ".join(thoughts)
