"""An operator who learns: a campaign in legs, each with means of its own, and accounts that stay or are replaced.

What tells him which knob to turn is not here: he is asked for his options, and told which of his accounts are lost.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from stillwatch.world.hostile.campaign import campaign
from stillwatch.world.hostile.fleet import terms
from stillwatch.world.hostile.means import MOVES, START, Means
from stillwatch.world.hostile.plan import Holder, Plan
from stillwatch.world.hostile.pool import Pool
from stillwatch.world.sent import Sent
from stillwatch.world.stage import DAY_US, Stage

_OF_AN_ACCOUNT = ("per_address", "per_card", "residential", "random_clients", "jitter", "aged", "relay")
"""Knobs that belong to an account from its first day: after turning them, all accounts are new ones."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A campaign under way. `fleet`: who holds the slots of this leg; `opened`, `dealt`: accounts and items so far."""

    name: str
    objective: str
    means: Means = START
    fleet: tuple[Holder, ...] = ()
    opened: int = 0
    dealt: int = 0
    leg: int = 0

    def options(self, days: float, most: float) -> list[tuple[str, Means]]:
        """What he could change next, the cheapest first, none of it dearer than `most` an exchange for these days."""
        moved = {name: move(self.means) for name, move in MOVES.items()}
        able = [(name, means) for name, means in moved.items() if means != self.means and means.price(days) <= most]
        return sorted(able, key=lambda option: (option[1].price(days), option[0]))

    def prepared(self, stage: Stage, day: float, means: Means, lost: Collection[str]) -> Operator:
        """Ready for the next leg, which begins on `day`: fresh accounts in the place of those that are lost.

        Where the new means are an account's from its first day on, nobody is kept.
        """
        same = all(getattr(self.means.knobs, knob) == getattr(means.knobs, knob) for knob in _OF_AN_ACCOUNT)
        kept = {
            slot: replace(one, is_new=False)
            for slot, (one, name) in enumerate(zip(self.fleet, self.accounts(stage), strict=True))
            if same and name not in lost
        }
        fresh = Holder(self.leg + 1, stage.first_us + int(day * DAY_US), True)
        fleet = tuple(kept.get(slot, fresh) for slot in range(means.accounts))
        opened = self.opened + sum(one.is_new for one in fleet)
        return replace(self, means=means, fleet=fleet, opened=opened, leg=self.leg + 1)

    def accounts(self, stage: Stage) -> list[str]:
        """The names of the fleet's accounts, by slot."""
        plan = self._plan(0, stage.days)
        return [terms(stage, plan, slot)[0].desk.account.account for slot in range(len(self.fleet))]

    def sent(self, stage: Stage, day: float, days: float) -> tuple[list[Sent], Operator]:
        """What this leg sends from `day` on, by time, and the operator after it."""
        plan = self._plan(day, days)
        pool = Pool(stage, plan, first=self.dealt)
        sent = list(campaign(stage, plan, pool))
        return sent, replace(self, dealt=pool.dealt)

    def _plan(self, day: float, days: float) -> Plan:
        return Plan(
            name=self.name,
            objective=self.objective,
            level="",
            knobs=self.means.knobs,
            accounts=len(self.fleet),
            per_day=self.means.per_account,
            start_day=day,
            end_day=day + days,
            leg=self.leg,
            holders=self.fleet,
        )
