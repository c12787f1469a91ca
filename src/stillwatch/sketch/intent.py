"""Coarse intents of a prompt, from the concepts of its words.

Lexical flags are weak: graders, tutors and coding agents say the same words as harvesters. They name what a ring
harvests and place accounts in strata. The one intent that a rule acts on, reasoning elicitation of a *completed*
answer, asks in addition for the phrase itself (`elicits_completed_reasoning`).
"""

from __future__ import annotations

import re

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
    (Concept.CLASSIFY, Intent.EXTRACTION),
    (Concept.ENTITY | Concept.CONTEXT, Intent.EXTRACTION),
)

CANDIDATE = Concept.REASONING | Concept.ANSWER | Concept.RECONSTRUCT | Concept.COMPLETED
"""Concepts without which `elicits_completed_reasoning` is not worth asking."""

# "... the internal reasoning behind (the / a / this / your) (completed / final / given) (response / answer)":
# reconstruction verb, reasoning noun, then a finished answer, close together. Phrases published in coverage of the
# February 2026 disclosures, and their translations; written anew.
_ELICITATIONS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\b(imagin\w*|articulat\w*|reconstruct\w*|recreat\w*|reverse.engineer\w*|infer|recover|write out|backfill)\b"
        r".{0,80}\b(reasoning|thought process|chain.of.thought|thinking|rationale)\b"
        r".{0,60}\b(behind|led to|leading to|that (?:produced|yields?)|for)\b.{0,30}"
        r"\b(completed?|finished|final|given|existing|provided|above|this|following)\b.{0,20}"
        r"\b(response|answer|output|solution|completion)\b",
        r"\b(imagina|articula|reconstruye|reconstruir)\b.{0,80}\b(razonamiento|pensamiento)\b.{0,80}"
        r"\b(respuesta|solución)\b.{0,20}\b(completada|dada|final|anterior|ya)\b",
        r"\b(imagine[zr]?|reconstitue[zr]?|reconstrui\w+|articule[zr]?)\b.{0,80}\b(raisonnement|réflexion)\b.{0,80}"
        r"\b(réponse|solution)\b.{0,20}\b(complète|achevée|donnée|finale|fournie)\b",
        r"\b(rekonstruier\w+|stell\w* dir|formulier\w+|erschließ\w*)\b.{0,80}"
        r"\b(gedankengang|denkprozess|überlegungen|begründung)\b.{0,80}"
        r"\b(fertig\w*|abgeschlossen\w*|gegeben\w*|obig\w*|endgültig\w*)\b.{0,20}\b(antwort|lösung)\b",
        r"\b(reconstrua|imagine|articule)\b.{0,80}\b(raciocínio|pensamento)\b.{0,80}\b(resposta|solução)\b.{0,20}"
        r"\b(concluída|completa|dada|final|fornecida)\b",
        r"(восстанови|воспроизведи|представь)\w*.{0,80}(рассуждени|ход мыслей).{0,80}(готов|данн|итогов)\w*.{0,20}"
        r"(ответ|решени)",
        r"(想象|还原|重构|重建|反推|推断|复原).{0,30}(推理|思考|思维).{0,40}(已完成|已有|给定|上述|最终|完整).{0,8}(回答|答案|回复|解答)",
        r"(已完成|已有|给定|上述|最终|完整)的?(回答|答案|回复|解答).{0,40}(背后|内部|内在).{0,12}(推理|思考|思维)",
        r"(想像|再構成|復元|推測).{0,30}(推論|思考).{0,40}(回答|解答)",
    )
)


def intents(concepts: NDArray[np.uint32]) -> NDArray[np.int16]:
    """Intent bits of prompts whose words' concept bits are or-ed together in `concepts`, one row a prompt."""
    bits = np.zeros(len(concepts), np.int16)
    for needed, intent in _RULES:
        wanted = np.uint32(needed)
        bits[(concepts & wanted) == wanted] |= np.int16(intent)
    return bits


def elicits_completed_reasoning(text: str) -> bool:
    """Whether `text` asks to write down the reasoning behind an answer that is already finished."""
    return any(pattern.search(text) for pattern in _ELICITATIONS)
