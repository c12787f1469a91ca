"""A campaign's exchanges: a central scheduler deals the pool's work to accounts, evenly or in people's sessions."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.dialogue import dialogue, turns_of_a_session
from stillwatch.world.honest.people import MEAN_TURNS, personal_rate, talker_of
from stillwatch.world.hostile.fleet import Term, begins_us, ends_us, terms
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.hostile.pool import Pool, Work
from stillwatch.world.rhythm import PEOPLE, pauses, renewals, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import DAY_US, Stage
from stillwatch.world.text.talk import Talker
from stillwatch.world.wire.failures import REFUSALS

CUSTOMERS_A_RELAY_ACCOUNT = 6  # chosen
_SCHEDULER_CV = 0.8  # chosen: a scheduler's flow is a little more even than chance
_PROGRAM_SESSIONS = 1.5  # chosen: sessions a day of the programs that some accounts look like, before the first use
_NEXT_ITEM_SHARE = 0.6  # chosen: later turns of a session that bring the next item; the others ask on


def campaign(stage: Stage, plan: Plan, pool: Pool) -> Iterator[Sent]:
    """Everything the campaign sends, by time. `Sent.campaign` is set on what harvests and on nothing else."""
    slots = range(plan.accounts)
    streams = (
        [_lived(stage, plan, slot, pool) for slot in slots] if plan.knobs.sessions else [_scheduled(stage, plan, pool)]
    )
    refused = [_refused(stage, plan, slot, pool) for slot in slots] if plan.bans else []
    return heapq.merge(*streams, *refused, key=lambda s: s.ts_us)


def _scheduled(stage: Stage, plan: Plan, pool: Pool) -> Iterator[Sent]:
    """An even flow, dealt to the slots in turns; a slot without an account is passed over."""
    chance = stage.chance("scheduler", plan.key)
    held = [terms(stage, plan, slot) for slot in range(plan.accounts)]
    begins, ends = begins_us(stage, plan), ends_us(stage, plan)
    turn: list[int] = []
    for ts_us in renewals(chance, begins, ends, plan.accounts * plan.per_day / 86_400, _SCHEDULER_CV):
        if pool.is_empty:
            return
        turn = turn or chance.shuffled(range(plan.accounts))
        term = _holder(held[turn.pop()], ts_us)
        if term is not None:
            yield _harvest(plan, term, ts_us, pool.take(), ())


def _refused(stage: Stage, plan: Plan, slot: int, pool: Pool) -> Iterator[Sent]:
    """What banned accounts still send until the operator notices: refused, and the item goes to another account."""
    held = terms(stage, plan, slot)
    for number, (term, next_term) in enumerate(pairwise(held)):
        chance = stage.chance("refused", plan.key, slot, number)
        moment = term.to_us
        for _ in range(chance.between(*facts.BANNED_TRIES)):
            moment += int(chance.exponential(DAY_US / plan.per_day))
            if moment >= next_term.from_us or pool.is_empty:
                break
            tried = _harvest(plan, term, moment, pool.look(), ())
            yield replace(tried, campaign="", refused=REFUSALS[term.desk.setup.dialect])


def _holder(slot: list[Term], ts_us: int) -> Term | None:
    return next((term for term in slot if term.from_us <= ts_us < term.to_us), None)


def _harvest(
    plan: Plan, term: Term, ts_us: int, work: Work, past: tuple[tuple[str, str], ...], address: str = ""
) -> Sent:
    ask = Ask((*past, ("user", work.text)), work.system, work.parameters, work.body, work.path, work.headers)
    return term.desk.send(ts_us, ask, work.answer, address=address, campaign=plan.name, finish=work.finish)


def _lived(stage: Stage, plan: Plan, slot: int, pool: Pool) -> Iterator[Sent]:
    """What a slot's accounts send, living like people."""
    for generation, term in enumerate(terms(stage, plan, slot)):
        chance = stage.chance("life", plan.key, slot, generation)
        starts = _starts(chance, plan, term)
        first_us = next(starts, term.to_us)
        harvests_us = first_us + int(plan.knobs.warm_up_days * DAY_US) if term.is_new else first_us
        lasting = stage.chance("owners", term.desk.account.account) if plan.leg else chance
        users = [talker_of(lasting, term.desk) for _ in range(CUSTOMERS_A_RELAY_ACCOUNT if plan.knobs.relay else 1)]
        for start in chain((first_us,), starts):
            if start >= term.to_us:
                break
            covers = start < harvests_us or pool.is_empty or chance.happens(plan.knobs.cover)
            lived = _covered(chance, term, chance.pick(users), start) if covers else None
            yield from lived or _session(chance, plan, term, pool, users[0], start)


def _starts(chance: Chance, plan: Plan, term: Term) -> Iterator[int]:
    """When an account's sessions begin: the first of all when a customer's would, the others at the campaign's rate."""
    if not term.is_new:
        yield from sessions(chance, term.from_us, term.to_us, plan.per_day / MEAN_TURNS, PEOPLE, term.desk.account.zone)
        return
    opened_us, zone = max(term.from_us, term.desk.account.account_created_us), term.desk.account.zone
    usual = _PROGRAM_SESSIONS if term.as_program else personal_rate(chance) / MEAN_TURNS
    first_us = next(sessions(chance, opened_us, term.to_us, usual, PEOPLE, zone), None)
    if first_us is not None:
        yield first_us
        yield from sessions(chance, first_us + 1, term.to_us, plan.per_day / MEAN_TURNS, PEOPLE, zone)


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
        if chance.happens(_NEXT_ITEM_SHARE) and not pool.is_empty:
            work = pool.take()
            said = work.text
        else:
            work = work.asked_on(talker.say_next(work.subject), talker.answer(work.subject))
            said = work.text
