"""Programs that read: search apps over private documents, and extraction into records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.honest.templates import templates
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.documents import document, letter
from stillwatch.world.text.lexicon import Subject, own_subject
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.talk import Talker

_FRAMEWORK_SHARE = 0.67  # chosen: search apps that keep a framework's template
_RAG_PER_DAY, _EXTRACTION_PER_DAY = 22.0, 30.0  # chosen


def _rag(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("rag", number)
        yield _search_app(stage, chance, program_desk(chance, stage))


def _search_app(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    chunks = [document(subject, int(chance.lognormal(130.0, 0.3)), chance) for _ in range(40)]
    users = [Talker(chance, [subject]) for _ in range(6)]
    system = own_prompt(subject, "answer", chance) if chance.happens(0.6) else ""
    template = chance.zipf(templates("search")) if chance.happens(_FRAMEWORK_SHARE) else "{question}\n\n{context}"

    def make() -> Made:
        asked = chance.pick(users).say_next(subject) if chance.happens(0.2) else chance.pick(users).say_first(subject)
        context = "\n\n".join(chance.zipf(chunks) for _ in range(chance.between(2, 4)))
        text = template.replace("{context}", context).replace("{question}", asked)
        return Ask((("user", text),), system), answer(subject, int(chance.lognormal(90.0, 0.5)), chance)

    return sends(desk, busy(stage, chance, desk, _RAG_PER_DAY), make)


def _extraction(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("extraction", number)
        yield _extractor(stage, chance, program_desk(chance, stage))


def _extractor(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    prompt, fields = own_prompt(subject, "extract", chance), _fields(subject, chance)
    form = {"type": "json_schema", "json_schema": {"name": subject.things[0], "schema": _schema(fields)}}
    parameters: dict[str, Any] = {"temperature": 0}
    if desk.setup.dialect == "chat":
        parameters["response_format"] = form

    def make() -> Made:
        filled = ", ".join(f'"{name}": "{subject.term(chance)}"' for name in fields)
        return Ask((("user", letter(subject, chance)),), prompt, parameters), f"{{{filled}}}"

    return sends(desk, busy(stage, chance, desk, _EXTRACTION_PER_DAY), make)


def _fields(subject: Subject, chance: Chance) -> list[str]:
    common = chance.sample(("name", "date", "amount", "urgency", "reference", "city", "wish", "product"), 3)
    return [*common, *(term.lower().replace(" ", "_") for term in subject.terms[:3])]


def _schema(fields: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in fields}, "required": fields}


RAG = HonestClass("rag", True, "Search apps: private documents in a template, often a framework's.", _rag)
EXTRACTION = HonestClass(
    "extraction", True, "Letters into records: thousands of one-shot calls in one form, short answers.", _extraction
)
