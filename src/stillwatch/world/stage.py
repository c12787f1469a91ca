"""The stage: which days are simulated, when the new model comes out, and where chance comes from."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.world.chance import Chance

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 1_788_739_200_000_000  # Monday, 7 September 2026, 00:00 UTC: the first day of every scenario's traffic


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of days. `era` tells the hunted traffic from the calibration log before it."""

    scenario: str
    seed: int
    era: str
    first_us: int
    days: int
    release_us: int
    """When the new model comes out; after `last_us` where it does not."""

    @property
    def last_us(self) -> int:
        """The end of the last day."""
        return self.first_us + self.days * DAY_US

    def chance(self, *name: object) -> Chance:
        """Chance of this era only: other accounts, subjects, organisations than in the other era."""
        return Chance(self.scenario, self.seed, self.era, *name)

    def public(self, *name: object) -> Chance:
        """Chance of what the whole world shares: published tools, question sets, assignments."""
        return Chance(self.scenario, self.seed, "public", *name)
