"""The campaign's accounts: slots of a scheduler, each held by one account until a ban; a fresh one follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from stillwatch.world import facts
from stillwatch.world.account import CLOUD_NETWORKS, Account, address, open_account
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk
from stillwatch.world.hostile.objectives import OBJECTIVES
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.stage import DAY_US, HOUR_US, Stage
from stillwatch.world.wire.clients import BY_NAME
from stillwatch.world.wire.setup import Setup, adoption_us, draw_setup, pivot_us

_NEED_CHAT = ("logprobs", "logit_bias", "tools")  # parameters that only OpenAI's dialect carries here


_PROGRAM_SHARE = 0.25  # chosen: accounts that look like a small program's, about as many as among customers


@dataclass(frozen=True, slots=True)
class Term:
    """One account's time in a slot: from its first use until it is banned or the days end."""

    desk: Desk
    from_us: int
    to_us: int
    as_program: bool
    """Whether the account looks like a program's, which is used from the day it is opened."""
    is_new: bool = True
    """Whether it has not been used before."""


def begins_us(stage: Stage, plan: Plan) -> int:
    """When a campaign, or a leg of it, begins."""
    return stage.first_us + int(plan.start_day * DAY_US)


def ends_us(stage: Stage, plan: Plan) -> int:
    """When it ends."""
    return stage.last_us if plan.end_day is None else min(stage.last_us, stage.first_us + int(plan.end_day * DAY_US))


def terms(stage: Stage, plan: Plan, slot: int) -> list[Term]:
    """Who holds a slot, one after the other."""
    begins, ends = begins_us(stage, plan), ends_us(stage, plan)
    if plan.holders:
        one = plan.holders[slot]
        desk, as_program = _opened(stage, _Start(plan, slot, one.number, one.opened_us))
        return [Term(desk, begins, ends, as_program, one.is_new)]
    held = []
    for generation, ban_us in enumerate([*_bans(stage, plan, slot), ends]):
        if ban_us <= begins:
            continue
        desk, as_program = _opened(stage, _Start(plan, slot, generation, begins))
        held.append(Term(desk, begins, min(ban_us, ends), as_program))
        delay = stage.chance("delay", plan.name, slot, generation).uniform(0.7, 1.3) * plan.replace_hours
        begins = ban_us + int(delay * HOUR_US)
    return held


def _bans(stage: Stage, plan: Plan, slot: int) -> list[int]:
    """When this slot's accounts are banned: the provider strikes, some minutes apart."""
    struck = []
    for number, ban in enumerate(sorted(plan.bans, key=lambda b: b.day)):
        chance = stage.chance("ban", plan.name, slot, number)
        if chance.happens(ban.share):
            struck.append(stage.first_us + int(ban.day * DAY_US) + chance.below(HOUR_US))
    return struck


class _Start(NamedTuple):
    """The start of an account's time in a slot."""

    plan: Plan
    slot: int
    generation: int
    begins_us: int


def _opened(stage: Stage, start: _Start) -> tuple[Desk, bool]:
    """The desk of a slot's account, and whether it looks like a program's."""
    chance = stage.chance("fleet", start.plan.name, start.slot, start.generation)
    as_program = start.plan.knobs.residential and chance.happens(_PROGRAM_SHARE)
    account = open_account(chance, stage, hosted=as_program or not start.plan.knobs.residential)
    return Desk(_disguised(account, stage, start, chance), _setup(stage, start.plan, chance, as_program)), as_program


def _disguised(account: Account, stage: Stage, start: _Start, chance: Chance) -> Account:
    """An account like anybody's, but for what the knobs leave out: shared address and card, opened in one go."""
    plan, knobs = start.plan, start.plan.knobs
    if knobs.per_address > 1:
        shared = _shared(stage, plan, "address", start.slot // knobs.per_address)
        account = replace(account, asn=shared.asn, country=shared.country, addresses=shared.addresses[:1])
    elif not knobs.residential and account.asn not in CLOUD_NETWORKS:
        rented = chance.pick(CLOUD_NETWORKS)
        account = replace(account, asn=rented, addresses=(address(chance, rented),))
    if knobs.per_card > 1:
        card = _shared(stage, plan, "card", start.generation, start.slot // knobs.per_card)
        account = replace(account, payment=card.payment)
    if start.generation == 0 and knobs.aged:
        return account
    age_days = chance.lognormal(facts.AGE_DAYS, facts.AGE_SIGMA) if knobs.aged else chance.uniform(0.5, 12.0)
    return replace(account, account_created_us=start.begins_us - int(age_days * DAY_US))


@cache
def _shared(stage: Stage, plan: Plan, what: str, *number: int) -> Account:
    return open_account(stage.chance(what, plan.name, *number), stage, hosted=not plan.knobs.residential)


def _setup(stage: Stage, plan: Plan, chance: Chance, program: bool) -> Setup:
    needs_chat = any(name in OBJECTIVES[plan.objective].parameters for name in _NEED_CHAT)
    drawn = draw_setup(chance, stage, program=program)
    if not plan.knobs.random_clients or (needs_chat and drawn.dialect != "chat"):
        same = stage.chance("setup", plan.name) if not plan.knobs.random_clients else chance
        drawn = draw_setup(same, stage, kind=BY_NAME["openai-python-async" if same is not chance else "openai-node"])
    habits = drawn.parameters if plan.knobs.jitter else {}
    pivots = pivot_us(chance, stage, plan.pivot_share, plan.knobs.pivot_spread_hours)
    model = drawn.model if plan.knobs.random_clients else "sonata-2"
    return replace(drawn, parameters=habits, model=model, moves_us=min(pivots, adoption_us(chance, stage)))
