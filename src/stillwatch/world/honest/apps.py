"""Programs with a prompt of their own: small apps with a few users, and heavy pipelines over documents."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.rhythm import OFFICE, PEOPLE, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.documents import document
from stillwatch.world.text.lexicon import own_subject
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.talk import Talker

_USERS = 8  # chosen: users of a small app whose manners differ
_APP_PER_DAY, _APP_SIGMA = 7.0, 0.9  # chosen
_PIPELINE_PER_DAY = 40.0  # chosen


def _apps(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("apps", number)
        yield app(stage, chance, program_desk(chance, stage))


def app(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    """A small app: its users' questions behind its own prompt."""
    subject = own_subject(chance)
    prompt, names_users = own_prompt(subject, "chat", chance), chance.happens(0.4)
    users = [Talker(chance, [subject, own_subject(chance)]) for _ in range(_USERS)]
    curve = OFFICE if chance.happens(0.5) else PEOPLE
    begins = max(stage.first_us, desk.account.account_created_us)
    rate = chance.lognormal(_APP_PER_DAY, _APP_SIGMA)
    for start in sessions(chance, begins, stage.last_us, rate, curve, desk.account.zone, 0.5):
        user = chance.below(_USERS)
        talker = users[user]
        about = talker.subject()
        parameters = {"user": f"u{user}"} if names_users and desk.setup.dialect in ("chat", "responses") else {}
        yield desk.send(start, Ask((("user", talker.say_first(about)),), prompt, parameters), talker.answer(about))


def _pipelines(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("pipelines", number)
        desk = program_desk(chance, stage)
        yield _pipeline(stage, chance, desk)


def _pipeline(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    prompt, length = own_prompt(subject, "summarise", chance), chance.lognormal(220.0, 0.5)
    about, in_system = [subject, own_subject(chance), own_subject(chance)], chance.happens(0.6)

    def make() -> Made:
        topic = chance.zipf(about)
        text = document(topic, int(chance.lognormal(length, 0.4)), chance)
        told = answer(topic, int(chance.lognormal(70.0, 0.4)), chance)
        if in_system:
            return Ask((("user", text),), prompt), told
        return Ask((("user", f"{prompt}\n\n{text}"),)), told

    return sends(desk, busy(stage, chance, desk, _PIPELINE_PER_DAY), make)


APPS = HonestClass("apps", False, "Small apps: a prompt of their own and a handful of users.", _apps)
PIPELINES = HonestClass(
    "pipelines", True, "Heavy programs that run documents of their own through one prompt, day and night.", _pipelines
)
