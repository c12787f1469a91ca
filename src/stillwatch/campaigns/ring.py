"""A ring: a candidate set of accounts with everything that the families measured about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from stillwatch.campaigns.families import COMPLEMENTARITY, INFRASTRUCTURE
from stillwatch.stats.permutation import Repeats
from stillwatch.tracing.complementarity import Complementarity
from stillwatch.tracing.infrastructure import Shared

_NOTHING_MEASURED = Complementarity(0, 0, 0.0, 0.0, 0.0, Repeats(0, 0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Ring:
    """What is known about one candidate before anybody judges it.

    `units` counts organisations (accounts where the log names none). `carried` is the number of exchanges with the
    shared skeleton, out of `exchanges` that the accounts sent in all. `common_units` is how many organisations of the
    benign reference use the skeleton, beside `reference_units` in it.
    """

    accounts: int
    units: int
    exchanges: int
    carried: int
    templates: int
    values: int
    typical_agreement: float  # median number of skeleton values an account of the ring has
    stratum: str
    intents: Mapping[int, float]  # intent bit to its share of the carried exchanges
    tool_turns: float  # share of the carried exchanges with tool results
    common_units: int
    reference_units: int
    complementarity: Complementarity
    shared: tuple[Shared, ...]
    says_it_rarely: bool = False  # set apart from others who carry the skeleton far more often
    tools: float = 0.0  # share of the carried exchanges that give the model tools
    own_settings: float = 0.0  # share of the units whose wrapper says something of their own in nearly every request

    def heard(self, families: Collection[str]) -> Ring:
        """As it looks to who hears only these families. Without complementarity too little was seen to tell."""
        ring = self
        if COMPLEMENTARITY not in families:
            ring = replace(ring, complementarity=_NOTHING_MEASURED)
        return ring if INFRASTRUCTURE in families else replace(ring, shared=())

    @property
    def cover_share(self) -> float:
        """Share of the accounts' exchanges that do not carry the skeleton."""
        return 1.0 - self.carried / self.exchanges if self.exchanges else 0.0

    @property
    def has_wrapper(self) -> bool:
        """Whether words link it; else only what it asks about."""
        return self.values > 0

    @property
    def shares_infrastructure(self) -> bool:
        """Strangers pay with one card. A common address is not enough: universities and offices have one."""
        return any(kind.is_strong and kind.kind == "payment" for kind in self.shared)

    @property
    def knows_addresses(self) -> bool:
        """Whether most units have a known address: where the log names none, a campus cannot show."""
        return any(kind.kind == "ip" and kind.known >= self.units / 2 for kind in self.shared)

    @property
    def shares_address(self) -> bool:
        return any(kind.is_strong and kind.kind == "ip" for kind in self.shared)
