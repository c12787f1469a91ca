"""What an operator can change about a campaign under way, and what each way of going about it costs him.

He wants so many exchanges a day, whatever hides him: more cover then takes more accounts, and so does a slower pace.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from stillwatch.world.hostile.ladder import LEVELS, Knobs

# Prices in requests: what one request costs is 1. All chosen; only their order decides what is tried first.
ACCOUNT, OWN_CARD, OWN_ADDRESS, RESIDENTIAL, AGED = 40.0, 10.0, 5.0, 20.0, 40.0
REWORDING = 0.3  # an exchange: another model words the wrapper
SLOWEST, _THINNEST = 8, 0.75  # a pace of an eighth at most; no account with fewer exchanges a day
COVERS = (0.0, 0.3, 0.6, 0.8)
_WARM_UPS = (0.0, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Means:
    """How he goes about it. `per_account`: exchanges an account and day, cover included; `wanted`: harvest a day."""

    knobs: Knobs
    per_account: float
    wanted: float
    slowed: int = 1

    @property
    def accounts(self) -> int:
        """As many as his pace takes."""
        return max(1, math.ceil(self.wanted / self.slowed / (self.per_account * (1 - self.knobs.cover))))

    def price(self, days: float) -> float:
        """Of an exchange, over so many days; what he forgoes by being slow counts as paid for nothing."""
        knobs = self.knobs
        account = ACCOUNT + RESIDENTIAL * knobs.residential + AGED * knobs.aged
        account += OWN_CARD / knobs.per_card + OWN_ADDRESS / knobs.per_address
        harvest = self.wanted / self.slowed * days
        return self.slowed * (1 / (1 - knobs.cover) + REWORDING * knobs.paraphrase + account * self.accounts / harvest)


def _turned(**knobs: Any) -> Callable[[Means], Means]:
    return lambda means: replace(means, knobs=replace(means.knobs, **knobs))


def _next(steps: tuple[float, ...], knob: str) -> Callable[[Means], Means]:
    """The knob's next step; the last one stays. For what only people do: without their sessions nothing moves."""

    def move(means: Means) -> Means:
        larger = [step for step in steps if step > getattr(means.knobs, knob)]
        return _turned(**{knob: larger[0]})(means) if larger and means.knobs.sessions else means

    return move


def _spread(means: Means) -> Means:
    return replace(means, per_account=means.per_account / 2) if means.per_account / 2 >= _THINNEST else means


def _slow(means: Means) -> Means:
    half = replace(means, slowed=2 * means.slowed, per_account=means.per_account / 2)
    return half if half.slowed <= SLOWEST and half.per_account >= _THINNEST else means


MOVES: dict[str, Callable[[Means], Means]] = {
    "an address each": _turned(per_address=1),
    "a client program and parameters each": _turned(random_clients=True, jitter=True),
    "four accounts a card": lambda means: _turned(per_card=min(4, means.knobs.per_card))(means),
    "a card each": _turned(per_card=1),
    "fifty wordings": _turned(variants=50),
    "each request worded anew": _turned(paraphrase=True, bare_share=0.5),
    "only bare questions": _turned(paraphrase=True, bare_share=1.0),
    "people's sessions, homes and pasts": _turned(sessions=True, residential=True, aged=True, pivot_spread_hours=336.0),
    "twice the accounts, half as busy": _spread,
    "half the pace": _slow,
    "more cover": _next(COVERS, "cover"),
    "more days of ordinary use first": _next(_WARM_UPS, "warm_up_days"),
}
START = Means(LEVELS["E1"], per_account=12.0, wanted=240.0)
"""Twenty accounts behind one address, ten a card, with their tool's defaults."""
