"""Coarse intents of a prompt, from the concepts of its words.

Lexical flags are weak: graders, tutors and coding agents say the same words as harvesters. They name what a ring
harvests and place accounts in strata. The one intent that a rule acts on, reasoning elicitation of a *completed*
answer, asks in addition for the phrase itself (`elicitation`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.concepts import Concept
from stillwatch.sketch.record import Intent

_RULES: tuple[tuple[int, int], ...] = (
    (Concept.GRADE | Concept.SCALE | Concept.ANSWER, Intent.GRADING),
    (Concept.REWRITE | Concept.PROMPT, Intent.REWRITING),
    (Concept.REWRITE | Concept.ANSWER, Intent.REWRITING),
    (Concept.STEP | Concept.REASONING, Intent.STEP_BY_STEP),
    (Concept.GENERATE | Concept.PROMPT | Concept.DIVERSE, Intent.GENERATE_ITEMS),
    (Concept.GENERATE | Concept.TRAINING, Intent.GENERATE_ITEMS),
    (Concept.TRANSLATE, Intent.TRANSLATION),
    (Concept.CONTEXT | Concept.ONLY | Concept.ANSWER, Intent.CONTEXT_ANSWER),
    (Concept.CODE, Intent.CODING),
    (Concept.SUMMARY, Intent.SUMMARY),
    (Concept.CLASSIFY, Intent.EXTRACTION),
    (Concept.ENTITY | Concept.CONTEXT, Intent.EXTRACTION),
)

CANDIDATE = Concept.REASONING | Concept.ANSWER | Concept.RECONSTRUCT
"""Concepts without which `elicits_completed_reasoning` is not worth asking: every form of it has a word of each."""


def intents(concepts: NDArray[np.uint32]) -> NDArray[np.int16]:
    """Intent bits of prompts whose words' concept bits are or-ed together in `concepts`, one row a prompt."""
    bits = np.zeros(len(concepts), np.int16)
    for needed, intent in _RULES:
        wanted = np.uint32(needed)
        bits[(concepts & wanted) == wanted] |= np.int16(intent)
    return bits
