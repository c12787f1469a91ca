"""The campaign's accounts: slots of a scheduler, each held by one account until a ban; a fresh one follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

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


@dataclass(frozen=True, slots=True)
class Term:
    """One account's time in a slot: from its first use until it is banned or the days end."""

    desk: Desk
    from_us: int
    to_us: int


def terms(stage: Stage, plan: Plan, slot: int) -> list[Term]:
    """Who holds a slot, one after the other."""
    held, begins = [], stage.first_us + int(plan.start_day * DAY_US)
    for generation, ban_us in enumerate([*_bans(stage, plan, slot), stage.last_us]):
        if ban_us <= begins:
            continue
        held.append(Term(_desk(stage, plan, slot, generation, begins), begins, ban_us))
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


def _desk(stage: Stage, plan: Plan, slot: int, generation: int, begins_us: int) -> Desk:
    chance = stage.chance("fleet", plan.name, slot, generation)
    return Desk(_account(stage, plan, slot, generation, begins_us, chance), _setup(stage, plan, chance))


def _account(stage: Stage, plan: Plan, slot: int, generation: int, begins_us: int, chance: Chance) -> Account:
    """An account like anybody's, but for what the knobs leave out: shared address and card, opened in one go."""
    knobs = plan.knobs
    account = open_account(chance, stage, hosted=not knobs.residential)
    if knobs.per_address > 1:
        shared = _shared(stage, plan, "address", slot // knobs.per_address)
        account = replace(account, asn=shared.asn, country=shared.country, addresses=shared.addresses[:1])
    elif not knobs.residential and account.asn not in CLOUD_NETWORKS:
        rented = chance.pick(CLOUD_NETWORKS)
        account = replace(account, asn=rented, addresses=(address(chance, rented),))
    if knobs.per_card > 1:
        card = _shared(stage, plan, "card", generation, slot // knobs.per_card)
        account = replace(account, payment=card.payment)
    if generation == 0 and knobs.aged:
        return account
    age_days = chance.lognormal(facts.AGE_DAYS, facts.AGE_SIGMA) if knobs.aged else chance.uniform(0.5, 12.0)
    return replace(account, account_created_us=begins_us - int(age_days * DAY_US))


@cache
def _shared(stage: Stage, plan: Plan, what: str, *number: int) -> Account:
    return open_account(stage.chance(what, plan.name, *number), stage, hosted=not plan.knobs.residential)


def _setup(stage: Stage, plan: Plan, chance: Chance) -> Setup:
    needs_chat = any(name in OBJECTIVES[plan.objective].parameters for name in _NEED_CHAT)
    drawn = draw_setup(chance, stage)
    if not plan.knobs.random_clients or (needs_chat and drawn.dialect != "chat"):
        same = stage.chance("setup", plan.name) if not plan.knobs.random_clients else chance
        drawn = draw_setup(same, stage, kind=BY_NAME["openai-python-async" if same is not chance else "openai-node"])
    habits = drawn.parameters if plan.knobs.jitter else {}
    pivots = pivot_us(chance, stage, plan.pivot_share, plan.knobs.pivot_spread_hours)
    model = drawn.model if plan.knobs.random_clients else "sonata-2"
    return replace(drawn, parameters=habits, model=model, moves_us=min(pivots, adoption_us(chance, stage)))
