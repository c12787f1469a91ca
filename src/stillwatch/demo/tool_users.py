"""Users of small tools: each tool a prompt that its maker ships and some strangers use on texts of their own.

A provider has hundreds of such tools, and they are what a benign log is for: groups of honest strangers who share a
skeleton. A campaign is only acted on beside dozens of them (docs/tracing.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.honest.kind import Streams
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.documents import document, letter
from stillwatch.world.text.lexicon import Subject, own_subject
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.questions import question

_JOBS = ("summarise", "extract", "review", "translate", "teach", "chat", "judge", "answer")
_TEXTS = {"extract": letter, "chat": question, "teach": question, "answer": question}
"""What the users of a tool send; those of the other jobs send documents."""
_PER_DAY = 4.0  # chosen: exchanges a user and day, less than the world's popular tool has (6)
_DOCUMENT_TOKENS, _ANSWER_TOKENS = 140.0, 90.0  # chosen: medians


def tool_users(stage: Stage, tools: int, users: int) -> Streams:
    """The exchanges of `users` strangers of each tool. A tool is the same in every era, its users are others."""
    for tool in range(tools):
        shipped = stage.public("tool", tool)
        job = _JOBS[tool % len(_JOBS)]
        prompt = own_prompt(own_subject(shipped), job, shipped)
        for number in range(users):
            chance = stage.chance("tool", tool, number)
            yield _user(stage, chance, program_desk(chance, stage), prompt, job)


def _user(stage: Stage, chance: Chance, desk: Desk, prompt: str, job: str) -> Iterator[Sent]:
    subject, written = own_subject(chance), _TEXTS.get(job, _document)

    def make() -> Made:
        told = answer(subject, int(chance.lognormal(_ANSWER_TOKENS, 0.5)), chance)
        return Ask((("user", written(subject, chance)),), prompt), told

    return sends(desk, busy(stage, chance, desk, _PER_DAY), make)


def _document(subject: Subject, chance: Chance) -> str:
    return document(subject, int(chance.lognormal(_DOCUMENT_TOKENS, 0.5)), chance)
