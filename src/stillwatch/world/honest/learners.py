"""Learning: tutoring apps, a university behind one address, and the translation of books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stillwatch.world.account import open_account
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.dialogue import dialogue
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.rhythm import PEOPLE, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.documents import passage
from stillwatch.world.text.lexicon import Subject, own_subject, whole_domain
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.questions import question
from stillwatch.world.text.talk import Talker
from stillwatch.world.wire.setup import draw_setup

_PUPILS_A_DAY, _STUDENT_PER_DAY, _TRANSLATION_PER_DAY = 6.0, 0.9, 24.0  # chosen
_COURSE = 40  # chosen: students of one course, behind one address
_ASSIGNMENTS = 8  # chosen: a course's assignments in the simulated days
_TONGUES = ("German", "Spanish", "French", "Polish", "Japanese", "Portuguese", "Korean", "Dutch")


def _tutoring(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("tutoring", number)
        yield _tutor(stage, chance, program_desk(chance, stage))


def _tutor(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subjects = [whole_domain(chance), whole_domain(chance)]
    prompt = own_prompt(subjects[0], "teach", chance) + " Show the reasoning step by step."
    pupils = [Talker(chance, subjects) for _ in range(10)]
    begins = max(stage.first_us, desk.account.account_created_us)
    for start in sessions(chance, begins, stage.last_us, _PUPILS_A_DAY, PEOPLE, desk.account.zone, 0.6):
        for turn in dialogue(chance, chance.pick(pupils), start):
            yield desk.send(turn.ts_us, replace(turn.ask, system=prompt), turn.answer)


def _university(stage: Stage, count: int) -> Streams:
    for course in range(-(-count // _COURSE)):
        chance = stage.chance("university", course)
        campus, subject = open_account(chance, stage), whole_domain(chance)
        assignments = [_assignment(subject, chance) for _ in range(_ASSIGNMENTS)]
        for student in range(min(_COURSE, count - course * _COURSE)):
            own = stage.chance("university", course, student)
            account = replace(
                open_account(own, stage), addresses=campus.addresses[:1], asn=campus.asn, country=campus.country
            )
            yield _student(stage, own, Desk(account, draw_setup(own, stage)), subject, assignments)


def _assignment(subject: Subject, chance: Chance) -> str:
    return " ".join(f"({letter}) {question(subject, chance)}" for letter in "abc")


def _student(stage: Stage, chance: Chance, desk: Desk, course: Subject, assignments: list[str]) -> Iterator[Sent]:
    talker = Talker(chance, [replace(own_subject(chance), terms=course.terms), own_subject(chance)])
    lead = chance.pick(
        ("", "", "my homework: ", "I don't get this one. ", "can you check how to do this\n", "due soon:\n")
    )
    begins = max(stage.first_us, desk.account.account_created_us)
    for start in sessions(chance, begins, stage.last_us, _STUDENT_PER_DAY, PEOPLE, desk.account.zone):
        turns = list(dialogue(chance, talker, start))
        if chance.happens(0.5):
            yield desk.send(start, Ask((("user", lead + chance.pick(assignments)),), talker.system), turns[0].answer)
        else:
            yield from (desk.send(turn.ts_us, turn.ask, turn.answer) for turn in turns)


def _translation(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("translation", number)
        yield _translator(stage, chance, program_desk(chance, stage))


def _translator(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    """A book, paragraph after paragraph in its order; the one before is sent along for context."""
    subject, tongue = own_subject(chance), chance.pick(_TONGUES)
    prompt = f"{own_prompt(subject, 'translate', chance)}\nTarget language: {tongue}."
    before = passage(subject, chance)

    def make() -> Made:
        nonlocal before
        text = passage(subject, chance)
        ask = Ask((("user", f"[before] {before[-160:]}\n[translate] {text}"),), prompt, {"temperature": 0.2})
        before = text
        return ask, answer(subject, len(text) // 4, chance)

    return sends(desk, busy(stage, chance, desk, _TRANSLATION_PER_DAY), make)


TUTORING = HonestClass("tutoring", True, "Tutoring apps that explain step by step to many pupils.", _tutoring)
UNIVERSITY = HonestClass(
    "university",
    False,
    "Students of one course: one address, the same assignments, everybody's own words.",
    _university,
)
TRANSLATION = HonestClass("translation", True, "Books translated paragraph after paragraph, in order.", _translation)
