"""What the evaluation asks of a detector, and what a detector answers.

A detector learns once from the benign log and then looks at growing prefixes of the traffic. It never sees the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from stillwatch.errors import StillwatchError
from stillwatch.evaluation.world import World

Tier = Literal["act", "campaign", "watch"]
"""How far an entry goes: evidence to act on, a finding for people, something to keep an eye on."""


class Entry(msgspec.Struct, frozen=True):
    """A set of accounts that a detector says belong together."""

    accounts: tuple[str, ...]
    tier: Tier


class Look(msgspec.Struct, frozen=True):
    """What a detector says of the traffic up to the end of `day`.

    `scores`: larger is more suspicious. `acted`: accounts that its own rule at a false-discovery rate of 1 % acts on.
    `benign_scores`: of the benign accounts that set its threshold, never of those that it was trained on.
    """

    day: int
    scores: dict[str, float]
    acted: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    benign_scores: tuple[float, ...] = ()
    log_e: dict[str, float] = {}  # of accounts, where the detector has e-values
    tested: int = 0  # hypotheses of the false-discovery rule, also those that became no entry
    note: str = ""  # what a reader must know of how it ran
    without: dict[str, tuple[Entry, ...]] = {}  # the entries of hunts that left out one evidence family, by family

    def without_scores(self) -> Look:
        """As it is kept of all looks but the last: who was acted on, and the entries."""
        return Look(self.day, {}, self.acted, self.entries, tested=self.tested, note=self.note)


Watch = Callable[[int], Look]
"""Called with a day, ascending: looks at the traffic up to its end."""


class Detector(Protocol):
    """One detector. `idea` is a sentence that names its source; `has_rings`: it groups accounts.
    `has_e_values`: its claims are e-values, by family."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def idea(self) -> str: ...

    @property
    def has_rings(self) -> bool: ...

    @property
    def has_e_values(self) -> bool: ...

    def learned(self, world: World) -> Watch:
        """Learn from the world's benign log. Raises `NotRun` where that cannot be done here."""
        ...


class NotRun(StillwatchError):
    """A detector cannot be run on this world or in this installation; the report says why instead of a figure."""
