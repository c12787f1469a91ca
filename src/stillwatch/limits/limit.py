"""What a limit says: who is held to how much of what in how long.

A limit is a rate and a tolerance. `Limit(ACCOUNT, REQUESTS, quantity=600, window_seconds=60)` lets an account that was
quiet send 600 requests at once, and then one every tenth of a second: in any 60 seconds at most `burst + quantity`.
With `burst=1` requests must come evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.errors import UsageError

NANOSECONDS = 1_000_000_000
LONGEST_WINDOW_SECONDS = 366 * 86_400
"""A year. Chosen: nobody can say in which year a longer budget would be used up."""
LARGEST_QUANTITY = 10**15
"""Chosen: tokens of all customers of the largest provider in a month are fewer."""


class Level(StrEnum):
    """Whom a limit binds, from the narrowest to the widest."""

    KEY = "key"
    ACCOUNT = "account"
    ORGANIZATION = "organization"
    PAYMENT = "payment"
    NETWORK = "network"
    CAMPAIGN = "campaign"


class Measure(StrEnum):
    """What is counted. `NEW_INFORMATION` is topic cells that an account had not asked about that day (`observing`)."""

    REQUESTS = "requests"
    INPUT_TOKENS = "input_tokens"
    OUTPUT_TOKENS = "output_tokens"
    NEW_INFORMATION = "new_information"
    CONCURRENT = "concurrent"


HIDDEN_LEVELS = frozenset({Level.CAMPAIGN, Level.NETWORK, Level.PAYMENT})
"""Levels of which a client learns nothing: who sees the limit of a campaign sees who else is in it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quantity` of a measure in `window_seconds`, and at most `burst` at once (`quantity` if not said).

    `CONCURRENT` has no window: at most `quantity` requests are open at a time. With `is_hard`, which only output tokens
    can be, an answer is cut where nothing is left; otherwise what it overdraws is owed. Raises `UsageError` for a limit
    that nobody can keep or that nobody can mean.
    """

    level: Level
    measure: Measure
    quantity: int
    window_seconds: int = 60
    burst: int | None = None
    is_hard: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.quantity <= LARGEST_QUANTITY:
            raise UsageError(f"{self} allows {self.quantity}", f"Allow 1 to {LARGEST_QUANTITY}; to allow nothing, deny")
        if not 0 < self.window_seconds <= LONGEST_WINDOW_SECONDS:
            raise UsageError(f"the window of {self} is {self.window_seconds} s", f"Say 1 to {LONGEST_WINDOW_SECONDS}")
        if self.burst is not None and not 0 < self.burst <= LARGEST_QUANTITY:
            raise UsageError(f"the burst of {self} is {self.burst}", "Say at least 1, or leave it out")
        if self.is_hard and self.measure is not Measure.OUTPUT_TOKENS:
            raise UsageError(
                f"{self} is hard", "Only an answer can be cut: say hard for output_tokens, or leave it out"
            )

    def __str__(self) -> str:
        return f"the limit of {self.measure} per {self.level}"

    @property
    def most_at_once(self) -> int:
        """The largest cost that this limit can ever admit."""
        return self.quantity if self.burst is None or self.measure is Measure.CONCURRENT else self.burst

    @property
    def window_ns(self) -> int:
        return self.window_seconds * NANOSECONDS

    @property
    def is_hidden(self) -> bool:
        """May a client be told of it?"""
        return self.level in HIDDEN_LEVELS
