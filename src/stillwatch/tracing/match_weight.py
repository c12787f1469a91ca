"""Match weights: how many bits two principals' agreement on an identifier is worth (Fellegi and Sunter).

A weight is log2(m / u): m is how often two accounts of one hand agree on a kind, u how often two strangers do. Agreeing
on a rare value is worth more than agreeing on a common one, so u is the value's term frequency, counted in units.

Identifiers that are issued to somebody (cards, keys, addresses) have a fixed scale: how many strangers hold one is a
fact about it, whatever the size of the log. Traits that people draw from few possibilities (the program, the day of
opening) go by the share of units that have them. So does a field that should identify and does not, such as one that
says "invoice" where a card's number should stand: there most units share their value (`term_frequency`).

Every m and least u below is chosen and not fitted; docs/decisions/0008-splink.md says why, and what fitting gave. Only
their order matters to a claim, since a unit's score is ranked among honest units' scores under the same weights.
Sources: Fellegi & Sunter (1969), JASA 64(328); term frequencies: Winkler (2000), Census RR 2000/05.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier.

    `m`: how often two accounts of one hand agree on it. `least_u`: what strangers' agreement is never rarer than, so
    that no kind weighs more than log2(m / least_u). `scale`: holders are divided by it; None for a trait.
    """

    name: str
    column: str  # of the sketch
    m: float
    least_u: float
    scale: int | None = None
    unknown: int = 0

    def u(self, holders: Ints, scale: int) -> Floats:
        """The chance that a stranger holds a value of so many holders; at most `m`."""
        return np.asarray(np.clip(holders / scale, self.least_u, self.m), np.float64)

    def agreement(self, holders: Ints, scale: int) -> Floats:
        """Bits of agreeing on a value, 0 or more: nobody is cleared by sharing something common."""
        return np.asarray(np.log2(self.m / self.u(holders, scale)), np.float64)


PAYMENT = Kind("payment", "payment", m=0.5, least_u=2e-4, scale=100_000)
"""Strangers do not pay with one card; employers, agencies and marketplaces pay for theirs. 11.3 bits for up to twenty
holders, 9 for 100, 5.6 for 1,000."""
API_KEY = Kind("api_key", "api_key", m=0.05, least_u=2e-5, scale=100_000)
"""Operators seldom need to share a key between accounts; strangers never do, but for leaks. 11.3 bits for two holders,
5.6 for 100."""
ADDRESS = Kind("address", "ip", m=0.25, least_u=0.01, scale=1_000)
"""Homes, offices, campuses and carriers put strangers behind one. 4.6 bits for ten holders, 2.6 for 40, 0 for 250."""
NETWORK = Kind("network", "network", m=0.15, least_u=0.01, scale=1_000)
"""The same /24 or /48, another address. 3.9 bits for ten holders, 1.6 for 50, 0 for 150: a large cloud's."""
CLIENT = Kind("client", "client", m=0.4, least_u=0.1)
"""A program has many users: 2 bits at most."""
CREATED = Kind("created", "account_created_day", m=0.3, least_u=0.075, unknown=-1)
"""Many open accounts on the day of a release or of a first lesson: 2 bits at most."""
MIXED = Kind("mixed", "mixed", m=0.4, least_u=0.1)
"""Both are used from many programs and networks inside one hour, as a proxy is, or a team: 2 bits at most."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Kinds of which the first that agrees counts, since agreeing on it implies the others."""

    name: str
    levels: tuple[Kind, ...]
    has_disagreement: bool = True

    @property
    def disagreement(self) -> float:
        """Bits of agreeing on none, though both are known; 0 or less, and little: hiding is cheap."""
        if not self.has_disagreement:
            return 0.0
        m, u = sum(kind.m for kind in self.levels), sum(kind.least_u for kind in self.levels)
        return float(np.log2((1.0 - m) / (1.0 - u)))


COMPARISONS = (
    Comparison("payment", (PAYMENT,)),
    Comparison("api_key", (API_KEY,)),
    Comparison("address", (ADDRESS, NETWORK)),
    Comparison("client", (CLIENT,)),
    Comparison("created", (CREATED,)),
    Comparison("mixed", (MIXED,), has_disagreement=False),
)
KINDS = tuple(kind for comparison in COMPARISONS for kind in comparison.levels)
SOLE = (PAYMENT, API_KEY)
"""Nobody shares these by being somebody's neighbour."""
LINKING = (*SOLE, ADDRESS, NETWORK, MIXED)
"""Two units are compared if they agree on one of these; what they only draw alike (program, day) merely adds to it."""
