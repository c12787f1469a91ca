"""What a scenario says about a campaign."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.world import facts
from stillwatch.world.hostile.ladder import Knobs


@dataclass(frozen=True, slots=True)
class Ban:
    """At `day` the provider bans the share `share` of the accounts then in use."""

    day: float
    share: float


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a slot: the slot's account of this number, opened then. `is_new`: it has not been used before."""

    number: int
    opened_us: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign: what it harvests, how it hides, how large it is, and what happens to it."""

    name: str
    objective: str
    level: str
    knobs: Knobs
    accounts: int
    per_day: float = facts.CAMPAIGN_PER_DAY
    """Exchanges an account and day."""
    start_day: float = 0.0
    pivot_share: float = facts.PIVOT_SHARE
    bans: tuple[Ban, ...] = ()
    replace_hours: float = 6.0
    """How long a banned account is missed until a fresh one takes over."""
    run: str = ""
    """A captured run of a real client whose bodies are sent in place of made-up ones."""
    end_day: float | None = None
    """When it ends; with the simulated days unless said."""
    leg: int = 0
    """Of a campaign that goes on under other plans: which part of it this is."""
    holders: tuple[Holder, ...] = ()
    """Who holds the slots of a leg, where that does not follow from bans."""

    @property
    def key(self) -> str:
        """What chance of this leg is named after."""
        return f"{self.name}, leg {self.leg}" if self.leg else self.name
