"""Dialogues of people: a session's turns with the growing past, think times, retries and corrections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.rhythm import pauses
from stillwatch.world.sent import Ask
from stillwatch.world.text.talk import Talker


class Turn(NamedTuple):
    """One request of a dialogue, when it is sent and what is answered."""

    ts_us: int
    ask: Ask
    answer: str


def turns_of_a_session(chance: Chance) -> int:
    """How many turns a person takes (`facts.TURNS_LEVELS`)."""
    return max(1, round(chance.quantile(facts.TURNS_LEVELS, facts.TURNS_VALUES)))


def dialogue(chance: Chance, talker: Talker, start_us: int) -> Iterator[Turn]:
    """A person's session: the past is sent along; now and then the last turn is sent again."""
    subject = talker.subject()
    past: tuple[tuple[str, str], ...] = ()
    said = talker.say_first(subject)
    for moment in pauses(chance, start_us, turns_of_a_session(chance), facts.THINK_SECONDS):
        answered = talker.answer(subject)
        yield Turn(moment, Ask((*past, ("user", said)), talker.system), answered)
        if chance.happens(facts.RETRY_SHARE):
            said = said if chance.happens(0.5) else f"{said} {talker.say_next(subject)}"
            continue
        past = (*past, ("user", said), ("assistant", answered))
        said = talker.say_next(subject)
