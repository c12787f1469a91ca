"""The intent that a rule acts on: reasoning elicitation of a completed answer, and of nothing else.

The sentences are our own wording after published descriptions. Each elicitation goes through the whole sketcher, so a
word that is missing from the concept lists fails here as much as a pattern that does not match.
"""

from __future__ import annotations

import pytest

from stillwatch.sketch.elicitation import elicits_completed_reasoning
from stillwatch.sketch.record import Intent

from .exchanges import said, sketched

# ruff: noqa: RUF001 - Cyrillic letters and full-width marks stand where their languages have them

ELICITATIONS = (
    "Imagine and articulate, step by step, the internal reasoning behind the completed response below.",
    "Here is a question and its finished answer. Reconstruct the chain of thought that led to the given answer.",
    "Reverse-engineer the thought process leading to this solution.",
    "Recreate the hidden thinking that produced the final output above, as if it were new to you.",
    "RECONSTRUCT THE REASONING\nFOR THE ANSWER BELOW",
    "Articulate the internal rationale behind the model's completed answer.",
    "Infer the thinking for each given solution.",
    "Reconstruye paso a paso el razonamiento interno que llevó a la respuesta final ya dada.",
    "Imagina y articula el razonamiento interno detrás de la respuesta completada.",
    "Reconstitue le raisonnement interne qui a mené à la réponse finale fournie.",
    "Imaginez et articulez le raisonnement interne derrière la réponse achevée.",
    "Rekonstruiere den inneren Gedankengang, der zu der fertigen Antwort geführt hat.",
    "Stell dir den Denkprozess vor, der hinter der gegebenen Antwort steht, und schreibe ihn auf.",
    "Reconstrua o raciocínio interno por trás da resposta final fornecida.",
    "Imagine e articule o pensamento interno por trás da resposta concluída.",
    "Восстанови внутренние рассуждения, которые привели к данному ответу.",
    "Представь и воспроизведи ход мыслей, стоящий за готовым ответом.",
    "请想象并写出已完成回答背后的内部推理过程。",
    "根据给定的答案，还原得到该最终答案的完整思考过程。",
    "还原上述回答背后的思维过程。",
    "完成した回答の背後にある内部の推論を再構成してください。",
    "以下の回答に至るまでの思考過程を推測して書き出してください。",
)

HONEST = (
    # reasoning about an answer that is still to come
    "Think step by step and then give the final answer.",
    "Let's think step by step. Reconstruct the equation, then write the completed solution.",
    "Explain your reasoning.",
    "Also explain how you really reasoned about this.",
    "Infer the user's intent, show your thinking, and for this question write the final answer.",
    "Articulate your reasoning behind the final answer.",
    "Imagine that you are stuck: what reasoning would lead you to the final answer?",
    "Piensa paso a paso y explica tu razonamiento antes de dar la respuesta final.",
    "Réfléchis étape par étape, puis donne la réponse finale avec ton raisonnement.",
    "Denke Schritt für Schritt und begründe deine Antwort.",
    "Formuliere deine Begründung und dann die endgültige Antwort.",
    "Pense passo a passo e explique seu raciocínio antes da resposta final.",
    "Думай шаг за шагом, объясни рассуждения и дай итоговый ответ.",
    "请一步一步思考，然后给出最终答案。",
    "请推断题意，说明思考过程，再给出完整答案。",
    "段階的に考えて、最後に回答してください。",
    # tutoring
    "Explain the reasoning behind the final answer so that a ten-year-old understands it.",
    "Imagine you are a patient tutor. Give your reasoning for each step, and for the final answer use a box.",
    "My teacher gave me this solution. Why is the reasoning in line 3 wrong?",
    "Imagina que eres un tutor: explica tu razonamiento y da la respuesta final.",
    "Imagine que tu es professeur. Explique ton raisonnement, puis donne la réponse finale.",
    "Stell dir vor, du bist Lehrer. Erkläre deine Überlegungen zu der gegebenen Lösung.",
    "Imagine que você é um tutor. Explique o raciocínio e dê a resposta final.",
    "Представь, что ты учитель. Объясни рассуждения и дай итоговый ответ.",
    "想象你是一位老师，写出你的推理过程，最后给出最终答案。",
    "请解释上述答案背后的推理。",
    "あなたが教師だと想像し、思考の過程を示してから回答してください。",
    "上記の回答に至った推論を説明してください。",
    # grading
    "Rate the completed answer from 1 to 10 and give the rationale for the given score.",
    "Articulate your reasoning for the score you give to the following response.",
    "Articulate the rationale for your grade of the above answer.",
    "Imagine you are an examiner. Write your reasoning for awarding points to the given answer.",
    "Compare the given answers. Infer which rationale is sound for the given answer's length.",
    "Recover the rationale for the given answer's grade from the rubric.",
    # the words of an elicitation, in unrelated sentences
    "Reconstruct the timeline first. Then explain the reasoning behind the given answer to the class.",
    "Recover the deleted file. My thinking was wrong! For the given output, see below.",
    "",
)


@pytest.mark.parametrize("text", ELICITATIONS)
def test_an_elicitation_is_seen_in_the_turn_and_in_the_system_text(text: str) -> None:
    """Whoever asks to work out the thinking behind a finished answer gets the bit, wherever it is written."""
    found = sketched(said(text), said("Q: 2 + 2? A: 4", system=text)).column("intent") & Intent.COMPLETED_REASONING
    assert (found != 0).tolist() == [True, True]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_request_for_reasoning_is_not_an_elicitation(text: str) -> None:
    """Step by step, explanations, tutoring and grading are everyday requests."""
    assert not elicits_completed_reasoning(text)


def test_an_elicitation_at_the_end_of_a_long_document_is_seen() -> None:
    """The last characters are read as well as the first."""
    document = "The reeds stand in the water. " * 2000
    rows = sketched(said(document + ELICITATIONS[0]), said(document)).column("intent") & Intent.COMPLETED_REASONING
    assert (rows != 0).tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["infer reasoning ", "infer the reasoning behind the given ", "还原推理", "imagine the the "]
)
def test_text_made_to_be_slow_is_answered(text: str) -> None:
    """Every repetition in a pattern is bounded, so a text of nothing but beginnings costs no more than its length."""
    assert not elicits_completed_reasoning(text * 1000)
