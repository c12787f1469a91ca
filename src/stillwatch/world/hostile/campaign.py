"""A campaign's exchanges: a central scheduler deals the pool's work to accounts, evenly or in people's sessions."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.dialogue import dialogue, turns_of_a_session
from stillwatch.world.honest.people import MEAN_TURNS, personal_rate, talker_of
from stillwatch.world.hostile.fleet import Term, terms
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.hostile.pool import Pool, Work
from stillwatch.world.rhythm import PEOPLE, pauses, renewals, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import DAY_US, Stage
from stillwatch.world.text.talk import Talker

CUSTOMERS_A_RELAY_ACCOUNT = 6  # chosen
_SCHEDULER_CV = 0.8  # chosen: a scheduler's flow is a little more even than chance
_NEXT_ITEM_SHARE = 0.6  # chosen: later turns of a session that bring the next item; the others ask on


def campaign(stage: Stage, plan: Plan, pool: Pool) -> Iterator[Sent]:
    """Everything the campaign sends, by time. `Sent.campaign` is set on what harvests and on nothing else."""
    if plan.knobs.sessions:
        return heapq.merge(*(_lived(stage, plan, slot, pool) for slot in range(plan.accounts)), key=lambda s: s.ts_us)
    return _scheduled(stage, plan, pool)


def _scheduled(stage: Stage, plan: Plan, pool: Pool) -> Iterator[Sent]:
    """An even flow, dealt to the slots in turns; a slot without an account is passed over."""
    chance = stage.chance("scheduler", plan.name)
    held = [terms(stage, plan, slot) for slot in range(plan.accounts)]
    begins = stage.first_us + int(plan.start_day * DAY_US)
    turn: list[int] = []
    for ts_us in renewals(chance, begins, stage.last_us, plan.accounts * plan.per_day / 86_400, _SCHEDULER_CV):
        turn = turn or chance.shuffled(range(plan.accounts))
        term = _holder(held[turn.pop()], ts_us)
        if term is not None:
            yield _harvest(plan, term, ts_us, pool.take(), ())


def _holder(slot: list[Term], ts_us: int) -> Term | None:
    return next((term for term in slot if term.from_us <= ts_us < term.to_us), None)


def _harvest(
    plan: Plan, term: Term, ts_us: int, work: Work, past: tuple[tuple[str, str], ...], address: str = ""
) -> Sent:
    ask = Ask((*past, ("user", work.text)), work.system, work.parameters, work.body, work.path)
    return term.desk.send(ts_us, ask, work.answer, address=address, campaign=plan.name, finish=work.finish)


def _lived(stage: Stage, plan: Plan, slot: int, pool: Pool) -> Iterator[Sent]:
    """What a slot's accounts send, living like people."""
    for generation, term in enumerate(terms(stage, plan, slot)):
        chance = stage.chance("life", plan.name, slot, generation)
        waits_days = 0.0 if term.as_program else chance.exponential(MEAN_TURNS / personal_rate(chance))
        first_us = max(term.from_us, term.desk.account.account_created_us) + int(waits_days * DAY_US)
        harvests_us = first_us + int(plan.knobs.warm_up_days * DAY_US)
        users = [talker_of(chance, term.desk) for _ in range(CUSTOMERS_A_RELAY_ACCOUNT if plan.knobs.relay else 1)]
        zone, rate = term.desk.account.zone, plan.per_day / MEAN_TURNS
        for start in sessions(chance, first_us, term.to_us, rate, PEOPLE, zone):
            covers = start < harvests_us or chance.happens(plan.knobs.cover)
            lived = _covered(chance, term, chance.pick(users), start) if covers else None
            yield from lived or _session(chance, plan, term, pool, users[0], start)


def _covered(chance: Chance, term: Term, talker: Talker, start_us: int) -> Iterator[Sent]:
    address = chance.pick(term.desk.account.addresses)
    for turn in dialogue(chance, talker, start_us):
        yield term.desk.send(turn.ts_us, turn.ask, turn.answer, address=address)


def _session(chance: Chance, plan: Plan, term: Term, pool: Pool, talker: Talker, start_us: int) -> Iterator[Sent]:
    """A dialogue that harvests: an item, questions about it, perhaps the next item, as a person would go on."""
    work, address = pool.take(), chance.pick(term.desk.account.addresses)
    past: tuple[tuple[str, str], ...] = ()
    said = work.text
    for moment in pauses(chance, start_us, turns_of_a_session(chance), facts.THINK_SECONDS):
        if moment >= term.to_us:
            return
        said_to = replace(work, system=work.system or talker.system)
        yield _harvest(plan, term, moment, said_to, past, address)
        past = (*past, ("user", said), ("assistant", work.answer))
        if chance.happens(_NEXT_ITEM_SHARE):
            work = pool.take()
            said = work.text
        else:
            work = work.asked_on(talker.say_next(work.subject), talker.answer(work.subject))
            said = work.text
