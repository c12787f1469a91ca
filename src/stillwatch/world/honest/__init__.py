"""Honest customers: one module a class or a small family of classes."""

from __future__ import annotations

from stillwatch.world.honest.apps import APPS, PIPELINES
from stillwatch.world.honest.coders import CI_REVIEW, CODING_AGENT
from stillwatch.world.honest.examiners import EVALUATION, JUDGE, PROMPT_OPTIMISER
from stillwatch.world.honest.kind import HonestClass
from stillwatch.world.honest.learners import TRANSLATION, TUTORING, UNIVERSITY
from stillwatch.world.honest.organisations import POPULAR_TOOL, RESELLER, STARTUP_POOL, SYNTHETIC_DATA
from stillwatch.world.honest.people import PEOPLE_CLASS
from stillwatch.world.honest.readers import EXTRACTION, RAG

_ALL = (
    PEOPLE_CLASS,
    APPS,
    PIPELINES,
    RAG,
    EXTRACTION,
    EVALUATION,
    JUDGE,
    PROMPT_OPTIMISER,
    CODING_AGENT,
    CI_REVIEW,
    TRANSLATION,
    TUTORING,
    UNIVERSITY,
    RESELLER,
    STARTUP_POOL,
    SYNTHETIC_DATA,
    POPULAR_TOOL,
)
CLASSES: dict[str, HonestClass] = {kind.name: kind for kind in _ALL}
