"""The objective is named after the most specific intent that most exchanges have."""

from __future__ import annotations

import pytest

from stillwatch.campaigns.objective import MOSTLY, PARTLY, is_explicit_harvest, is_making_of_items, objective
from stillwatch.sketch.record import Intent

NAMES = {
    Intent.LOGIT_SWEEP: "logits",
    Intent.COMPLETED_REASONING: "reasoning traces of completed answers",
    Intent.GRADING: "rubric grading",
    Intent.GENERATE_ITEMS: "making of training items",
    Intent.REWRITING: "rewriting and evolving of prompts",
    Intent.TRANSLATION: "translation",
    Intent.EXTRACTION: "labelling and extraction",
    Intent.CONTEXT_ANSWER: "answers from given documents",
    Intent.STEP_BY_STEP: "chain of thought",
    Intent.CODING: "coding",
}


@pytest.mark.parametrize(("intent", "name"), NAMES.items(), ids=NAMES.values())
def test_an_intent_that_most_exchanges_have_names_the_objective(intent: int, name: str) -> None:
    assert objective({int(intent): MOSTLY}) == name
    assert objective({int(intent): MOSTLY - 0.01}) == f"question sweep, partly {name}"
    assert objective({int(intent): PARTLY - 0.01}) == "question sweep"


def test_the_more_specific_intent_wins() -> None:
    assert objective({int(Intent.CODING): 1.0, int(Intent.GRADING): 0.5}) == "rubric grading"


def test_of_several_kinds_of_training_work_the_commonest_wins() -> None:
    """A reference work that becomes rated questions: most of it makes items."""
    assert objective({int(Intent.GRADING): 0.45, int(Intent.GENERATE_ITEMS): 0.63}) == "making of training items"


def test_tools_name_it_where_no_training_set_is_made() -> None:
    """Agents write code as well; graders may have tools."""
    assert objective({int(Intent.CODING): 1.0}, tools=MOSTLY) == "tasks for an agent with tools"
    assert objective({int(Intent.GRADING): 0.5}, tools=1.0) == "rubric grading"


def test_nothing_known_is_a_question_sweep() -> None:
    assert objective({}) == "question sweep"
    assert not is_explicit_harvest({})


def test_grading_is_harvest_but_not_the_making_of_items() -> None:
    """Honest evaluations grade as well."""
    grading = {int(Intent.GRADING): 0.9}
    assert is_explicit_harvest(grading)
    assert not is_making_of_items(grading)


@pytest.mark.parametrize("intent", [Intent.STEP_BY_STEP, Intent.CODING, Intent.TRANSLATION, Intent.CONTEXT_ANSWER])
def test_ordinary_work_is_no_harvest(intent: int) -> None:
    """Chain-of-thought words, above all, are never a ground."""
    assert not is_explicit_harvest({int(intent): 1.0})
