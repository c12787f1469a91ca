"""Reasoning elicitation of a completed answer: the one wording that a rule acts on, in eight languages.

What is looked for is one clause with three parts: a verb of reconstruction, a noun for reasoning, and a finished
answer that the reasoning *led to* ("reconstruct the thinking that led to the given answer"). Asking for reasoning
about an answer that is still to come, explaining one as a tutor does, or justifying a grade lacks one of the three or
the link between them. The forms follow what was published about disclosed campaigns, in words of our own. Known
weakness: a paraphrase outside these forms is not seen; being right about those that are seen is worth more here.
"""

from __future__ import annotations

import re

# ruff: noqa: RUF001 - Cyrillic letters and full-width marks stand where their languages have them

_CLAUSE = r"[^.!?]"  # parts of one request stand in one sentence

# Verbs that can only mean "work it out afterwards". "Imagine you are a tutor" sets a scene instead.
_RECONSTRUCT = (
    r"\b(?:imagin(?:e|ing)(?!\s+(?:that|you|yourself|if|an?)\b)|reconstruct\w*|recreat\w*|reverse.engineer\w*"
    r"|infer|recover|backfill)\b"
)
_REASONING = r"\b(?:reasoning|thought process|chain.of.thought|thinking|rationale)\b"
_LED_TO = (
    rf"(?:{_CLAUSE}{{0,40}}\b(?:behind|underlying|led to|leads to|leading to|resulted in"
    r"|(?:that|which) (?:produced|yield(?:s|ed)))|\s+for)\s+"
)
_WHOSE = r"(?:(?:the|an?|this|that|its|their|each|already|model['’]s|assistant['’]s)\s+){0,3}"
_GIVEN = r"(?:completed?|finished|given|existing|provided|above|following)"
_ANSWER = r"(?:response|answer|output|solution|completion)\b(?!['’]s)"
_GIVEN_ANSWER = rf"(?:{_WHOSE}{_GIVEN}\s+(?:\w+\s+)?{_ANSWER}|{_WHOSE}{_ANSWER}\s+(?:above|below)\b)"
# After a verb of reconstruction the answer may also be "final" or "this": it must exist to be reasoned back from.
_ANY_ANSWER = rf"(?:{_GIVEN_ANSWER}|{_WHOSE}final\s+(?:\w+\s+)?{_ANSWER}|this\s+{_ANSWER})"

_ENGLISH = (
    rf"{_RECONSTRUCT}{_CLAUSE}{{0,80}}{_REASONING}{_LED_TO}{_ANY_ANSWER}",
    rf"\barticulat\w+{_CLAUSE}{{0,80}}{_REASONING}{_LED_TO}{_GIVEN_ANSWER}",
)
_SPANISH = (
    rf"\b(?:imagin[ae]|reconstru(?:ye|ya|ir)|recrea|infiere|deduce)\b(?!\s+que){_CLAUSE}{{0,80}}"
    rf"\b(?:razonamiento|pensamiento)\b{_CLAUSE}{{0,30}}"
    r"\b(?:detrás de|tras|subyacente a|que (?:llev|conduj|conduc|produj)\w+(?: a)?)\s+(?:(?:la|una|esta|cada)\s+)?"
    r"(?:respuesta|solución)\s+(?:\w+\s+){0,2}(?:complet(?:a|ada)|dada|final|anterior|proporcionada|terminada)\b"
)
_FRENCH = (
    r"\b(?:imagine[zr]?|reconstitue[zr]?|reconstrui\w+|recrée[zr]?)\b(?!\s+qu)"
    rf"{_CLAUSE}{{0,80}}\b(?:raisonnement|réflexion|cheminement)\b{_CLAUSE}{{0,30}}"
    r"\b(?:derrière|menant à|qui (?:a|ont) (?:mené à|conduit à|abouti à|produit))\s+(?:(?:la|une|cette)\s+)?"
    r"(?:réponse|solution)\s+(?:\w+\s+){0,2}(?:complète|complétée|achevée|terminée|donnée|finale|fournie)\b"
)
_GERMAN = (
    r"\b(?:rekonstruier\w+|erschließ\w+|stell\w* (?:dir|sie sich)(?!\s+vor))\b"
    rf"{_CLAUSE}{{0,80}}\b(?:gedankeng[aä]ng\w*|gedankenkette|denkprozess\w*|überlegungen|begründung)\b{_CLAUSE}{{0,30}}"
    r"\b(?:hinter|zu|zur|für)\s+(?:(?:der|die|einer|eine|dieser)\s+)?(?:bereits\s+)?"
    r"(?:fertig|abgeschlossen|gegeben|obig|endgültig|vorliegend)\w*\s+(?:antwort|lösung)\b"
)
_PORTUGUESE = (
    r"\b(?:imagin[ae]|reconstru(?:a|ir)|recrie|deduza)\b(?!\s+que)"
    rf"{_CLAUSE}{{0,80}}\b(?:raciocínio|pensamento)\b{_CLAUSE}{{0,30}}"
    r"\b(?:por trás d[ae]|subjacente à|que (?:lev|conduz|produz|ger)\w+(?: [àa])?)\s+(?:(?:a|uma|essa|esta)\s+)?"
    r"(?:resposta|solução)\s+(?:\w+\s+){0,2}(?:concluída|completa|dada|final|fornecida|pronta)\b"
)
_RUSSIAN = (
    r"\b(?:восстанови|воспроизведи|реконструируй|представь|вообрази)\w*(?!,?\s+что)"
    rf"{_CLAUSE}{{0,80}}\b(?:рассуждени|размышлени|ход\w* мысл)\w*{_CLAUSE}{{0,30}}"
    r"\b(?:к|за|дали|давш\w+)\s+(?:готов|данн|итогов|окончательн|заверш[её]нн|привед[её]нн)\w*\s+(?:ответ|решени)"
)
_CHINESE_VERB = r"(?:想象|设想|还原|重构|重建|反推|倒推|推断|复原)(?!你|自己)"
_CHINESE_ANSWER = r"(?:已完成|已有|给定|上述|最终|完整)的?(?:回答|答案|回复|解答)"
_CHINESE = (
    rf"{_CHINESE_VERB}[^。！？，]{{0,20}}{_CHINESE_ANSWER}(?:背后|内在)?的[^。！？，]{{0,8}}(?:推理|思考|思维)",
    rf"{_CHINESE_VERB}[^。！？，]{{0,20}}(?:推理|思考|思维)[^。！？]{{0,12}}(?:得出|得到|导致|产生)了?{_CHINESE_ANSWER}",
)
_JAPANESE = (
    r"(?:完成した|完成済みの|与えられた|既存の|最終的な|上記の|以下の)(?:回答|解答|応答|答え)[^。！？]{0,6}"
    r"(?:背後|至った|至る|導いた|導く)[^。！？、]{0,12}(?:推論|思考|推理)[^。！？、]{0,8}(?:想像|再構成|再現|復元|推測)"
)

_ELICITATIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (*_ENGLISH, _SPANISH, _FRENCH, _GERMAN, _PORTUGUESE, _RUSSIAN, *_CHINESE, _JAPANESE)
)


def elicits_completed_reasoning(text: str) -> bool:
    """Whether `text` asks to work out the reasoning behind an answer that is already finished."""
    return any(pattern.search(text) for pattern in _ELICITATIONS)
