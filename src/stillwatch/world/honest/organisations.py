"""Organisations with many accounts, and many organisations with one tool."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from stillwatch.world.account import colleague
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.dialogue import dialogue
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.people import MEAN_TURNS, personal_rate, session_starts
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.honest.templates import templates
from stillwatch.world.hostile.objectives import OBJECTIVES, Objective
from stillwatch.world.hostile.wrapper import Wrapper
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.documents import document
from stillwatch.world.text.lexicon import own_subject
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.talk import Talker

_CUSTOMERS = 8  # chosen: a reseller's customers an account
_RESELLER_ACCOUNTS, _STARTUP_ACCOUNTS, _LICENSEE_ACCOUNTS = 12, 8, 3  # chosen: accounts an organisation
_STARTUP_PER_DAY, _LICENSEE_PER_DAY, _TOOL_PER_DAY = 12.0, 20.0, 6.0  # chosen: exchanges an account and day


def _organisations(stage: Stage, name: str, count: int, each: int) -> Iterator[tuple[Chance, Desk, int]]:
    """Organisations of `each` accounts: their chance, the first account's desk, and how many accounts they have."""
    for number in range(-(-count // each)):
        chance = stage.chance(name, number)
        yield chance, program_desk(chance, stage), min(each, count - number * each)


def _resellers(stage: Stage, count: int) -> Streams:
    for chance, desk, accounts in _organisations(stage, "reseller", count, _RESELLER_ACCOUNTS):
        for _ in range(accounts):
            account = replace(colleague(desk.account, chance), declared_use="reseller")
            own = stage.chance("reseller", account.account)
            customers = [_customer(stage, own, Desk(account, desk.setup)) for _ in range(_CUSTOMERS)]
            yield heapq.merge(*customers, key=lambda sent: sent.ts_us)


def _customer(stage: Stage, shared: Chance, desk: Desk) -> Iterator[Sent]:
    """A person who buys from the reseller, named to the provider by a number of the reseller's own."""
    chance = stage.chance("customer", shared.hex(12))
    name = f"c-{chance.hex(6)}"
    talker = Talker(chance, [own_subject(chance), own_subject(chance)])
    parameters = {"user": name} if desk.setup.dialect in ("chat", "responses") else {}
    for start in session_starts(chance, stage, desk, personal_rate(chance) / MEAN_TURNS * 2):
        for turn in dialogue(chance, talker, start):
            yield desk.send(turn.ts_us, replace(turn.ask, parameters=parameters), turn.answer)


def _startups(stage: Stage, count: int) -> Streams:
    for chance, desk, accounts in _organisations(stage, "startup_pool", count, _STARTUP_ACCOUNTS):
        yield _pooled(stage, chance, desk, accounts)


def _pooled(stage: Stage, chance: Chance, desk: Desk, accounts: int) -> Iterator[Sent]:
    """One workload whose requests take the organisation's keys in turns."""
    keys = [Desk(colleague(desk.account, chance), desk.setup) for _ in range(accounts)]
    subject = own_subject(chance)
    prompt = own_prompt(subject, "summarise", chance)
    for number, ts_us in enumerate(busy(stage, chance, desk, _STARTUP_PER_DAY * accounts)):
        text = document(subject, int(chance.lognormal(150.0, 0.5)), chance)
        yield keys[number % accounts].send(ts_us, Ask((("user", text),), prompt), answer(subject, 60, chance))


def _licensees(stage: Stage, count: int) -> Streams:
    for chance, desk, accounts in _organisations(stage, "synthetic_data", count, _LICENSEE_ACCOUNTS):
        objective = OBJECTIVES[chance.pick(("chain_of_thought", "coding", "question_sweep", "rubric_grading"))]
        wrapper = objective.wrapper.worded(chance)
        for _ in range(accounts):
            account = replace(colleague(desk.account, chance), declared_use="synthetic data under licence")
            yield _licensee(stage, Desk(account, desk.setup), objective, wrapper)


def _licensee(stage: Stage, desk: Desk, objective: Objective, wrapper: Wrapper) -> Iterator[Sent]:
    chance = stage.chance("synthetic_data", desk.account.account)

    def make() -> Made:
        subject = objective.subject(chance)
        text = wrapper.around(objective.payload(subject, chance))
        return Ask((("user", text),), wrapper.system), answer(subject, int(objective.tokens), chance)

    return sends(desk, busy(stage, chance, desk, _LICENSEE_PER_DAY), make)


def _tool_users(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("popular_tool", number)
        yield _tool_user(stage, chance, program_desk(chance, stage))


def _tool_user(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    system, user = templates("tool")

    def make() -> Made:
        text = document(subject, int(chance.lognormal(260.0, 0.4)), chance)
        title, _, rest = text.partition("\n\n")
        asked = user.replace("{title}", title).replace("{text}", rest)
        return Ask((("user", asked),), system, {"temperature": 0.7}), answer(subject, 220, chance)

    return sends(desk, busy(stage, chance, desk, _TOOL_PER_DAY), make)


RESELLER = HonestClass("reseller", True, "A disclosed reseller: each account carries real customers.", _resellers)
STARTUP_POOL = HonestClass(
    "startup_pool", True, "One organisation that spreads one workload over its own keys.", _startups
)
SYNTHETIC_DATA = HonestClass(
    "synthetic_data",
    True,
    "Licensed makers of training data, who said so: alike a campaign but for the licence.",
    _licensees,
)
POPULAR_TOOL = HonestClass(
    "popular_tool", True, "Independent operators of one popular tool, each with documents of their own.", _tool_users
)
