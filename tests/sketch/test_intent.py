"""Coarse intents: said in several languages, and not seen where nobody said it."""

from __future__ import annotations

import pytest

from stillwatch.exchange.record import Parameters
from stillwatch.sketch.record import Intent

from .exchanges import said, sketched

# ruff: noqa: RUF001 - Cyrillic letters and full-width marks stand where their languages have them

SAID = {
    "GRADING": (
        "Rate this response on a scale from 1 to 5.",
        "Evaluate the answer by the rubric.",
        "Califica la respuesta en una escala del 1 al 5.",
        "Évaluez la réponse selon ces critères.",
        "Bewerte die Antwort auf einer Skala von 1 bis 5.",
        "Avalie a resposta numa escala de 1 a 5.",
        "Оцени ответ по шкале от 1 до 5.",
        "请给这个回答评分。",
    ),
    "REWRITING": (
        "Rewrite the given prompt into a more complex version.",
        "Paraphrase this answer.",
        "Réécris cette question.",
        "Перепиши этот вопрос.",
        "改写这个问题。",
    ),
    "STEP_BY_STEP": (
        "Show your reasoning step by step.",
        "Muestra tu razonamiento paso a paso.",
        "Montre ton raisonnement étape par étape.",
        "Zeige deinen Gedankengang Schritt für Schritt.",
        "Покажи рассуждения шаг за шагом.",
        "请分步骤写出推理。",
    ),
    "GENERATE_ITEMS": (
        "Generate 20 diverse instructions.",
        "Create a synthetic dataset of dialogues.",
        "Genera 20 preguntas distintas.",
        "Erstelle 20 verschiedene Fragen.",
        "Сгенерируй разные вопросы.",
        "生成多个问题。",
    ),
    "TRANSLATION": (
        "Translate to German: good day",
        "Traduce esto.",
        "Übersetze das.",
        "Переведи это.",
        "翻译这句话。",
    ),
    "CONTEXT_ANSWER": (
        "Answer using only the passages below.",
        "Responde solo con el contexto. Tu respuesta:",
        "Nutze nur den Kontext für deine Antwort.",
    ),
    "CODING": ("Find the bug in my Python repository.", "Corrige este código.", "Исправь код.", "这段代码哪里错了？"),
    "SUMMARY": ("Write a concise summary of the following:", "Resume este texto.", "给这篇文章写摘要。"),
    "EXTRACTION": (
        "Classify the ticket as billing or technical.",
        "Extract all entities from the document.",
        "Klassifiziere diese Mail.",
        "Extrae las entidades del documento.",
        "提取文中的实体。",
    ),
}

NOTHING_SAID = (
    "What is a good name for a heron?",
    "Wie spät ist es in Lima?",
    "¿Qué tiempo hace hoy?",
    "Quel temps fait-il ?",
    "Que horas são?",
    "Который час?",
    "今天天气好吗？",
    "明日は晴れますか。",
    "",
)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_what_is_asked_for_sets_its_bit(name: str, text: str) -> None:
    """Each intent in the languages its list claims."""
    assert sketched(said(text)).row()["intent"] & getattr(Intent, name)


@pytest.mark.parametrize("text", NOTHING_SAID)
def test_small_talk_has_no_intent(text: str) -> None:
    """No bit without its words."""
    assert sketched(said(text)).row()["intent"] == 0


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("How do I grade a road?", Intent.GRADING),
        ("Answer briefly: is the scale broken?", Intent.GRADING),
        ("Compare this answer with that one.", Intent.GRADING),
        ("Rewrite my life.", Intent.REWRITING),
        ("What is the next step?", Intent.STEP_BY_STEP),
        ("Write a question.", Intent.GENERATE_ITEMS),
        ("The answer is only 4.", Intent.CONTEXT_ANSWER),
        ("What does decode mean?", Intent.CODING),
    ],
)
def test_an_intent_needs_all_its_concepts(text: str, absent: int) -> None:
    """One of the words alone, or inside another word, is not enough."""
    assert not sketched(said(text)).row()["intent"] & absent


def test_the_system_text_counts_and_the_assistants_words_do_not() -> None:
    """An intent is what the caller asks for."""
    rows = sketched(said("good day", system="Translate to Maori."), said("hello", "go on"))
    assert (rows.column("intent") & Intent.TRANSLATION).tolist() == [Intent.TRANSLATION, 0]


def test_a_logit_sweep_is_read_from_the_parameters() -> None:
    """One biased token and one output token suffice; a longer answer, or no limit, is steering."""
    sweep, long, unlimited = (said("x", parameters=Parameters(logit_bias=1, max_tokens=limit)) for limit in (1, 50, -1))
    found = sketched(sweep, long, unlimited).column("intent") & Intent.LOGIT_SWEEP
    assert (found != 0).tolist() == [True, False, False]
