"""Ordinary people: a few subjects each, sessions of several turns, and their own day."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.world import facts
from stillwatch.world.account import tongue
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, person_desk
from stillwatch.world.dialogue import dialogue
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.rhythm import PEOPLE, sessions
from stillwatch.world.sent import Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.lexicon import own_subject
from stillwatch.world.text.talk import Talker

MEAN_TURNS = 4.0  # of `facts.TURNS_VALUES`


def talker_of(chance: Chance, desk: Desk) -> Talker:
    """The account's owner: one to three subjects, in one language."""
    language = tongue(desk.account, chance)
    return Talker(chance, [own_subject(chance, language) for _ in range(chance.pick((1, 2, 2, 3)))])


def session_starts(chance: Chance, stage: Stage, desk: Desk, per_day: float) -> Iterator[int]:
    """When a person sits down, from the day on that the account was opened. `per_day` counts exchanges."""
    begins = max(stage.first_us, desk.account.account_created_us)
    return sessions(chance, begins, stage.last_us, per_day / MEAN_TURNS, PEOPLE, desk.account.zone)


def person(stage: Stage, chance: Chance, desk: Desk, per_day: float) -> Iterator[Sent]:
    """Everything that one person sends."""
    talker = talker_of(chance, desk)
    for start in session_starts(chance, stage, desk, per_day):
        address = chance.pick(desk.account.addresses)
        for turn in dialogue(chance, talker, start):
            yield desk.send(turn.ts_us, turn.ask, turn.answer, address=address)


def personal_rate(chance: Chance) -> float:
    """A light account's exchanges a day."""
    return min(chance.lognormal(facts.PEOPLE_PER_DAY, facts.PEOPLE_SIGMA), 40.0)


def _cast(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("people", number)
        desk = person_desk(chance, stage)
        yield person(stage, chance, desk, personal_rate(chance))


PEOPLE_CLASS = HonestClass("people", False, "Ordinary people who chat about subjects of their own.", _cast)
