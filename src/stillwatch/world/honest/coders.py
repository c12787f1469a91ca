"""Programs that write and read code: agents in long sessions, and reviews of every change."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, person_desk, program_desk
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.templates import templates
from stillwatch.world.rhythm import OFFICE, pauses, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.code import coding_task, function_name, source
from stillwatch.world.text.lexicon import Subject, own_subject
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.wire.tools import tool_set

_SESSIONS_A_DAY, _CHANGES_A_DAY = 1.1, 5.0  # chosen
_KEPT_TURNS = 16  # chosen: agents cut the past when it grows long


def _agents(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("coding_agent", number)
        yield _agent(stage, chance, person_desk(chance, stage))


def _agent(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject, prompt = own_subject(chance), chance.zipf(templates("agents"))
    first_tool = chance.below(4)
    parameters = {"tools": tool_set(first_tool, 4)} if desk.setup.dialect == "chat" else {}
    begins = max(stage.first_us, desk.account.account_created_us)
    for start in sessions(chance, begins, stage.last_us, _SESSIONS_A_DAY, OFFICE, desk.account.zone, 0.3):
        turns: tuple[tuple[str, str], ...] = (("user", _request(subject, chance)),)
        for moment in pauses(chance, start, chance.between(4, 20), 12.0, 0.9):
            said = f"Thought: {answer(subject, 25, chance)}\nI look at {function_name(subject, chance)}."
            yield desk.send(moment, Ask(turns, prompt, parameters), said)
            turns = (*turns, ("assistant", said), ("user", _observed(subject, chance)))
            turns = (turns[0], *turns[1:][-_KEPT_TURNS:])


def _request(subject: Subject, chance: Chance) -> str:
    code = source(subject, chance, chance.between(12, 40))
    return f"{coding_task(subject, chance)}\n\n{subject.things[0].lower()}/core.py\n```\n{code}\n```"


def _observed(subject: Subject, chance: Chance) -> str:
    if chance.happens(0.25):
        return f"no, keep {function_name(subject, chance)} as it is"
    return f"Result:\n{source(subject, chance, chance.between(3, 16))}"


def _reviews(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("ci_review", number)
        yield _reviewer(stage, chance, program_desk(chance, stage))


def _reviewer(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    prompt = own_prompt(subject, "review", chance)
    begins = max(stage.first_us, desk.account.account_created_us)
    for start in sessions(chance, begins, stage.last_us, _CHANGES_A_DAY, OFFICE, desk.account.zone, 0.1):
        for moment in pauses(chance, start, chance.between(1, 5), 6.0):
            lines = source(subject, chance, chance.between(6, 30)).split("\n")
            diff = "\n".join(chance.pick(("+", "+", "-", " ")) + line for line in lines)
            text = f"--- a/{subject.things[1].lower()}.py\n+++ b/{subject.things[1].lower()}.py\n{diff}"
            yield desk.send(moment, Ask((("user", text),), prompt), answer(subject, 80, chance))


CODING_AGENT = HonestClass(
    "coding_agent", True, "Coding agents: long sessions with tools over a repository of one's own.", _agents
)
CI_REVIEW = HonestClass("ci_review", True, "Reviews of every change, one template, at office hours.", _reviews)
